"""Mailboxes that asked for no more mail from this site, as keyed fingerprints only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from petition.db import Model, UtcDateTime


class Suppression(Model):
    """One mailbox that gets no mail until its holder allows it again."""

    __tablename__ = "suppression"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
