"""What readers may know of a letter's history: signatures by state and time, and every correction of the count with its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select

from petition.db import db
from petition.errors import N_
from petition.letters.models import Letter
from petition.signatures.directory import SMALLEST_CELL
from petition.signatures.models import Correction, DayTally, Tally

MOST_ROWS = 60  # periods that a page shows

# Why a signature left the published ones or came back, by the class that the ledger keeps.
REASONS = {
    "fake": N_("invented"),
    "joke": N_("a joke"),
    "impersonation": N_("somebody else's name"),
    "abuse": N_("abusive words"),
    "duplicate": N_("signed more than once"),
    "on request": N_("at the signatory's request"),
    "mistake": N_("a mistake of the team, corrected"),
    "reported": N_("reported by readers"),
    "withdrawn": N_("withdrawn by the signatory"),
    "not me": N_("withdrawn: the mailbox's holder had not signed"),
    "screened again": N_("its words were changed"),
    "approve": N_("looked at and accepted"),
    "hold": N_("looked at again by the team"),
    "restore": N_("a decision was undone"),
    "taken back": N_("an import was taken back"),
    "signed here": N_("the signatory confirmed it here and is counted from now on"),
}
OTHER = N_("another reason")


@dataclass(frozen=True)
class Period:
    """Signatures given from one day to another, by kind or state, as they stand now; at least SMALLEST_CELL published ones."""

    first: date
    last: date
    people: int
    organisations: int
    states: dict[str, int] = field(default_factory=dict)  # held, rejected and withdrawn ones


@dataclass(frozen=True)
class Corrected:
    """How many signatures of a kind moved to a state on a day, and why, in words."""

    day: date
    kind: str
    state: str
    reason: str
    count: int


def by_state(letter: Letter) -> dict[tuple[str, str], int]:
    """The number of signatures of each (kind, state)."""
    cells = select(DayTally.kind, DayTally.state, func.sum(DayTally.count)).where(DayTally.letter_id == letter.id)
    return {(kind, state): int(number) for kind, state, number in db.session.execute(cells.group_by(DayTally.kind, DayTally.state))}


def by_version(letter: Letter) -> dict[int, tuple[int, int]]:
    """Published people and organisations by the major number of the version they signed; a correction counts with its version."""
    cells = select(Tally.major, Tally.kind, func.sum(Tally.count)).where(
        Tally.letter_id == letter.id, Tally.state == "published", Tally.origin == "online"
    )
    found: dict[int, Counter[str]] = {}
    for major, kind, number in db.session.execute(cells.group_by(Tally.major, Tally.kind)):
        found.setdefault(major, Counter())[kind] += int(number)
    return {major: (sums["person"], sums["organisation"]) for major, sums in found.items()}


def periods(letter: Letter) -> list[Period]:
    """The letter's history, the newest first; days are put together until none points at a person."""
    cells = select(DayTally.day, DayTally.kind, DayTally.state, func.sum(DayTally.count)).where(DayTally.letter_id == letter.id)
    days: dict[date, Counter[tuple[str, str]]] = {}
    for day, kind, state, number in db.session.execute(cells.group_by(DayTally.day, DayTally.kind, DayTally.state)):
        days.setdefault(day, Counter())[kind, state] += int(number)
    groups: list[tuple[date, date, Counter[tuple[str, str]]]] = []
    # From the oldest on, so that a period that stands does not change when another day passes.
    for day, cell in sorted(days.items()):
        if groups and _points_at_somebody(groups[-1][2]):
            first, _, sums = groups.pop()
            groups.append((first, day, sums + cell))
        else:
            groups.append((day, day, Counter(cell)))
    if len(groups) > 1 and _points_at_somebody(groups[-1][2]):
        _, last, sums = groups.pop()
        first, _, before = groups.pop()
        groups.append((first, last, before + sums))
    return _shown(groups)


def _shown(groups: list[tuple[date, date, Counter[tuple[str, str]]]]) -> list[Period]:
    """The newest periods each for itself, whatever is older as one."""
    newest, older = groups[-MOST_ROWS:], groups[:-MOST_ROWS]
    if older:
        newest.insert(0, (older[0][0], older[-1][1], sum((sums for _, _, sums in older), Counter())))
    return [
        Period(
            first, last, sums["person", "published"], sums["organisation", "published"],
            {state: sums["person", state] + sums["organisation", state] for state in ("held", "rejected", "withdrawn")},
        )
        for first, last, sums in reversed(newest)
    ]  # fmt: skip


def _points_at_somebody(sums: Counter[tuple[str, str]]) -> bool:
    people = sums["person", "published"]
    return people + sums["organisation", "published"] < SMALLEST_CELL or 0 < people < SMALLEST_CELL


def corrections(letter: Letter) -> list[Corrected]:
    """Every change of the count by something else than a new signature, the newest first; all of them."""
    keys = (Correction.day, Correction.kind, Correction.state, Correction.reason_class)
    cells = select(*keys, func.sum(Correction.count)).where(Correction.letter_id == letter.id).group_by(*keys)
    rows = db.session.execute(cells.order_by(Correction.day.desc(), *keys[1:]))
    return [Corrected(day, kind, state, REASONS.get(reason, OTHER), int(number)) for day, kind, state, reason, number in rows if number]
