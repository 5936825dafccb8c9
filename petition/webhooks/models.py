"""Where a team wants to be told, and what waits to be told there."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition.accounts import Team
from petition.db import Model, UtcDateTime
from petition.letters.models import Letter
from petition.signatures.models import BigId

EVENTS = ("signature.published", "signature.withdrawn", "letter.milestone", "update.published")
# What nobody has to choose: whoever is told names is told when one is not to be read any more.
GOES_WITH = {"signature.changed": "signature.published"}
TEST = "webhook.test"  # what the button on its page sends
MOST = 500  # signatures in one message
STATES = ("queued", "delivered", "failed", "dropped")


class Webhook(Model):
    """One address of a team's own, and how it has answered lately; its secret is made from `salt` and stored nowhere."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[str]] = mapped_column(JSON)
    salt: Mapped[str] = mapped_column(String(64), default=secrets.token_hex)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(254))
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # before this nothing is sent there
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_why: Mapped[str] = mapped_column(String(10), default="")  # owner, failing or gone

    team: Mapped[Team] = relationship()

    @property
    def host(self) -> str:
        """The host alone, with its port: the rest of an address may hold a key."""
        return urlsplit(self.url).netloc


class WebhookDelivery(Model):
    """One message to one address; `payload` is emptied when it leaves the queue."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "state", "hook_id", "id"),
        Index("ix_webhook_delivery_hook_id", "hook_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    hook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    message_id: Mapped[str] = mapped_column(String(40), default=lambda: f"msg_{uuid.uuid4().hex}")
    event: Mapped[str] = mapped_column(String(30))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(String(60), default="")  # the status, or at which stage it failed

    hook: Mapped[Webhook] = relationship()
    letter: Mapped[Letter | None] = relationship()
