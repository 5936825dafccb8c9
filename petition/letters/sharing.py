"""What the organiser wants shared links to say, a text a language; no part of the letter, its file or its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from petition import audit
from petition.audit import Actor
from petition.db import Model, db, transaction
from petition.errors import Fault, Invalid
from petition.letters import fields
from petition.letters.models import Letter

LONGEST = 280  # characters


class ShareText(Model):
    """What the share links of a letter say in one language."""

    __tablename__ = "share_text"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(20), primary_key=True)
    text: Mapped[str] = mapped_column(String(LONGEST))


def texts(letter: Letter) -> dict[str, str]:
    """The organiser's texts by language."""
    rows = db.session.execute(select(ShareText.language, ShareText.text).where(ShareText.letter_id == letter.id))
    return {language: text for language, text in rows}


def save(letter: Letter, given: Mapping[str, str], *, actor: Actor, now: datetime) -> None:
    """Replace a letter's texts, empty ones left out; raises Invalid with a fault on `text-<language>`."""
    wanted, faults = _checked(given)
    if faults:
        raise Invalid(faults)
    with transaction() as session:
        if wanted == texts(letter):
            return
        session.execute(delete(ShareText).where(ShareText.letter_id == letter.id))
        session.add_all(ShareText(letter_id=letter.id, language=language, text=text) for language, text in wanted.items())
        audit.record(
            session, at=now, actor=actor, action="letter.share_texts", thing=("letter", letter.id), team_id=letter.team_id,
            languages=", ".join(sorted(wanted)),
        )  # fmt: skip


def _checked(given: Mapping[str, str]) -> tuple[dict[str, str], list[Fault]]:
    wanted, faults = {}, []
    for language, text in given.items():
        if not text.strip():
            continue
        try:
            wanted[language] = fields.words(text.replace("\r\n", "\n"), LONGEST)
        except fields.Bad as error:
            faults.append(error.fault(f"text-{language}"))
    return wanted, faults
