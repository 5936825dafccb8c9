"""A letter's numbers for its team, by time, country, language, source and decision: sums of tallies, whatever their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Select, case, func, select

from petition.db import db
from petition.letters.models import Letter
from petition.signatures import flow
from petition.signatures.models import CountryTally, DayTally, FlowTally, LanguageTally, Signature

MOST = 60  # bars that a chart shows; more days are put together
HOURS = 72
# The kinds of mail whose scope names the letter: "verify:12" is about letter 12.
MAILS = ("verify", "find", "question", "takeover", "decision", "spike", "milestone", "renew", "news", "follow")
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


@dataclass(frozen=True)
class Hour:
    """The new signatures of one hour, by kind, whatever was decided since."""

    start: datetime
    people: int = 0
    organisations: int = 0


@dataclass(frozen=True)
class Asked:
    """The signing requests of some days, and how many of them were confirmed by now."""

    first: date
    last: date
    asked: int
    confirmed: int

    @property
    def open(self) -> int:
        """Those that nobody confirmed, yet or for good."""
        return max(self.asked - self.confirmed, 0)

    @property
    def rate(self) -> float | None:
        """The share that was confirmed, None where nobody asked."""
        return self.confirmed / self.asked if self.asked > 0 else None


@dataclass(frozen=True)
class Decided:
    """The decisions of the team on some days."""

    first: date
    last: date
    approved: int
    rejected: int


Days = TypeVar("Days", Span, Asked, Decided)


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


def together(days: list[Days], most: int = MOST) -> list[Days]:
    """The same numbers in at most so many spans of equal length, the last one perhaps shorter."""
    length = max(1, -(-len(days) // most))
    return [_sum(days[at : at + length]) for at in range(0, len(days), length)]


def _sum(days: list[Days]) -> Days:
    columns = [each.name for each in fields(days[0]) if each.name not in ("first", "last")]
    return type(days[0])(days[0].first, days[-1].last, **{name: sum(getattr(each, name) for each in days) for name in columns})


def total(days: list[Days]) -> Days | None:
    """All of them as one, None where there are none."""
    return _sum(days) if days else None


def by_country(letter: Letter) -> list[tuple[str, int, int]]:
    """Verified, published entries by country: its code, people and organisations, the most first."""
    cells = select(CountryTally.country, CountryTally.kind, func.sum(CountryTally.count)).where(CountryTally.letter_id == letter.id)
    return _by_kind(cells.group_by(CountryTally.country, CountryTally.kind))


def _by_kind(cells: Select[str, str, int]) -> list[tuple[str, int, int]]:
    found: dict[str, Counter[str]] = {}
    for value, kind, number in db.session.execute(cells):
        found.setdefault(value, Counter())[kind] += int(number)
    rows = [(value, sums["person"], sums["organisation"]) for value, sums in found.items() if sums.total()]
    return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))


def by_hour(letter: Letter, now: datetime) -> list[Hour]:
    """One for each of the last HOURS hours, the present one included."""
    present = now.replace(minute=0, second=0, microsecond=0)
    counted = {kind: _flow(letter, name) for kind, name in flow.HOURS.items()}
    hours = (present - number * timedelta(hours=1) for number in reversed(range(HOURS)))
    return [Hour(each, *(counted[kind][flow.hour(each)] for kind in ("person", "organisation"))) for each in hours]


def by_request(letter: Letter, today: date) -> list[Asked]:
    """One a day, from the first request to today; empty before the first."""
    asked, confirmed = _flow(letter, flow.ASKED), _flow(letter, flow.CONFIRMED)
    return [Asked(day, day, asked[key], confirmed[key]) for day, key in _days({*asked, *confirmed}, today)]


def by_decision(letter: Letter, today: date) -> list[Decided]:
    """One a day, from the first decision to today; empty before the first."""
    approved, rejected = _flow(letter, flow.PUBLISHED), _flow(letter, flow.REJECTED)
    return [Decided(day, day, approved[key], rejected[key]) for day, key in _days({*approved, *rejected}, today)]


def by_wait(letter: Letter) -> list[tuple[str, int]]:
    """How many confirmations came within each bucket of time after the asking; all of them, the shortest first."""
    found = _flow(letter, flow.WAITED)
    return [(name, found[name]) for name in (*flow.WAITS, flow.LONGER)] if found.total() else []


def by_source(letter: Letter) -> list[tuple[str, int]]:
    """New signatures by the tag of the address they came by, the most first; '' is the plain address."""
    return sorted(((tag, number) for tag, number in _flow(letter, flow.SOURCE).items() if number), key=lambda row: (-row[1], row[0]))


def written(letter: Letter) -> int:
    """How many readers said that they have written to whom the letter names."""
    return _flow(letter, flow.WRITTEN).total()


def by_language(letter: Letter) -> list[tuple[str, int, int]]:
    """Verified, published entries by the language of the interface: its code, people and organisations, the most first."""
    cells = select(LanguageTally.language, LanguageTally.kind, func.sum(LanguageTally.count)).where(LanguageTally.letter_id == letter.id)
    return _by_kind(cells.group_by(LanguageTally.language, LanguageTally.kind))


def _flow(letter: Letter, name: str) -> Counter[str]:
    cells = select(FlowTally.key, func.sum(FlowTally.count)).where(FlowTally.letter_id == letter.id, FlowTally.series == name)
    return Counter({key: int(number) for key, number in db.session.execute(cells.group_by(FlowTally.key))})


def _days(keys: set[str], today: date) -> Iterator[tuple[date, str]]:
    if keys:
        first, last = date.fromisoformat(min(keys)), max(date.fromisoformat(max(keys)), today)
        for number in range((last - first).days + 1):
            yield (day := first + number * DAY), day.isoformat()


def oldest_held(letter: Letter) -> date | None:
    """The day on which the signature that waits the longest was given."""
    # Held ones are not listed, which leads straight to the first by the index of the list.
    held = select(Signature.signed_on).where(Signature.letter_id == letter.id, Signature.state == "held", ~Signature.listed)
    return db.session.scalar(held.order_by(Signature.id).limit(1))


def lately(letters: Collection[Letter], today: date) -> dict[int, tuple[int, int]]:
    """Published signatures given today and in the last seven days, by letter; one query for all."""
    day = case((DayTally.day == today, DayTally.count), else_=0)
    cells = select(DayTally.letter_id, func.sum(day), func.sum(DayTally.count)).where(DayTally.letter_id.in_([each.id for each in letters]))
    cells = cells.where(DayTally.state == "published", DayTally.day > today - 7 * DAY, DayTally.day <= today).group_by(DayTally.letter_id)
    found = {number: (int(day), int(week)) for number, day, week in db.session.execute(cells)}
    return {each.id: found.get(each.id, (0, 0)) for each in letters}


def mailed(letter: Letter) -> list[str]:
    """What the mails about a letter are counted under."""
    return [f"{kind}:{letter.id}" for kind in MAILS]
