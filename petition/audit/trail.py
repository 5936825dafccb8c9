"""The entries of the trail: how one is appended, and how they are found again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import JSON, ColumnElement, String, and_, func, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from petition.db import Model, UtcDateTime, db, transaction

PAGE = 100
KEPT = timedelta(days=730)


@dataclass(frozen=True)
class Actor:
    """Who acts: a team member by number and name, a signatory, the command line or the platform itself."""

    kind: str
    name: str = ""
    member_id: int | None = None


SIGNATORY = Actor("signatory")
MAILBOX_HOLDER = Actor("mailbox holder")
COMMAND_LINE = Actor("command line")
PLATFORM = Actor("platform")


class AuditEntry(Model):
    """One line of the trail."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_name: Mapped[str] = mapped_column(String(200), default="")
    member_id: Mapped[int | None] = mapped_column()
    action: Mapped[str] = mapped_column(String(60))
    team_id: Mapped[int | None] = mapped_column(index=True)
    object_kind: Mapped[str] = mapped_column(String(30))
    object_id: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(1000), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    @property
    def by_person(self) -> bool:
        """Whether the moment is kept, and not just the day."""
        return self.actor_kind not in _DAY_ONLY


class AuditSeal(Model):
    """One link of the chain over the trail: what it covers and the SHA-256 over the link before and the entry's words.

    It stays when its entry is forgotten; `day` tells whether the entry was old enough for that.
    """

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(unique=True)
    day: Mapped[date] = mapped_column()
    digest: Mapped[str] = mapped_column(String(64))


# Of a signing only the day is kept; what follows from one at once must not tell the moment either.
_DAY_ONLY = (SIGNATORY.kind, MAILBOX_HOLDER.kind, PLATFORM.kind)


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for: who (a part of it), what (its beginning), which letter (address, number), when."""

    who: str = ""
    action: str = ""
    letter: tuple[str, int] | None = None
    since: date | None = None
    until: date | None = None


def entry(
    *, at: datetime, actor: Actor, action: str, thing: tuple[str, object], team_id: int | None = None, reason: str = "",
    **details: Any,
) -> dict[str, Any]:  # fmt: skip
    """The values of one entry; `thing` is its kind and id."""
    kind, number = thing
    if actor.kind in _DAY_ONLY:
        at = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "at": at, "actor_kind": actor.kind, "actor_name": actor.name, "member_id": actor.member_id, "action": action,
        "team_id": team_id, "object_kind": kind, "object_id": str(number), "reason": reason, "details": details,
    }  # fmt: skip


def record(session: Session, **words: Any) -> None:
    """Append one entry, described as `entry` takes it, inside the caller's transaction."""
    session.add(AuditEntry(**entry(**words)))


def record_many(session: Session, entries: list[dict[str, Any]]) -> None:
    """Append entries that `entry` made, in their order and with one statement, inside the caller's transaction."""
    if entries:
        session.execute(insert(AuditEntry), entries)


def note(**words: Any) -> None:
    """Append one entry, described as `entry` takes it, in a transaction of its own: for what changes no row itself."""
    with transaction() as session:
        record(session, **words)


def trail(
    team_ids: list[int] | None, before: int | None = None, limit: int = PAGE, wanted: Wanted | None = None,
) -> list[AuditEntry]:  # fmt: skip
    """The newest entries first, of these teams or (None) of all, from `before` downwards."""
    query = select(AuditEntry).where(*matching(team_ids, wanted)).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(db.session.scalars(query))


def of(kind: str, number: object) -> list[AuditEntry]:
    """Everything recorded about one thing, oldest first."""
    query = select(AuditEntry).where(AuditEntry.object_kind == kind, AuditEntry.object_id == str(number))
    return list(db.session.scalars(query.order_by(AuditEntry.id)))


def matching(team_ids: list[int] | None, wanted: Wanted | None) -> list[ColumnElement[bool]]:
    """The conditions that entries of these teams meet when they are wanted."""
    conditions: list[ColumnElement[bool]] = [] if team_ids is None else [AuditEntry.team_id.in_(team_ids)]
    if wanted is None:
        return conditions
    if wanted.who:
        who = wanted.who.lower()
        conditions.append(or_(
            func.lower(AuditEntry.actor_name).contains(who, autoescape=True),
            and_(AuditEntry.actor_name == "", AuditEntry.actor_kind.contains(who, autoescape=True)),
        ))  # fmt: skip
    if wanted.action:
        conditions.append(AuditEntry.action.startswith(wanted.action.lower(), autoescape=True))
    if wanted.letter:
        slug, number = wanted.letter
        itself = and_(AuditEntry.object_kind == "letter", AuditEntry.object_id == str(number))
        conditions.append(or_(itself, AuditEntry.details["letter"].as_string() == slug))
    if wanted.since:
        conditions.append(AuditEntry.at >= datetime.combine(wanted.since, time(), UTC))
    if wanted.until:
        conditions.append(AuditEntry.at < datetime.combine(wanted.until + timedelta(days=1), time(), UTC))
    return conditions
