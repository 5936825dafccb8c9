"""One mail to be sent: queued in the transaction that caused it, delivered at least once, its address then erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, null
from sqlalchemy.orm import Mapped, mapped_column

from petition.db import Model, UtcDateTime

STATES = (
    "queued", "sent", "failed", "dropped", "stopped",  # stopped by its recipient
    "bounced", "complained",  # taken by a mail server, and then sent back, or reported as unwanted
)  # fmt: skip
# What a mail no longer holds once it has left the queue.
EMPTIED: dict[str, Any] = {"recipient": None, "values": null()}


class OutboxMail(Model):
    """A mail that is queued or was; `recipient` and `values` are emptied when it leaves the queue."""

    __tablename__ = "outbox_mail"
    __table_args__ = (
        # In the order of claiming: while a mailing waits here, what somebody asked for just now is still found first.
        Index("ix_outbox_mail_due", "state", "bulk", "due_at"),
        Index("ix_outbox_mail_cap", "recipient_fingerprint", "scope", "queued_at"),
        Index("ix_outbox_mail_scope", "scope", "queued_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    message: Mapped[str] = mapped_column(String(30))  # which templates: mail/<message>.{subject.txt,txt,html}
    language: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str | None] = mapped_column(String(254))
    values: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    recipient_fingerprint: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(String(60))  # what the caps count within, such as "verify:12" for letter 12
    bulk: Mapped[bool] = mapped_column(default=False)  # one of many alike, which lets every other mail go first
    state: Mapped[str] = mapped_column(String(10), default="queued")
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)  # after this, trying again helps nobody
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    unknowns: Mapped[int] = mapped_column(default=0)  # attempts that ended without anybody recording how
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Where it went, if that is a domain at which everybody can have a mailbox: reports that come later are counted by it.
    domain: Mapped[str] = mapped_column(String(254), default="")
    last_error: Mapped[str] = mapped_column(String(500), default="")  # stage and code only, never an address
