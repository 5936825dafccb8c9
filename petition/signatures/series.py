"""A letter's numbers for its team, by day and by country: sums of tallies, whatever the number of signatures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from petition.db import db
from petition.letters.models import Letter
from petition.signatures.models import CountryTally, DayTally

MOST = 60  # bars that a chart shows; more days are put together
DAY = timedelta(days=1)
COLUMNS = ("people", "organisations", "held", "rejected", "withdrawn")


@dataclass(frozen=True)
class Span:
    """The signatures given from one day to another, as they stand now: published ones by kind, the others by state."""

    first: date
    last: date
    people: int = 0
    organisations: int = 0
    held: int = 0
    rejected: int = 0
    withdrawn: int = 0

    @property
    def published(self) -> int:
        """People and organisations together."""
        return self.people + self.organisations


def by_day(letter: Letter, today: date) -> list[Span]:
    """One span a day, from the first signature to today, days without any included; empty before the first."""
    cells = select(DayTally.day, DayTally.kind, DayTally.state, func.sum(DayTally.count)).where(DayTally.letter_id == letter.id)
    days: dict[date, Counter[str]] = {}
    for day, kind, state, number in db.session.execute(cells.group_by(DayTally.day, DayTally.kind, DayTally.state)):
        column = {"person": "people"}.get(kind, "organisations") if state == "published" else state
        days.setdefault(day, Counter())[column] += int(number)
    if not days:
        return []
    first, last = min(days), max(*days, today)
    every = (first + number * DAY for number in range((last - first).days + 1))
    return [Span(day, day, **dict(days.get(day, Counter()))) for day in every]


def together(days: list[Span], most: int = MOST) -> list[Span]:
    """The same numbers in at most so many spans of equal length, the last one perhaps shorter."""
    length = max(1, -(-len(days) // most))
    return [_sum(days[at : at + length]) for at in range(0, len(days), length)]


def _sum(days: list[Span]) -> Span:
    return Span(days[0].first, days[-1].last, **{name: sum(getattr(each, name) for each in days) for name in COLUMNS})


def by_country(letter: Letter) -> list[tuple[str, int, int]]:
    """Published entries by country: its code, people and organisations, the most first."""
    cells = select(CountryTally.country, CountryTally.kind, func.sum(CountryTally.count)).where(CountryTally.letter_id == letter.id)
    found: dict[str, Counter[str]] = {}
    for country, kind, number in db.session.execute(cells.group_by(CountryTally.country, CountryTally.kind)):
        found.setdefault(country, Counter())[kind] += int(number)
    rows = [(country, sums["person"], sums["organisation"]) for country, sums in found.items() if sums.total()]
    return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))
