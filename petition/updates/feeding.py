"""Hands a mailing to the outbox at the pace that the settings allow, domain by domain, in transactions that are whole or never were."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from petition import i18n, outbox
from petition.audit import PLATFORM
from petition.config import Config
from petition.db import reading, serialise, transaction
from petition.errors import Busy, PetitionError
from petition.letters import text
from petition.letters.models import Letter
from petition.outbox import pace
from petition.outbox.models import OutboxMail
from petition.outbox.preparing import Verdict, guards
from petition.signatures.models import Signature
from petition.signatures.operations import letter_values
from petition.updates import followers, mailing
from petition.updates.models import UNFINISHED, Follower, Mailing, MailingRecipient, Update

log = logging.getLogger(__name__)

FAULTS = (PetitionError, SQLAlchemyError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
CHUNK = 100  # mails handed over in one transaction
MINUTE = timedelta(minutes=1)
PAUSE = timedelta(minutes=15)  # after which a last call that waits for the end of a pause looks again
LIFETIME = timedelta(days=3)  # for which one mail is tried
LARGE = 12  # domains with the most mailboxes, which are served first since they take longest

_WANTS = (Signature.updates, Signature.email.is_not(None), Signature.state == "published")

Wanted = tuple[str, str]  # the address and language of somebody who wants news


def work(config: Config, now: datetime) -> int:
    """Take every unfinished mailing one step further: how many mailboxes were gathered or mails queued. Raises Busy."""
    done = 0
    for number in _unfinished():
        try:
            done += _step(number, config, now)
        except Busy:
            raise
        except FAULTS as error:  # the other mail must go on
            log.error("mailing %d: a step failed and is tried again: %s", number, type(error).__name__)
    return done


def _unfinished() -> list[int]:
    with reading() as session:
        return list(session.scalars(select(Mailing.id).where(Mailing.state.in_(UNFINISHED)).order_by(Mailing.id)))


def _step(number: int, config: Config, now: datetime) -> int:
    large = _large(number)
    with transaction() as session:
        serialise(session, "mailing")  # the pace is one for all mailings and all workers
        found = session.get_one(Mailing, number, populate_existing=True, with_for_update=True)
        if found.state not in UNFINISHED:
            return 0
        if _is_off(found):
            mailing.halt(session, found, PLATFORM, now)
            return 0
        if found.state == "gathering":
            return int(mailing.gather(session, found)) or 1
        return _feed(session, found, large, config, now)


def _large(number: int) -> list[str]:
    """The domains where most of a mailing's mailboxes wait; read before the writers' turn is taken."""
    waiting = select(MailingRecipient.domain).where(MailingRecipient.mailing_id == number, MailingRecipient.fed_at.is_(None))
    with reading() as session:
        return list(session.scalars(waiting.group_by(MailingRecipient.domain).order_by(func.count().desc()).limit(LARGE)))


def _is_off(found: Mailing) -> bool:
    return found.update is not None and found.update.state != "published"


def _feed(session: Session, found: Mailing, large: list[str], config: Config, now: datetime) -> int:
    """Queue the next mails, as many as there is room for."""
    calls, state = found.kind == "last_call", found.letter.state(now)
    late = now >= found.expires_at or (calls and state == "closed")
    if late and (gone := _let_go(session, found, now)):
        return gone
    if calls and state != "open" and not late:
        return 0  # paused: it goes on when the letter does
    used = _used(session, now) + pace.lately(session, now, besides="news:")  # and reminders, and what asks for a new version
    # What a mail server does not take piles up here, at most for a minute, and not in the outbox.
    room = min(CHUNK, config.mail_rate - used.total(), config.mail_rate - outbox.waiting_in_bulk(session, untried=True))
    rows = list(_next(session, found, large, room, used, config.mail_domain_rate)) if room > 0 else []
    if not rows:
        if not large and not outbox.waiting_in_bulk(session, found.scope):
            mailing.finish(session, found, now)
        return 0
    _hand_over(session, found, rows, config, now)
    mine = update(MailingRecipient).where(MailingRecipient.mailing_id == found.id)
    session.execute(mine.where(MailingRecipient.fingerprint.in_([each.fingerprint for each in rows])).values(fed_at=now))
    found.fed += len(rows)
    return len(rows)


def _let_go(session: Session, found: Mailing, now: datetime) -> int:
    """Leave those out for whom it would come too late: how many."""
    late = delete(MailingRecipient).where(MailingRecipient.mailing_id == found.id, MailingRecipient.fed_at.is_(None))
    gone: int = session.execute(late).rowcount  # type: ignore[attr-defined]
    found.fed += gone
    return gone


def _used(session: Session, now: datetime) -> Counter[str]:
    """How many of the last minute went to each domain."""
    lately = (MailingRecipient.fed_at > now - MINUTE) & (MailingRecipient.fed_at <= now)
    query = select(MailingRecipient.domain, func.count()).where(lately).group_by(MailingRecipient.domain)
    return Counter({domain: number for domain, number in session.execute(query)})


def _next(session: Session, found: Mailing, large: list[str], room: int, used: Counter[str], rate: int) -> Iterator[MailingRecipient]:
    """The next mailboxes: half of the room for the large domains, the rest for the others, and what is left for whoever can."""
    taken: set[str] = set()
    for domains, share in ((iter(large), (room + 1) // 2), (_others(session, found, large), room), (iter(large), room)):
        for domain in domains:
            left = min(share - len(taken), rate - used[domain])
            if share <= len(taken):
                break
            for each in _waiting(session, found, domain, left, taken):
                taken.add(each.fingerprint)
                used[domain] += 1
                yield each


def _waiting(session: Session, found: Mailing, domain: str, limit: int, taken: set[str]) -> list[MailingRecipient]:
    if limit <= 0:
        return []
    query = select(MailingRecipient).where(
        MailingRecipient.mailing_id == found.id, MailingRecipient.fed_at.is_(None), MailingRecipient.domain == domain
    )
    rows = session.scalars(query.order_by(MailingRecipient.fingerprint).limit(limit + len(taken)))
    return [each for each in rows if each.fingerprint not in taken][:limit]


def _others(session: Session, found: Mailing, large: list[str]) -> Iterator[str]:
    """The other domains where somebody waits, one after the other, each found by one step in the index."""
    last = ""
    while True:
        query = select(func.min(MailingRecipient.domain)).where(
            MailingRecipient.mailing_id == found.id, MailingRecipient.fed_at.is_(None), MailingRecipient.domain > last
        )
        following = session.scalar(query)
        if following is None:
            return
        last = following
        if last not in large:
            yield last


def _hand_over(session: Session, found: Mailing, rows: list[MailingRecipient], config: Config, now: datetime) -> None:
    """Queue a mail to each of these who still wants it; the address is read now, where its holder left it."""
    people = _reached(session, rows)
    said: dict[str, dict[str, Any]] = {}
    lifetime = max(min(now + LIFETIME, found.expires_at) - now, MINUTE) if found.kind == "last_call" else LIFETIME
    for each in rows:
        who = people.get((each.source, each.source_id))
        if who is None:
            continue
        address, language = who[0], who[1] if who[1] in i18n.SHIPPED else config.languages[0]
        if language not in said:
            said[language] = _values(found, language, config)
        values = said[language] | _of(found, each, language, config)
        outbox.queue(
            session, found.kind, to=address, fingerprint=each.fingerprint, language=language, values=values, scope=found.scope, now=now,
            lifetime=lifetime, bulk=True,
        )  # fmt: skip


def _reached(session: Session, rows: list[MailingRecipient]) -> dict[tuple[str, int], Wanted]:
    """The address and language of those who want news at this moment, by where they stand."""
    signed = [each.source_id for each in rows if each.source == "signature"]
    following = [each.source_id for each in rows if each.source == "follower"]
    people = select(Signature.id, Signature.email, Signature.language).where(Signature.id.in_(signed), *_WANTS)
    readers = select(Follower.id, Follower.email, Follower.language).where(Follower.id.in_(following))
    found: dict[tuple[str, int], Wanted] = {("signature", number): (str(to), spoken) for number, to, spoken in session.execute(people)}
    return found | {("follower", number): (to, spoken) for number, to, spoken in session.execute(readers)}


def _values(found: Mailing, language: str, config: Config) -> dict[str, Any]:
    """What a mailing says in a language; of a protected letter nothing."""
    letter = found.letter
    return letter_values(letter, language, config) | said(found, language, config) | {"mailing": found.id}


def said(found: Mailing, language: str, config: Config) -> dict[str, Any]:
    """What is written in it."""
    letter = found.letter
    if letter.protected:
        return {"letter_address": ""}
    before = f"{config.base_url}{followers.prefix(letter, language, config)}/letters/{letter.slug}"
    if found.update is None:
        closes = letter.closes.date() if letter.closes is not None else None
        return {"letter_address": before, "closes": i18n.format_day(closes, language) if closes is not None else ""}
    words = found.update.words(language)
    return {
        "letter_address": before, "title": words.title, "body": words.body, "body_html": text.to_html(words.body),
        "body_language": words.language, "body_direction": i18n.direction(words.language),
        "update_address": f"{before}/updates/{found.update.number}" if found.update.number else f"{before}/updates",
    }  # fmt: skip


def _of(found: Mailing, each: MailingRecipient, language: str, config: Config) -> dict[str, Any]:
    """What differs from mailbox to mailbox."""
    token = followers.token(found.letter_id, each.fingerprint, config)
    link = f"{config.base_url}{followers.prefix(found.letter, language, config)}/subscription/{token}"
    return {"unsubscribe": link, "signed": each.source == "signature", "source": each.source, "source_id": each.source_id}


def _question(person: Any) -> Any:
    """Two small questions in one, put together once: this is asked for every mail of a mailing."""
    runs = select(Mailing.id).outerjoin(Mailing.update).where(
        Mailing.id == bindparam("mailing"), Mailing.state.in_(UNFINISHED), or_(Mailing.update_id.is_(None), Update.state == "published")
    )  # fmt: skip
    return select(and_(runs.exists(), person.exists()))


_QUESTIONS = {
    "signature": _question(select(Signature.id).where(Signature.id == bindparam("number"), *_WANTS)),
    "follower": _question(select(Follower.id).where(Follower.id == bindparam("number"))),
}


@guards("update")
@guards("last_call")
def _still_wanted(session: Session, mail: OutboxMail, now: datetime) -> Verdict:
    """Whether the mailing still runs and its recipient still wants it, at the moment it is sent."""
    values = mail.values or {}
    asked = {"mailing": values["mailing"], "number": values["source_id"]}
    if not session.scalar(_QUESTIONS[values["source"]], asked):
        return False
    return mail.message != "last_call" or _is_in_time(session, int(values["mailing"]), mail, now)


def _is_in_time(session: Session, number: int, mail: OutboxMail, now: datetime) -> Verdict:
    """Whether a last call still says what is so: the letter is open, or will be after a pause, and its reader has not signed."""
    letter = session.scalars(select(Letter).join(Mailing).where(Mailing.id == number).execution_options(populate_existing=True)).one()
    signed = select(mailing.has_signed(letter.id, mail.recipient_fingerprint))
    if session.scalar(signed):
        return False
    return PAUSE if letter.state(now) == "paused" else letter.state(now) == "open"
