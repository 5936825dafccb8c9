"""What readers may know of the signatories: counts from the tallies, and lists read by key, never by offset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, text

from petition.db import db
from petition.errors import BadCursor
from petition.letters.models import Letter
from petition.signatures import levels, screening
from petition.signatures.models import CountryTally, Signature, SigningRequest, Tally

PAGE = 100
LARGEST_PAGE = 500
SMALLEST_CELL = 10  # countries with fewer signatories are merged, so that no cell points at a person
# Here and not an argument of every page that shows names: one that forgot it would give them away.
_nameless: ContextVar[bool] = ContextVar("nameless", default=False)


@contextmanager
def nameless() -> Iterator[None]:
    """While it lasts, every list of signatories is empty, whoever asks; numbers stay."""
    before = _nameless.set(True)
    try:
        yield
    finally:
        _nameless.reset(before)


@dataclass(frozen=True)
class Counts:
    """The numbers of one letter, all from tallies; `total` is people and organisations published online."""

    people: int = 0
    organisations: int = 0
    hidden: int = 0  # of the total, those counted without an entry
    hidden_people: int = 0
    held: int = 0
    rejected: int = 0
    withdrawn: int = 0
    imported: int = 0
    imported_held: int = 0  # of the held, those collected elsewhere
    elsewhere: int = 0  # everything that was ever collected elsewhere, whatever became of it
    earlier: int = 0  # of the total, those who signed an earlier version of the text

    @property
    def total(self) -> int:
        """Verified signatures that are published, shown by name or not."""
        return self.people + self.organisations

    @property
    def waiting(self) -> int:
        """Those who signed here and wait for the team: what the total may still grow by."""
        return self.held - self.imported_held


@dataclass(frozen=True)
class Entry:
    """One signatory as readers see it."""

    id: str
    kind: str
    name: str  # the organisation's name, the person's name or their initials
    affiliation: str = ""
    role: str = ""
    website: str = ""
    country: str = ""
    comment: str = ""
    signed_on: date | None = None
    verification: str = "email"  # what was checked: imported, email, domain, dns or team
    verified_on: date | None = None
    latin_name: str = ""  # of an organisation, where it gave one


@dataclass(frozen=True)
class Page:
    """One page of entries and the cursor of the next, None on the last."""

    entries: list[Entry] = field(default_factory=list)
    next: str | None = None


def counts(letter: Letter) -> Counts:
    """The letter's numbers; costs the same for ten signatures and ten million."""
    return counts_of([letter])[letter.id]


def counts_of(letters: Sequence[Letter]) -> dict[int, Counts]:
    """The numbers of several letters, by the letter, in one question."""
    current = {each.id: each.version.major for each in letters}
    cell = (Tally.letter_id, Tally.kind, Tally.origin, Tally.state, Tally.visibility, Tally.major)
    names = [each.name for each in fields(Counts)]
    found = {number: dict.fromkeys(names, 0) for number in current}
    cells = select(*cell, func.sum(Tally.count)).where(Tally.letter_id.in_(current)).group_by(*cell)
    for letter_id, kind, origin, state, visibility, major, count in db.session.execute(cells):
        numbers, count = found[letter_id], int(count)
        numbers["elsewhere"] += count if origin == "imported" else 0
        if state != "published":
            numbers[state] += count
            numbers["imported_held"] += count if (origin, state) == ("imported", "held") else 0
        elif origin == "imported":
            numbers["imported"] += count
        else:
            numbers["people" if kind == "person" else "organisations"] += count
            if visibility == "counted":
                numbers["hidden"] += count
                numbers["hidden_people"] += count if kind == "person" else 0
            if major < current[letter_id]:
                numbers["earlier"] += count
    return {number: Counts(**numbers) for number, numbers in found.items()}


def anybody(letter_id: int) -> bool:
    """Whether anybody signed or asked to, so that the text they saw may no longer change silently."""
    signed = select(Signature.id).where(Signature.letter_id == letter_id).limit(1)
    asked = select(SigningRequest.id).where(SigningRequest.letter_id == letter_id).limit(1)
    return db.session.scalar(signed) is not None or db.session.scalar(asked) is not None


def countries(letter: Letter) -> list[tuple[str, int]]:
    """(code, number) of the countries with at least SMALLEST_CELL verified signatories, the largest first; '' holds the rest."""
    if letter.protected:
        return []
    cells = select(CountryTally.country, func.sum(CountryTally.count)).where(CountryTally.letter_id == letter.id)
    sums = [(str(code), int(number)) for code, number in db.session.execute(cells.group_by(CountryTally.country)) if number]
    large = sorted((cell for cell in sums if cell[1] >= SMALLEST_CELL), key=lambda cell: (-cell[1], cell[0]))
    rest = sum(number for _, number in sums) - sum(number for _, number in large)
    return [*large, ("", rest)] if rest else large


def signatories(
    letter: Letter, *, kind: str = "", country: str = "", query: str = "", after: str = "", limit: int = PAGE,
    besides_initial: bool = False, online: bool = False,
) -> Page:  # fmt: skip
    """Entries on display, the newest first, on request without the initial signatories or only those who signed here.

    Of a protected letter there are none.

    Raises BadCursor for an `after` that no list of this letter handed out. `limit` is clamped to LARGEST_PAGE.
    """
    if letter.protected or _nameless.get():
        return Page()
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = select(Signature).where(Signature.letter_id == letter.id, Signature.state == "published", Signature.listed)
    if kind:
        rows = rows.where(Signature.kind == kind)
    if country:
        rows = _from_country(rows, letter, country)
    if query:
        rows = rows.where(named(query))
    if online:
        rows = rows.where(text("signature.origin = 'online'"))  # in the words of its index
    if besides_initial:
        rows = rows.where(Signature.pinned.is_(None))
    if after:
        rows = rows.where(Signature.id < _position(letter, after))
    found = list(db.session.scalars(rows.order_by(Signature.id.desc()).limit(limit + 1)))
    return Page([entry(each) for each in found[:limit]], found[limit - 1].public_id if len(found) > limit else None)


def initial(letter: Letter) -> list[Entry]:
    """The initial signatories in the team's order; of a protected letter none."""
    if letter.protected or _nameless.get():
        return []
    rows = select(Signature).where(Signature.letter_id == letter.id, Signature.pinned.is_not(None), Signature.listed)
    return [entry(each) for each in db.session.scalars(rows.order_by(Signature.pinned, Signature.id))]


def named(query: str) -> ColumnElement[bool]:
    """Finds any part of the names on display, in any case; wildcards are literal."""
    return Signature.search_text.like(f"%{_literal(screening.fold_name(query))}%", escape="\\")


def _from_country(rows: Select[Signature], letter: Letter, country: str) -> Select[Signature]:
    # Filtering by a small country would tell what merging it hides.
    shown = {code for code, _ in countries(letter) if code}
    # Nor is anybody found by a country that their own entry does not show.
    rows = rows.where(or_(Signature.kind == "organisation", Signature.visibility == "public"))
    if country in shown:
        return rows.where(Signature.country == country)
    return rows.where(Signature.country.not_in(shown), Signature.country != "") if country == "other" else rows.where(Signature.id < 0)


def _position(letter: Letter, after: str) -> int:
    if len(after) > 64 or not after.isascii():
        raise BadCursor
    found = db.session.scalar(select(Signature.id).where(Signature.public_id == after, Signature.letter_id == letter.id))
    if found is None:
        raise BadCursor
    return found


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def entry(signature: Signature) -> Entry:
    """A signature as readers see it."""
    checked = _checked(signature)
    if signature.kind == "organisation":
        return Entry(
            signature.public_id, "organisation", signature.organisation, role=signature.role, website=signature.website,
            country=signature.country, comment=signature.comment, signed_on=signature.signed_on, latin_name=signature.latin_name, **checked,
        )  # fmt: skip
    if signature.visibility == "initials":
        return Entry(signature.public_id, "person", initials(signature.name), signed_on=signature.signed_on, **checked)
    return Entry(
        signature.public_id, "person", signature.name, affiliation=signature.organisation, role=signature.role,
        country=signature.country, comment=signature.comment, signed_on=signature.signed_on, **checked,
    )  # fmt: skip


def _checked(signature: Signature) -> dict[str, Any]:
    """What was checked of a signature, and on which day."""
    verification = levels.verification(signature)
    days = {"imported": None, "email": signature.signed_on}
    reached = signature.level_at.date() if signature.level_at is not None else None
    return {"verification": verification, "verified_on": days.get(verification, reached)}


def initials(name: str) -> str:
    """'M. K.' for 'Mariam K.': the first letter of every word, however it is written."""
    first = (next((letter for letter in word if letter.isalnum()), "") for word in name.split())
    return " ".join(f"{letter.upper()}." for letter in first if letter)
