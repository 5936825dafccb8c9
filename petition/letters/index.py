"""The list of published letters as readers search and page through it, and which letters belong together."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import load_only, selectinload

from petition.db import db
from petition.errors import BadCursor
from petition.letters.models import Letter, Translation

PAGE = 30
WORDS = 8  # of a search; the others are not looked at
RELATED = 3
LOOKED_AT = 50  # newest letters, among which related ones are found
STATES = ("open", "closed")  # what the list can be narrowed to


@dataclass(frozen=True)
class Found:
    """One page of letters, and the slug after which the next begins, None on the last."""

    letters: list[Letter]
    next: str | None = None


def search(now: datetime, *, query: str = "", state: str = "", after: str = "", limit: int = PAGE) -> Found:
    """Published letters with all the words in title, summary or senders, in whatever language: newest first, the archive last.

    Raises BadCursor for an `after` that is no letter of this list.
    """
    rows = select(Letter).where(Letter.status != "draft").order_by(Letter.created_at.desc(), Letter.id.desc())
    listed = [each for each in db.session.scalars(rows) if not state or each.state(now) == state]
    if words := _folded(query).split()[:WORDS]:
        fitting = _with(words)
        listed = [each for each in listed if each.id in fitting]
    listed.sort(key=lambda each: each.is_archived(now))
    begin = 0
    if after:
        begin = next((place for place, each in enumerate(listed, start=1) if each.slug == after), 0)
        if not begin:
            raise BadCursor
    shown = listed[begin : begin + limit]
    return Found(_told(shown), shown[-1].slug if len(listed) > begin + limit else None)


def related(letter: Letter, now: datetime) -> list[Letter]:
    """Letters to the same addressee, then those of the same team; of each what can be signed first, then the newest.

    Never a draft, a protected one, or one of the archive.
    """
    newest = (
        select(Letter)
        .where(Letter.status != "draft", Letter.risk != "protected", Letter.id != letter.id)
        .order_by(Letter.created_at.desc(), Letter.id.desc()).limit(LOOKED_AT)
        .options(selectinload(Letter.translations).load_only(Translation.language, Translation.title, Translation.addressees))
    )  # fmt: skip
    ours, found = _addressees(letter), []
    for each in db.session.scalars(newest):
        shared = bool(ours & _addressees(each))
        if (shared or each.team_id == letter.team_id) and not each.is_archived(now):
            found.append((not shared, each.state(now) != "open", each))
    return [each for *_, each in sorted(found, key=lambda row: row[:2])][:RELATED]


def _told(letters: list[Letter]) -> list[Letter]:
    """The same letters with what a list tells of them, read at once."""
    told = selectinload(Letter.translations).load_only(Translation.language, Translation.title, Translation.summary)
    rows = select(Letter).where(Letter.id.in_([each.id for each in letters])).options(told, selectinload(Letter.versions))
    list(db.session.scalars(rows.execution_options(populate_existing=True)))
    return letters


def _with(words: list[str]) -> set[int]:
    """The numbers of the letters in one of whose languages every word is found."""
    rows = select(Translation).join(Letter).where(Letter.status != "draft")
    rows = rows.options(load_only(Translation.letter_id, Translation.title, Translation.summary, Translation.senders))
    found = set()
    for each in db.session.scalars(rows.execution_options(yield_per=200)):
        text = _folded("\n".join((each.title, each.summary, *each.senders)))
        if all(word in text for word in words):
            found.add(each.letter_id)
    return found


def _addressees(letter: Letter) -> set[str]:
    return {_folded(each["name"]) for words in letter.translations for each in words.addressees if each.get("name")}


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    """Text as it is compared: without case, accents and vowel marks."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
