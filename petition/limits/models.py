"""A limit as the team set it, where that differs from the default."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from petition.db import Model, UtcDateTime


class LimitSetting(Model):
    """One policy's number and period, in force at all nodes within seconds."""

    __tablename__ = "limit_setting"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int] = mapped_column()
    seconds: Mapped[int] = mapped_column()
    changed_by: Mapped[str] = mapped_column(String(254))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
