"""The digest of what happened under a member's letters, mailed once a day or week to those who want it."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, literal_column, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from petition import addresses, i18n, outbox
from petition.accounts import Member, notices
from petition.accounts.notices import Digest
from petition.config import Config
from petition.db import db, transaction
from petition.errors import Busy
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation.sweeping import FAULTS
from petition.outbox import tally
from petition.signatures import series
from petition.signatures.models import DayTally, Report, Signature, Tally
from petition.signatures.operations import letter_values

log = logging.getLogger(__name__)

HOUR = 7  # UTC, from which the digests of the day before, or of the week that ended the day before, are sent
DAY = timedelta(days=1)
LONGEST = {"daily": 7, "weekly": 31}  # days that one digest tells of, when none could be sent for a while
LOST = ("failed", "dropped", "bounced")


def send(config: Config, now: datetime) -> int:
    """Queue the digests that are due: how many. Raises Busy.

    Any number of workers may do so: a period is claimed by a row, in the transaction that queues the mail.
    """
    queued = 0
    for digest in LONGEST:
        last = _last_day(digest, now)
        if now < datetime.combine(last + DAY, time(HOUR), UTC):
            continue
        for member_id in _read(digest, last, now.date()):
            try:
                queued += _to_one(member_id, digest, last, config, now)
            except Busy:
                raise
            except FAULTS as error:
                log.error("the digest of member %d could not be made: %s", member_id, type(error).__name__)
    return queued


def _last_day(digest: str, now: datetime) -> date:
    """The last day of the newest period that is over: yesterday, or the last Sunday."""
    today = now.date()
    return today - DAY if digest == "daily" else today - (today.weekday() + 1) * DAY


def _read(digest: str, last: date, today: date) -> list[int]:
    """The members who have not been told of a period yet; read without keeping a transaction open."""
    try:
        told = {number: notices.told_through(number, today) for number in notices.for_digests(digest)}
        return [number for number, through in told.items() if through is None or through < last]
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()


def _to_one(member_id: int, digest: str, last: date, config: Config, now: datetime) -> int:
    with transaction() as session:
        member = session.get(Member, member_id)
        told = notices.told_through(member_id, now.date())
        if member is None or (told is not None and told >= last) or not notices.claim(session, member_id, last, now):
            return 0
        period = timedelta(days=1 if digest == "daily" else 7)
        first = max((told or last - period) + DAY, last - (LONGEST[digest] - 1) * DAY)
        rows = _rows(session, member, first, last, config)
        if not rows or not (member.password or member.webauthn):
            return 0
        _queue(session, member, digest, (first, last), rows, config, now)
        session.execute(update(Digest).where(Digest.member_id == member_id, Digest.through == last).values(mailed=True))
    return 1


def _queue(
    session: Session, member: Member, digest: str, period: tuple[date, date], rows: list[dict[str, Any]], config: Config, now: datetime
) -> None:
    language = member.speaks(config.languages)
    first, last = (i18n.format_day(day, language) for day in period)
    values = {
        "digest": digest, "first": first, "last": last, "letters": rows, "account": f"{config.base_url}/admin/account#mail",
    }  # fmt: skip
    outbox.queue(
        session, "digest", to=member.email, fingerprint=addresses.fingerprint(member.email, config.fingerprint_bytes),
        language=language, values=values, scope="digest", now=now, lifetime=timedelta(days=1),
    )  # fmt: skip


def _rows(session: Session, member: Member, first: date, last: date, config: Config) -> list[dict[str, Any]]:
    """What happened to each of the member's letters; those where nothing did are left out."""
    mine = letters.listed([each.team_id for each in member.memberships], drafts=False)
    numbers = [each.id for each in mine]
    new, held, reports = _new(session, numbers, first, last), _held(session, numbers), _reports(session, numbers, first, last)
    found = []
    for each in mine:
        lost = tally.of_states(series.mailed(each), LOST, first, last)
        if new[each.id] or reports[each.id] or lost:
            what = {"new": new[each.id], "held": held[each.id], "reports": reports[each.id], "failed": lost}
            found.append(_row(each, what, member.speaks(config.languages), config))
    return found


def _row(letter: Letter, numbers: dict[str, int], language: str, config: Config) -> dict[str, Any]:
    slug = "" if letter.protected else f"/{letter.slug}/following"
    oldest = series.oldest_held(letter) if numbers["held"] else None
    return numbers | {
        "title": letter_values(letter, language, config)["letter_title"], "admin": f"{config.base_url}/admin/letters{slug}",
        "oldest": i18n.format_day(oldest, language) if oldest else "",
    }  # fmt: skip


def _new(session: Session, numbers: list[int], first: date, last: date) -> Counter[int]:
    """Signatures given in these days that are published or held."""
    cells = select(DayTally.letter_id, func.sum(DayTally.count)).where(DayTally.letter_id.in_(numbers), DayTally.day.between(first, last))
    cells = cells.where(DayTally.state.in_(("published", "held"))).group_by(DayTally.letter_id)
    return Counter({number: int(count) for number, count in session.execute(cells)})


def _held(session: Session, numbers: list[int]) -> Counter[int]:
    cells = select(Tally.letter_id, func.sum(Tally.count)).where(Tally.letter_id.in_(numbers), Tally.state == "held")
    return Counter({number: int(count) for number, count in session.execute(cells.group_by(Tally.letter_id))})


def _reports(session: Session, numbers: list[int], first: date, last: date) -> Counter[int]:
    """What readers reported in these days and nobody decided on yet."""
    began, ended = datetime.combine(first, time(), UTC), datetime.combine(last + DAY, time(), UTC)
    rows = select(Signature.letter_id, func.count(literal_column("*"))).join(Report, Report.signature_id == Signature.id)
    rows = rows.where(Signature.letter_id.in_(numbers), Report.at >= began, Report.at < ended)
    return Counter({number: int(count) for number, count in session.execute(rows.group_by(Signature.letter_id))})
