"""The chain over the trail: each seal is a digest over the seal before it and one entry, so that no entry changes unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from petition.audit.trail import KEPT, AuditEntry, AuditSeal, Wanted, matching
from petition.db import db, serialise, transaction

SETTLED = timedelta(seconds=60)  # by then whoever took a smaller number has committed
UNSEALED = timedelta(days=2)  # longer than any entry waits where a worker runs
LATE = 10_000  # numbers to look back for an entry that was committed late nevertheless
BATCH = 500  # seals a transaction, so that nobody who signs waits for the sealer
START = "0" * 64  # stands for the seal before the first

_FIELDS = (
    "id", "at", "actor_kind", "actor_name", "member_id", "action", "team_id", "object_kind", "object_id", "reason", "details",
)  # fmt: skip
_ENTRY = tuple(getattr(AuditEntry, name) for name in _FIELDS)


@dataclass(frozen=True)
class Sealed:
    """One entry as words that can be checked: SHA-256 over `previous` and the canonical words gives `digest`."""

    words: dict[str, Any]
    number: int | None
    previous: str
    digest: str


def words(entry: Any) -> dict[str, Any]:
    """The entry, or a row of its columns, as plain JSON values."""
    values = {name: getattr(entry, name) for name in _FIELDS}
    return values | {"at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}


def canonical(said: dict[str, Any]) -> str:
    """The one spelling of an entry's words: JSON, keys in order, no spaces, no escapes beyond what JSON needs."""
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def link(previous: str, said: dict[str, Any]) -> str:
    """The digest over the seal before and an entry's words."""
    return hashlib.sha256(previous.encode() + canonical(said).encode("utf-8", "surrogatepass")).hexdigest()


def seal(now: datetime) -> int:
    """Seal every entry that has settled, batch by batch, whoever else is at it; returns how many."""
    done = 0
    while True:
        with transaction() as session:
            sealed_now = _seal_some(session, now)
        done += sealed_now
        if sealed_now < BATCH:
            return done


def _seal_some(session: Session, now: datetime) -> int:
    serialise(session, "audit seals")
    last = session.execute(select(AuditSeal.number, AuditSeal.digest).order_by(AuditSeal.number.desc()).limit(1)).first()
    number, digest = (last.number, last.digest) if last else (0, START)
    furthest = session.scalar(select(func.max(AuditSeal.entry_id))) or 0
    # An entry from the future was written by a clock that has been set back since; it will not settle any further.
    settled = or_(AuditEntry.at <= now - SETTLED, AuditEntry.at > now + SETTLED)
    unsealed = select(*_ENTRY).outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id).where(AuditSeal.number.is_(None))
    unsealed = unsealed.where(AuditEntry.id > furthest - LATE, settled).order_by(AuditEntry.id).limit(BATCH)
    seals = []
    for row in session.execute(unsealed):
        number, digest = number + 1, link(digest, words(row))
        seals.append({"number": number, "entry_id": row.id, "day": row.at.astimezone(UTC).date(), "digest": digest})
    if seals:
        session.execute(insert(AuditSeal), seals)
    return len(seals)


def newest() -> tuple[int, str] | None:
    """The number and digest of the newest seal: kept outside, it pins everything before it."""
    found = db.session.execute(select(AuditSeal.number, AuditSeal.digest).order_by(AuditSeal.number.desc()).limit(1)).first()
    return (found.number, found.digest) if found else None


def verify(session: Session, now: datetime) -> Iterator[str]:
    """What is wrong with the chain, a sentence each: entries changed or removed, seals missing."""
    forgotten, previous, expected, latest = (now - KEPT).date(), START, 1, date(1970, 1, 1)
    covered = (AuditSeal.number, AuditSeal.entry_id, AuditSeal.day, AuditSeal.digest)
    query = select(*covered, *_ENTRY).outerjoin(AuditEntry, AuditEntry.id == AuditSeal.entry_id).order_by(AuditSeal.number)
    for row in session.execute(query.execution_options(yield_per=1000)):
        if row.number != expected:
            yield f"Seals {expected} to {row.number - 1} are missing"
            previous = ""  # what this one builds on cannot be known
        what = f"Entry {row.entry_id} (seal {row.number}, {row.day})"
        # Days follow each other as the seals do, but for entries of which only the day is kept: none may excuse itself.
        belated = row.day < latest - timedelta(days=2)
        if row.id is None and (row.day > forgotten or belated):
            yield f"{what} was removed"
        elif row.id is not None and row.day != row.at.astimezone(UTC).date():
            yield f"The day of {what[0].lower()}{what[1:]} was changed"
        elif row.id is not None and previous and link(previous, words(row)) != row.digest:
            yield f"{what} was changed, or its seal was"
        expected, previous, latest = row.number + 1, row.digest, max(latest, row.day)


def unsealed(now: datetime) -> int:
    """How many entries wait for their seal although they have long settled."""
    waiting = select(func.count()).select_from(AuditEntry).outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
    return db.session.scalar(waiting.where(AuditSeal.number.is_(None), AuditEntry.at <= now - UNSEALED)) or 0


def sealed(team_ids: list[int] | None, wanted: Wanted | None = None) -> Iterator[Sealed]:
    """The entries of these teams (None: all) with their seals, oldest first, a chunk at a time."""
    last = 0
    while True:
        with Session(db.engine) as session:
            rows = _chunk(session, team_ids, wanted, last)
            last = rows[-1][0] if rows else last
        yield from (row for _, row in rows)
        if len(rows) < BATCH:
            return


def _chunk(session: Session, team_ids: list[int] | None, wanted: Wanted | None, last: int) -> list[tuple[int, Sealed]]:
    query = select(AuditEntry, AuditSeal).outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
    query = query.where(*matching(team_ids, wanted), AuditEntry.id > last).order_by(AuditEntry.id).limit(BATCH)
    found = session.execute(query).all()
    numbers = [each.number - 1 for _, each in found if each is not None]
    links = select(AuditSeal.number, AuditSeal.digest).where(AuditSeal.number.in_(numbers))
    before = {row.number: row.digest for row in session.execute(links)}
    return [
        (entry.id, Sealed(words(entry), each.number, before.get(each.number - 1, START), each.digest))
        if each is not None else (entry.id, Sealed(words(entry), None, "", ""))
        for entry, each in found
    ]  # fmt: skip
