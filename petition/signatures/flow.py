"""How signatures come in, counted as it happens: asked, confirmed, how soon, in which hour, by which link; never by whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.db import serialise, transaction
from petition.letters.models import Letter
from petition.signatures import transitions
from petition.signatures.models import FlowTally, SigningRequest

# What is counted, by what: a day (2026-07-01), an hour (2026-07-01T12), a bucket of WAITS, or a tag.
ASKED, CONFIRMED = "asked", "confirmed"  # requests, and those of them that were confirmed, by the day of asking
WAITED = "waited"  # confirmations, by how long after the asking
SOURCE = "source"  # new signatures, by the tag of the address
HOURS = {"person": "people an hour", "organisation": "entries an hour"}  # new signatures, by the hour of confirming
PUBLISHED, REJECTED = "published", "rejected"  # decisions of the team, by day (written by `transitions`)
WRITTEN = "written"  # readers who said that they have written to somebody, by day
SERIES = (ASKED, CONFIRMED, WAITED, SOURCE, *HOURS.values(), PUBLISHED, REJECTED, WRITTEN)

WAITS = {
    "1 min": timedelta(minutes=1), "5 min": timedelta(minutes=5), "15 min": timedelta(minutes=15), "1 h": timedelta(hours=1),
    "6 h": timedelta(hours=6), "1 day": timedelta(days=1),
}  # fmt: skip
LONGER = "longer"
MOST_TAGS = 50  # of one letter that have a name of their own
OTHER = "other"
HOURS_KEPT = timedelta(days=4)


def asked(session: Session, row: SigningRequest) -> None:
    """Count a new signing request."""
    transitions.add(session, {(FlowTally, row.letter_id, ASKED, _day(row)): 1})


def confirmed(session: Session, found: SigningRequest, settled: Iterable[SigningRequest], now: datetime, *, new: bool) -> None:
    """Count a confirmation, and as one request all that it settles; what it came by and when only of a `new` signature.

    The request's row must not be gone yet, and whoever calls holds the letter's signature.
    """
    letter = found.letter_id
    cells: Counter[tuple[Any, ...]] = Counter()
    cells.subtract((FlowTally, letter, ASKED, _day(each)) for each in settled if each.id != found.id)
    cells[FlowTally, letter, CONFIRMED, _day(found)] += 1
    cells[FlowTally, letter, WAITED, bucket(now - found.created_at)] += 1
    if new:
        cells[FlowTally, letter, HOURS[found.kind], hour(now)] += 1
        cells[FlowTally, letter, SOURCE, _source(session, found)] += 1
    transitions.add(session, cells)


def wrote(letter: Letter, now: datetime) -> None:
    """Count somebody who says that they have written to whom the letter names."""
    with transaction() as session:
        transitions.add(session, {(FlowTally, letter.id, WRITTEN, now.date().isoformat()): 1})


def bucket(waited: timedelta) -> str:
    """The bucket that a time to confirm falls into; a clock that was set back makes it none at all."""
    return next((name for name, end in WAITS.items() if waited < end), LONGER)


def hour(now: datetime) -> str:
    """The key of an hour."""
    return f"{now:%Y-%m-%dT%H}"


def _day(row: SigningRequest) -> str:
    return row.created_at.date().isoformat()


def _source(session: Session, found: SigningRequest) -> str:
    """The tag that a signature counts under: its own while the letter has room for it."""
    if not found.source:
        return ""
    tags = _tags(session, found.letter_id)
    if found.source not in tags and len(tags) < MOST_TAGS:
        serialise(session, "tags", found.letter_id)  # several must not take the last place
        tags = _tags(session, found.letter_id)
    return found.source if found.source in tags or len(tags) < MOST_TAGS else OTHER


def _tags(session: Session, letter_id: int) -> set[str]:
    named = select(FlowTally.key).where(FlowTally.letter_id == letter_id, FlowTally.series == SOURCE)
    return set(session.scalars(named.where(FlowTally.key.not_in(("", OTHER))).distinct()))
