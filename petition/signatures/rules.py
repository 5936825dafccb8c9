"""The allow and block lists: whom a rule is about, how long it holds, and what it means for a signature."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from petition.db import Model, UtcDateTime

VERDICTS = ("allow", "block")
KINDS = ("domain", "address", "network")


class AccessRule(Model):
    """One entry of an allow or block list, for one letter, for a team's letters, or (neither) for the whole site.

    `pattern` is a glob of a mail domain, the fingerprint of an address, a CIDR network that a member typed, or the keyed
    hash of a network that a cluster showed; the last dies with its key.
    """

    __tablename__ = "access_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(5))
    kind: Mapped[str] = mapped_column(String(10))
    pattern: Mapped[str] = mapped_column(String(254))
    shown: Mapped[str] = mapped_column(String(254))  # how the list names it: never an address
    reason: Mapped[str] = mapped_column(String(1000))
    author: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
