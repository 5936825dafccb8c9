"""A delivery as it was handed over, who was in it, and the files that are prepared in the background."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition.db import Model, UtcDateTime
from petition.letters.models import Letter, LetterText


class Delivery(Model):
    """One handing over of a letter: to whom, under which text, with which numbers, and the hashes of its files."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), index=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("letter_text.id"))
    addressee: Mapped[str] = mapped_column(String(300))
    choice: Mapped[dict[str, Any]] = mapped_column(JSON)
    handed: Mapped[bool] = mapped_column(default=False)  # whether it names those who agreed to that and are shown to nobody else
    state: Mapped[str] = mapped_column(String(10), default="preparing")  # preparing, made or failed
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # name, sha256 and bytes of each
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the team first took the files away
    delivered_on: Mapped[date | None] = mapped_column()
    noted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a handing over was first noted; never moved
    delivered_by: Mapped[str] = mapped_column(String(200), default="")
    response_on: Mapped[date | None] = mapped_column()
    response: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # language to words

    letter: Mapped[Letter] = relationship()
    text: Mapped[LetterText] = relationship()


class DeliveryItem(Model):
    """One signature in a delivery, as it was shown there; says nothing that the signature does not."""

    __tablename__ = "delivery_item"
    __table_args__ = (Index("ix_delivery_item_signature_id", "signature_id"),)

    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    signature_id: Mapped[int] = mapped_column(ForeignKey("signature.id"), primary_key=True)
    visibility: Mapped[str] = mapped_column(String(10))
    handed: Mapped[bool] = mapped_column(default=False)  # named though no reader sees the name
    changed: Mapped[bool] = mapped_column(default=False)  # whether the signature says something else since

    delivery: Mapped[Delivery] = relationship()


class PreparedFile(Model):
    """One file that a member asked for and a worker makes; only that member gets it, for a day at most."""

    __tablename__ = "prepared_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), index=True)
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    format: Mapped[str] = mapped_column(String(10))
    wanted: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # filters, columns, preset, language, addresses
    state: Mapped[str] = mapped_column(String(10), default="queued", index=True)  # queued, ready, failed or outdated
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str] = mapped_column(String(300), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    letter: Mapped[Letter] = relationship()
    delivery: Mapped[Delivery | None] = relationship()
