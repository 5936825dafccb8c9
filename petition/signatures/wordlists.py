"""The words a team adds to the shipped lists of slurs, jokes and protected names, by language; and a letter's own names."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from petition import accounts, audit
from petition.accounts import Member
from petition.db import Model, db, transaction
from petition.errors import N_, Fault, Invalid, NotFound
from petition.letters.models import Letter
from petition.signatures import screening
from petition.signatures.screening import WordSet
from petition.signatures.screening.wordset import LANGUAGES, LISTS

MOST_LINES, LONGEST_LINE = 2_000, 120


class WordList(Model):
    """One team's own words of one list in one language, a line each; a line that begins with `-` drops a shipped word."""

    __tablename__ = "word_list"
    __table_args__ = (UniqueConstraint("team_id", "name", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    name: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[str] = mapped_column(Text, default="")


def of(session: Session, letter: Letter) -> WordSet:
    """The words and names that a letter's signatures are compared with; the same lists are made ready only once."""
    rows = select(WordList.name, WordList.words).where(WordList.team_id == letter.team_id).order_by(WordList.id)
    return screening.compiled(tuple((row.name, row.words) for row in session.execute(rows)), tuple(letter.protected_names))


def added(member: Member, team_id: int, language: str) -> dict[str, str]:
    """A team's own lines by list, in one language; raises NotFound, and Forbidden below an editor."""
    _known(member, team_id, language)
    rows = select(WordList).where(WordList.team_id == team_id, WordList.language == language)
    return dict.fromkeys(LISTS, "") | {each.name: each.words for each in db.session.scalars(rows)}


def save(member: Member, team_id: int, language: str, lists: Mapping[str, str], *, now: datetime) -> None:
    """Replace a team's lines of one language; raises NotFound, Forbidden, and Invalid for lines nobody could match."""
    _known(member, team_id, language)
    faults: list[Fault] = []
    tidy = {name: _tidy(name, lists.get(name, ""), faults) for name in LISTS}
    if faults:
        raise Invalid(faults)
    with transaction() as session:
        rows = session.scalars(select(WordList).where(WordList.team_id == team_id, WordList.language == language))
        standing = {each.name: each for each in rows}
        for name, lines in tidy.items():
            row = standing.get(name) or WordList(team_id=team_id, name=name, language=language, words="")
            before, row.words = row.words, "\n".join(lines)
            if before == row.words:
                continue
            session.add(row)
            audit.record(
                session, at=now, actor=member.actor, action="words.changed", thing=("team", team_id), team_id=team_id,
                list=name, language=language, changes=_difference(before.splitlines(), lines),
            )  # fmt: skip


def protect(member: Member, letter: Letter, names: str, *, now: datetime) -> None:
    """Replace a letter's own protected names; raises NotFound, Forbidden, and Invalid."""
    accounts.require(member, "editor", letter.team_id)
    faults: list[Fault] = []
    lines = _tidy("names", names, faults)
    if faults:
        raise Invalid(faults)
    with transaction() as session:
        before = list(letter.protected_names)
        if before == lines:
            return
        letter.protected_names = lines
        audit.record(
            session, at=now, actor=member.actor, action="letter.protected_names", thing=("letter", letter.id),
            team_id=letter.team_id, letter=letter.slug, changes=_difference(before, lines),
        )  # fmt: skip


def _known(member: Member, team_id: int, language: str) -> None:
    if language not in LANGUAGES:
        raise NotFound
    accounts.require(member, "editor", accounts.find_team(team_id).id)


def _tidy(field: str, text: str, faults: list[Fault]) -> list[str]:
    """The lines of a list, each once, without blank ones; what cannot be matched is a fault."""
    plain = unicodedata.normalize("NFC", text)
    lines = list(dict.fromkeys(" ".join(line.split()) for line in plain.splitlines() if line.strip()))
    if len(lines) > MOST_LINES:
        faults.append(Fault(field, "too_many", N_("A list has at most %(limit)s lines."), {"limit": MOST_LINES}))
    if any(len(line) > LONGEST_LINE for line in lines):
        faults.append(Fault(field, "too_long", N_("A line has at most %(limit)s characters."), {"limit": LONGEST_LINE}))
    wordless = next((line for line in lines if not line.startswith("#") and not any(each.isalnum() for each in line)), None)
    if wordless is not None:
        message = N_("There is no word in the line %(line)s.")
        faults.append(Fault(field, "no_word", message, {"line": wordless[:LONGEST_LINE]}))
    return lines


def _difference(before: list[str], after: list[str]) -> dict[str, list[str]]:
    """What a change took off and put on, for the trail."""
    return {"added": [line for line in after if line not in before], "removed": [line for line in before if line not in after]}
