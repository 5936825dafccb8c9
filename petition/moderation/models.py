"""What moderation keeps: bulk decisions and their items, spikes, notes on signatures, and ready-made reasons."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition.db import Model, UtcDateTime
from petition.letters.models import Letter
from petition.signatures.models import BigId, Signature

BULK_STATES = ("prepared", "waiting", "running", "done", "cancelled", "reversing", "reversed")


class BulkDecision(Model):
    """One decision about every signature of a letter that meets the criteria, as an object that can be reversed.

    prepared -> (waiting for a second person ->) running -> done, or cancelled; then reversing -> reversed.
    """

    __tablename__ = "bulk_decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), index=True)
    decision: Mapped[str] = mapped_column(String(10))  # approve, reject or hold
    criteria: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(1000), default="")
    reason_class: Mapped[str] = mapped_column(String(15), default="")
    tell: Mapped[bool] = mapped_column(default=True)  # whether each signatory is mailed the decision
    state: Mapped[str] = mapped_column(String(10), default="prepared", index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(254))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str] = mapped_column(String(254), default="")
    seconded_by: Mapped[str] = mapped_column(String(254), default="")
    reversed_by: Mapped[str] = mapped_column(String(254), default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    matched: Mapped[int] = mapped_column(default=0)  # how many the confirmed preview counted
    through: Mapped[int] = mapped_column(BigId, default=0)  # the newest signature at confirmation: later ones are not swept
    position: Mapped[int] = mapped_column(BigId, default=0)  # the last signature that was dealt with
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)  # decided by somebody else in the meantime
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    letter: Mapped[Letter] = relationship()


class BulkItem(Model):
    """One signature that a confirmed bulk decision is about, and how it stood, so that it can be moved back.

    `decided_at`, `decided_by` and `pinned` are what it had when it was moved.
    """

    __tablename__ = "bulk_item"

    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk_decision.id"), primary_key=True)
    signature_id: Mapped[int] = mapped_column(BigId, ForeignKey("signature.id"), primary_key=True)
    state_before: Mapped[str] = mapped_column(String(10))
    done: Mapped[bool] = mapped_column(default=False)
    reversed: Mapped[bool] = mapped_column(default=False)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str] = mapped_column(String(254), default="")
    pinned: Mapped[int | None] = mapped_column()


class Spike(Model):
    """An hour in which far more came than usual: to a letter, from one mail domain, or from one network."""

    __tablename__ = "spike"
    __table_args__ = (UniqueConstraint("letter_id", "kind", "key", "hour"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    kind: Mapped[str] = mapped_column(String(10))  # letter, domain or network
    key: Mapped[str] = mapped_column(String(254), default="")
    hour: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int] = mapped_column()
    usual: Mapped[float] = mapped_column()  # signatures an hour in the time before
    bulk_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_decision.id"))
    noticed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    letter: Mapped[Letter] = relationship()


class Note(Model):
    """What the team wrote about a signature, asked its signatory, or was answered."""

    __tablename__ = "note"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    signature_id: Mapped[int] = mapped_column(ForeignKey("signature.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # note, question or answer
    author: Mapped[str] = mapped_column(String(254), default="")
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    signature: Mapped[Signature] = relationship()


class ReasonTemplate(Model):
    """A ready-made reason of a team, with the class it is counted under."""

    __tablename__ = "reason_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    reason_class: Mapped[str] = mapped_column(String(15))
    words: Mapped[str] = mapped_column(String(1000))
