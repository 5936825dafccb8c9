"""The audit trail: append-only, who did what to which thing, and why; never a signatory's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from petition.db import Model, UtcDateTime, db

PAGE = 100


@dataclass(frozen=True)
class Actor:
    """Who acts: a team member by number and name, a signatory, the command line or the platform itself."""

    kind: str
    name: str = ""
    member_id: int | None = None


SIGNATORY = Actor("signatory")
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


class AuditSeal(Model):
    """One link of the chain over the trail: what it covers and the SHA-256 over the link before and the entry's words."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(unique=True)
    digest: Mapped[str] = mapped_column(String(64))


def entry(
    *, at: datetime, actor: Actor, action: str, thing: tuple[str, object], team_id: int | None = None, reason: str = "",
    **details: Any,
) -> dict[str, Any]:  # fmt: skip
    """The values of one entry; `thing` is its kind and id."""
    kind, number = thing
    return {
        "at": at, "actor_kind": actor.kind, "actor_name": actor.name, "member_id": actor.member_id, "action": action,
        "team_id": team_id, "object_kind": kind, "object_id": str(number), "reason": reason, "details": details,
    }  # fmt: skip


def record(
    session: Session, *, at: datetime, actor: Actor, action: str, thing: tuple[str, object], team_id: int | None = None,
    reason: str = "", **details: Any,
) -> None:  # fmt: skip
    """Append one entry inside the caller's transaction; `thing` is its kind and id."""
    words = entry(at=at, actor=actor, action=action, thing=thing, team_id=team_id, reason=reason, **details)
    session.add(AuditEntry(**words))


def record_many(session: Session, entries: list[dict[str, Any]]) -> None:
    """Append entries that `entry` made, in their order and with one statement, inside the caller's transaction."""
    if entries:
        session.execute(insert(AuditEntry), entries)


def trail(team_ids: list[int] | None, before: int | None = None, limit: int = PAGE) -> list[AuditEntry]:
    """The newest entries first, of these teams or (None) of all, from `before` downwards."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if team_ids is not None:
        query = query.where(AuditEntry.team_id.in_(team_ids))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(db.session.scalars(query))


def of(kind: str, number: object) -> list[AuditEntry]:
    """Everything recorded about one thing, oldest first."""
    query = select(AuditEntry).where(AuditEntry.object_kind == kind, AuditEntry.object_id == str(number))
    return list(db.session.scalars(query.order_by(AuditEntry.id)))
