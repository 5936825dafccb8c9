"""Whom readers of a letter can write to, country by country: a list that the organiser answers for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from petition import audit, i18n
from petition.audit import Actor
from petition.db import Model, db, transaction
from petition.letters.models import Letter

UNIONS = frozenset({"EU", "UN"})  # no countries, and still written to


class Contact(Model):
    """One office or official that readers in a country can write to."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), index=True)
    country: Mapped[str] = mapped_column(String(2))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(20), default="")


@dataclass(frozen=True)
class Entry:
    """A row of the list, checked."""

    country: str
    name: str
    role: str
    email: str
    language: str


COLUMNS = ("country", "name", "role", "email", "language")


def is_place(code: str) -> bool:
    """Whether a list may have contacts under this code."""
    return code in UNIONS or code in i18n.country_codes()


def countries(letter: Letter) -> list[str]:
    """The codes that a letter has contacts for."""
    return list(db.session.scalars(select(Contact.country).where(Contact.letter_id == letter.id).distinct().order_by(Contact.country)))


def of(letter: Letter, country: str = "") -> Sequence[Contact]:
    """A letter's contacts in the order of the list; of one country, or all of them."""
    query = select(Contact).where(Contact.letter_id == letter.id).order_by(Contact.id)
    return db.session.scalars(query.where(Contact.country == country) if country else query).all()


def how_many(letter: Letter) -> int:
    """How many contacts a letter has."""
    return db.session.scalar(select(func.count()).select_from(Contact).where(Contact.letter_id == letter.id)) or 0


def replace(letter: Letter, entries: Iterable[Entry], *, actor: Actor, now: datetime) -> None:
    """Put a list in the place of the one before; an empty one removes it."""
    rows = [Contact(letter_id=letter.id, **vars(each)) for each in entries]
    with transaction() as session:
        session.execute(delete(Contact).where(Contact.letter_id == letter.id))
        session.add_all(rows)
        audit.record(
            session, at=now, actor=actor, action="letter.contacts" if rows else "letter.contacts_removed", thing=("letter", letter.id),
            team_id=letter.team_id, count=len(rows),
        )  # fmt: skip
