"""A new version is signed anew: those who signed an earlier one are asked by mail, and their link lets them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from petition import audit, outbox
from petition.audit import Actor
from petition.config import Config
from petition.db import db, reading, transaction
from petition.errors import N_, Conflict, LetterChanged, LetterNotOpen, LinkNotValid
from petition.letters.models import Letter, LetterVersion
from petition.letters.operations import text_shown
from petition.outbox.models import OutboxMail
from petition.outbox.pace import Pace, measure
from petition.outbox.preparing import Verdict, guards
from petition.signatures import consent, tokens, transitions
from petition.signatures.models import Signature
from petition.signatures.operations import claim, letter_values, put_on_record

CHUNK = 200  # signatures asked in one transaction, at most
EVERY = 10  # seconds between two chunks of a worker, each of which leaves room in the pace for mailings
PAUSE = timedelta(minutes=15)  # after which a mail that waits for the end of a pause looks again
MOST_COUNTED = 1_000
LIFETIME = timedelta(days=14)  # of the mail; the link lasts as long as the signature


class AskedAlready(Conflict):
    """Everybody who signed an earlier version was asked about this one."""

    code = "asked_already"
    message = N_("Those who signed an earlier version were asked already.")


@dataclass(frozen=True)
class Earlier:
    """Signatures under earlier versions whose holders left an address, and when they were asked about the current one."""

    reachable: int
    asked_at: datetime | None


def earlier(letter: Letter) -> Earlier:
    """Who could be asked to sign the current version, counted to one above MOST_COUNTED at most."""
    some = select(Signature.id).where(*_under_earlier(letter.id, letter.version.major)).limit(MOST_COUNTED + 1)
    wanted = select(func.count()).select_from(some.subquery())
    current = _newest(letter)
    return Earlier(db.session.scalar(wanted) or 0, current.asked_at)


def ask(letter: Letter, *, actor: Actor, now: datetime) -> None:
    """Have everybody who signed an earlier version and left an address asked by mail; raises AskedAlready, LetterNotOpen."""
    with transaction() as session:
        session.refresh(letter, with_for_update=True)
        if not letter.is_signable(now):
            raise LetterNotOpen
        current = _newest(letter)
        if current.asked_at is not None:
            raise AskedAlready
        current.asked_at, current.asked_until = now, 0
        audit.record(
            session, at=now, actor=actor, action="letter.asked_again", thing=("letter", letter.id), team_id=letter.team_id,
            version=current.label,
        )  # fmt: skip


def work(config: Config, *, clock: Callable[[], datetime], stop: threading.Event | None = None) -> bool:
    """Queue the next mails that ask; False when there is nothing to ask, or no room in the pace of all mail in bulk. Raises Busy."""
    # While a letter is paused the asking waits, and goes on where it was.
    begun = select(LetterVersion.id).join(Letter).where(LetterVersion.asked_until.is_not(None), Letter.status != "paused")
    with reading() as session:
        waiting = session.scalar(begun.limit(1))
    if waiting is None or (stop is not None and stop.is_set()):
        return False
    with transaction() as session:
        now = clock()
        pace = measure(session, config, now)  # first of all, as whoever feeds mailings does
        version = session.get_one(LetterVersion, waiting, with_for_update=True, populate_existing=True)
        before = version.asked_until
        if before is not None and pace.room > 0:
            version.asked_until = _ask_some(session, version, pace, config, now)
        return version.asked_until != before


def _ask_some(session: Session, version: LetterVersion, pace: Pace, config: Config, now: datetime) -> int | None:
    """Ask the next ones in the order of their numbers: how far that came, or None at the end.

    The mails and the mark move in one transaction, so nobody is asked twice, whatever is killed in between.
    """
    letter = version.letter
    if version.asked_until is None or not letter.is_signable(now) or _newest(letter).major != version.major:
        return None
    rows = select(Signature).where(*_under_earlier(letter.id, version.major), Signature.id > version.asked_until)
    most = max(1, min(CHUNK, pace.room, config.mail_rate * EVERY // 60))
    found = list(session.scalars(rows.order_by(Signature.id).limit(most)))
    reached = version.asked_until
    for each in found:
        if not pace.takes(each.email or ""):
            return reached  # those after it wait as well, for the mark is one number
        if _mail(session, each, config, now):
            pace.take(each.email or "")
        reached = each.id
    return reached if len(found) == most else None


def _mail(session: Session, signature: Signature, config: Config, now: datetime) -> bool:
    values = letter_values(signature.letter, signature.language, config)
    values["token"] = tokens.issue(session, "renew", leads_to=signature, expires_at=None)
    return outbox.queue(
        session, "renew", to=signature.email or "", fingerprint=signature.address_fingerprint or "", language=signature.language,
        values=values, scope=f"renew:{signature.letter_id}", now=now, lifetime=LIFETIME, bulk=True,
    )  # fmt: skip


@guards("renew")
def _still_earlier(session: Session, mail: OutboxMail, now: datetime) -> Verdict:
    """Whether the signature still stands under an earlier version and could be renewed, now or when a pause is over."""
    try:
        signature = tokens.follow(session, str((mail.values or {}).get("token", "")), now).signature
    except LinkNotValid:
        return False
    if signature is None or signature.state not in ("published", "held") or signature.email is None:
        return False
    if signature.major >= signature.letter.version.major:
        return False
    return PAUSE if signature.letter.state(now) == "paused" else signature.letter.is_signable(now)


def renew(token: str, *, text: str, language: str, now: datetime) -> str:
    """Let a signature stand under the current version, whose text the page showed; 'renewed', or 'standing' if it does.

    `text` is the beginning of the shown text's fingerprint. Raises LinkNotValid, LetterNotOpen, and LetterChanged when the
    words are others by now.
    """
    with transaction() as session:
        signature = claim(session, token, now).signature
        if signature is None or signature.state not in ("published", "held"):
            raise LinkNotValid
        letter = signature.letter
        if not letter.is_signable(now):
            raise LetterNotOpen
        shown = text_shown(letter, language)
        if not text or not shown.fingerprint.startswith(text):
            raise LetterChanged
        if signature.major >= letter.version.major:
            return "standing"
        agreed = consent.record(session, letter, language).id
        put_on_record(session, signature, {"text_id": shown.id}, now)
        renewed = {"major": shown.version.major, "text": shown, "consent_id": agreed, "language": language}
        transitions.reshape(session, signature, renewed, now=now)
        return "renewed"


def _under_earlier(letter_id: int, major: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Signature.letter_id == letter_id, Signature.state.in_(("published", "held")), Signature.major < major,
        Signature.email.is_not(None),
    )  # fmt: skip


def _newest(letter: Letter) -> LetterVersion:
    """The first state of the current version, which its corrections do not ask about again."""
    return next(each for each in letter.versions if each.major == letter.version.major)
