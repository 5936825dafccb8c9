"""What a visitor can show instead of waiting for a limit: a solved puzzle or a ripe ticket, each of which counts once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from petition.db import Model, UtcDateTime


class SpentProof(Model):
    """A puzzle or a ticket that was used; remembered until it would expire anyway."""

    __tablename__ = "spent_proof"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
