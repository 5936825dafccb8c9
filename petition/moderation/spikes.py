"""Notices the hours in which far more came than usual, and puts a bulk decision into the moderators' hands."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from petition import accounts, addresses, outbox
from petition.accounts import Member
from petition.audit import PLATFORM
from petition.config import Config
from petition.db import db, serialise, transaction
from petition.errors import Busy
from petition.letters.models import Letter
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from petition.moderation.models import BulkDecision, Spike
from petition.moderation.sweeping import FAULTS
from petition.signatures.models import Signature
from petition.signatures.operations import letter_values

log = logging.getLogger(__name__)

LEAST = 20  # signatures an hour; fewer are no wave
TIMES = 5  # as many as usual
LOOK_BACK = 72  # hours that tell what is usual
HOUR = timedelta(hours=1)
SHOWN = 200
STORED = 50  # spikes of one look, the largest first
AGAIN = 3  # times the largest one that an hour was told of: then the moderators hear of it again
NAMED = 5  # spikes in one mail

# Of each letter: what is counted, by kind and key, in which hour.
Counts = Counter[tuple[str, str, datetime]]


@dataclass(frozen=True)
class Peak:
    """One count that is far above what is usual."""

    kind: str
    key: str
    hour: datetime
    count: int
    usual: float


def notice(config: Config, now: datetime) -> int:
    """Look at every open letter: how many spikes are new. Raises Busy.

    Any number of workers may look: a spike is stored once, and whoever stores it queues the mails.
    """
    letters = _read(lambda: [each for each in db.session.scalars(select(Letter.id).where(Letter.status == "open"))])
    found = 0
    for number in letters:
        try:
            found += _of_letter(number, config, now)
        except Busy:
            raise
        except FAULTS as error:
            log.error("spikes of letter %d could not be looked for: %s", number, type(error).__name__)
    return found


def _read(query: Callable[[], list[Any]]) -> list[Any]:
    """Read without keeping a transaction open."""
    try:
        return query()
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()


def _of_letter(number: int, config: Config, now: datetime) -> int:
    peaks = _read(lambda: sorted(_peaks(db.session.get_one(Letter, number), now), key=lambda each: -each.count)[:STORED])
    if not peaks or not _read(lambda: [each for each in peaks if _is_news(db.session(), number, each)]):
        return 0
    with transaction() as session:
        serialise(session, "spikes", number)
        letter = session.get_one(Letter, number)
        told = _told(session, number)
        fresh = [spike for each in peaks if (spike := _store(session, letter, each, now))]
        if any(each.count >= AGAIN * told.get(each.hour, 0) for each in fresh):
            _tell(session, letter, fresh, config, now)
    return len(fresh)


def _told(session: Session, number: int) -> dict[datetime, int]:
    """The largest spike of one domain or network that is known already of each hour."""
    # The letter's own count grows with every one of them.
    size = case((Spike.kind == "letter", LEAST), else_=Spike.count)
    known = select(Spike.hour, func.max(size)).where(Spike.letter_id == number).group_by(Spike.hour)
    return {hour: count for hour, count in session.execute(known)}


def _peaks(letter: Letter, now: datetime) -> Iterator[Peak]:
    """What stands out in the present hour and in the last full one."""
    if letter.state(now) != "open":
        return
    present = now.replace(minute=0, second=0, microsecond=0)
    counts = _counted(letter, present - (LOOK_BACK + 1) * HOUR)
    by_hour: defaultdict[tuple[str, str], dict[datetime, int]] = defaultdict(dict)
    for (kind, key, at), count in counts.items():
        by_hour[kind, key][at] = count
    began = (letter.opens or letter.created_at).replace(minute=0, second=0, microsecond=0)
    for hour in (present - HOUR, present):
        first = max(hour - LOOK_BACK * HOUR, began)
        hours = max(int((hour - first) / HOUR), 1)
        for (kind, key), numbers in by_hour.items():
            count = numbers.get(hour, 0)
            before = sum(number for at, number in numbers.items() if first <= at < hour)
            if count >= LEAST and count >= TIMES * before / hours:
                yield Peak(kind, key, hour, count, before / hours)


def _counted(letter: Letter, since: datetime) -> Counts:
    """Signatures by hour: all, by mail domain and by network, as far as that is kept."""
    counts: Counts = Counter()
    for kind, column in (("letter", None), ("domain", Signature.mail_domain), ("network", Signature.network)):
        by = [Signature.hour] if column is None else [Signature.hour, column]
        query = select(*by, func.count()).where(Signature.letter_id == letter.id, Signature.hour >= since)
        query = query if column is None else query.where(column.is_not(None))
        for row in db.session.execute(query.group_by(*by)):
            counts[kind, "" if column is None else row[1], row[0]] = row[-1]
    return counts


def _is_news(session: Session, letter_id: int, peak: Peak) -> bool:
    known = _known(session, letter_id, peak)
    return known is None or known.count < peak.count


def _known(session: Session, letter_id: int, peak: Peak) -> Spike | None:
    query = select(Spike).where(Spike.letter_id == letter_id, Spike.kind == peak.kind, Spike.key == peak.key)
    return session.scalar(query.where(Spike.hour == peak.hour))


def _store(session: Session, letter: Letter, peak: Peak, now: datetime) -> Spike | None:
    """Keep a spike with the bulk decision that would hold it, or only its larger count when it is known."""
    known = _known(session, letter.id, peak)
    if known is not None:
        known.count = max(known.count, peak.count)
        return None
    named = {peak.kind: peak.key} if peak.kind != "letter" else {}
    hold = bulk.store(session, letter, Criteria(hour=peak.hour, **named), "hold", actor=PLATFORM, now=now)  # type: ignore[arg-type]
    spike = Spike(
        letter_id=letter.id, letter=letter, kind=peak.kind, key=peak.key, hour=peak.hour, count=peak.count, usual=peak.usual,
        bulk_id=hold.id, noticed_at=now,
    )  # fmt: skip
    session.add(spike)
    session.flush()
    return spike


def _tell(session: Session, letter: Letter, fresh: list[Spike], config: Config, now: datetime) -> None:
    """One mail to each moderator of the team: no names, no addresses, and a link to each prepared decision."""
    query = select(BulkDecision.id, BulkDecision.public_id).where(BulkDecision.id.in_([each.bulk_id for each in fresh]))
    numbers = {row.id: row.public_id for row in session.execute(query)}
    largest = sorted(fresh, key=lambda each: (each.kind == "letter", -each.count))[:NAMED]
    values = {
        "admin": f"{config.base_url}/admin/spikes",
        "spikes": [
            {
                "kind": each.kind, "count": each.count, "usual": round(each.usual, 1), "hour": f"{each.hour:%Y-%m-%d %H:%M} UTC",
                "link": f"{config.base_url}/admin/bulk/{numbers[each.bulk_id or 0]}",
            }
            for each in largest
        ],
    }  # fmt: skip
    for member in accounts.moderators(letter.team_id):
        language = member.speaks(config.languages)
        outbox.queue(
            session, "spike", to=member.email, fingerprint=addresses.fingerprint(member.email, config.fingerprint_bytes),
            language=language, values=letter_values(letter, language, config) | values, scope=f"spike:{letter.id}",
            now=now, lifetime=timedelta(days=1),
        )  # fmt: skip


def listed(member: Member, letter: Letter | None = None, since: datetime | None = None) -> list[tuple[Spike, str]]:
    """The spikes of the member's letters, or of one letter, the newest first, each with its bulk decision's public id."""
    query = select(Spike, BulkDecision.public_id).join(Letter, Letter.id == Spike.letter_id)
    query = query.outerjoin(BulkDecision, BulkDecision.id == Spike.bulk_id)
    if letter is not None:
        accounts.require(member, "viewer", letter.team_id)
        query = query.where(Spike.letter_id == letter.id)
    elif member.team_ids is not None:
        query = query.where(Letter.team_id.in_(_moderated(member)))
    if since is not None:
        query = query.where(Spike.hour >= since)
    rows: Iterable[Any] = db.session.execute(query.order_by(Spike.hour.desc(), Spike.count.desc()).limit(SHOWN))
    return [(spike, public_id or "") for spike, public_id in rows]


def _moderated(member: Member) -> list[int]:
    return [each for each in member.team_ids or () if member.may("moderator", each)]
