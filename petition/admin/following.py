"""How a letter is doing: its signatures by time, place and source, as charts with their tables, and as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from flask import Response, make_response, render_template
from flask_babel import format_datetime, format_percent

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.admin.mail import STATES
from petition.errors import N_, NotFound
from petition.exports.formats import harmless
from petition.letters.models import Letter
from petition.moderation.undelivered import health
from petition.signatures import directory, flow, series

Rows = Iterable[tuple[object, ...]]

WAITS = {
    "1 min": N_("under 1 minute"), "5 min": N_("1 to 5 minutes"), "15 min": N_("5 to 15 minutes"), "1 h": N_("15 minutes to 1 hour"),
    "6 h": N_("1 to 6 hours"), "1 day": N_("6 hours to 1 day"), flow.LONGER: N_("longer"),
}  # fmt: skip


@bp.get("/letters/<slug>/following")
@gate("viewer")
def following(slug: str) -> str:
    """The charts and tables."""
    found, now = moderation.letter(member(), slug), datetime.now(UTC)
    asked = series.by_request(found, now.date())
    counts = directory.counts(found)
    return render_template(
        "admin/following.html", letter=found, counts=counts, lately=series.lately([found], now.date())[found.id],
        spans=series.together(series.by_day(found, now.date())), hours=series.by_hour(found, now),
        asked=series.together(asked), asked_sum=series.total(asked), waits=series.by_wait(found), wait_words=WAITS,
        countries=series.by_country(found), languages=series.by_language(found), sources=series.by_source(found), other=flow.OTHER,
        decided=series.together(series.by_decision(found, now.date())), oldest=series.oldest_held(found) if counts.held else None,
        health=health(member(), now, found), states=STATES, written=series.written(found), percent=_percent, hour_words=_hour,
    )  # fmt: skip


@bp.get("/letters/<slug>/following/<which>.csv")
@gate("viewer")
def series_file(slug: str, which: str) -> Response:
    """One series as CSV, every day by itself."""
    found = moderation.letter(member(), slug)
    if which not in _FILES:
        raise NotFound
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in _FILES[which](found, datetime.now(UTC)):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    response = make_response("\ufeff" + text.getvalue())
    response.mimetype = "text/csv"
    response.headers.set("Content-Disposition", "attachment", filename=f"{slug}-{which}.csv")
    return response


def _percent(share: float | None) -> str:
    return "–" if share is None else str(format_percent(share))


def _hour(moment: datetime) -> str:
    return str(format_datetime(moment, format="short", rebase=False))


def _days(found: Letter, now: datetime) -> Rows:
    yield ("day", *series.COLUMNS)
    for each in series.by_day(found, now.date()):
        yield (each.first, *(getattr(each, name) for name in series.COLUMNS))


def _hours(found: Letter, now: datetime) -> Rows:
    yield ("hour", "people", "organisations")
    for each in series.by_hour(found, now):
        yield (f"{each.start:%Y-%m-%dT%H:00Z}", each.people, each.organisations)


def _requests(found: Letter, now: datetime) -> Rows:
    yield ("day", "asked", "confirmed")
    for each in series.by_request(found, now.date()):
        yield (each.first, each.asked, each.confirmed)


def _waits(found: Letter, _now: datetime) -> Rows:
    yield ("confirmed within", "count")
    yield from series.by_wait(found)


def _countries(found: Letter, _now: datetime) -> Rows:
    yield ("country", "people", "organisations")
    yield from series.by_country(found)


def _languages(found: Letter, _now: datetime) -> Rows:
    yield ("language", "people", "organisations")
    yield from series.by_language(found)


def _sources(found: Letter, _now: datetime) -> Rows:
    yield ("source", "count")
    yield from series.by_source(found)


def _decisions(found: Letter, now: datetime) -> Rows:
    yield ("day", "approved", "rejected")
    for each in series.by_decision(found, now.date()):
        yield (each.first, each.approved, each.rejected)


def _mail(found: Letter, now: datetime) -> Rows:
    mails = health(member(), now, found)
    states = [*(each for each in STATES if each in mails.states), *(each for each in mails.states if each not in STATES)]
    yield ("domain", *states)
    for domain, numbers in mails.domains:
        yield (domain or "all others", *(numbers.get(state, 0) for state in states))


_FILES: dict[str, Callable[[Letter, datetime], Rows]] = {
    "days": _days, "hours": _hours, "requests": _requests, "waits": _waits, "countries": _countries, "languages": _languages,
    "sources": _sources, "decisions": _decisions, "mail": _mail,
}  # fmt: skip
