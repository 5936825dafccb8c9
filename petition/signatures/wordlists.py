"""The words a team adds to the shipped lists of slurs, jokes and protected names, by language."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from petition.db import Model

LISTS = ("slur", "joke", "protected")


class WordList(Model):
    """One team's own words of one list in one language, a line each; a line that begins with `-` drops a shipped word."""

    __tablename__ = "word_list"
    __table_args__ = (UniqueConstraint("team_id", "name", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    name: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[str] = mapped_column(Text, default="")
