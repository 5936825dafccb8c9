"""How a letter is doing: its signatures by day and by country, as charts with their tables, and as files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from flask import Response, make_response, render_template

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import NotFound
from petition.letters.models import Letter
from petition.signatures import directory, series


@bp.get("/letters/<slug>/following")
@gate("viewer")
def following(slug: str) -> str:
    """The charts and tables."""
    found = moderation.letter(member(), slug)
    spans = series.together(series.by_day(found, _today()))
    return render_template(
        "admin/following.html", letter=found, counts=directory.counts(found), spans=spans,
        highest=max((each.published for each in spans), default=0), countries=series.by_country(found),
    )  # fmt: skip


@bp.get("/letters/<slug>/following/<which>.csv")
@gate("viewer")
def series_file(slug: str, which: str) -> Response:
    """One series as CSV: `days` (every one, none put together) or `countries`."""
    found = moderation.letter(member(), slug)
    if which not in _FILES:
        raise NotFound
    lines = (",".join(str(cell) for cell in row) for row in _FILES[which](found))
    response = make_response("\ufeff" + "\r\n".join(lines) + "\r\n")
    response.mimetype = "text/csv"
    response.headers.set("Content-Disposition", "attachment", filename=f"{slug}-{which}.csv")
    return response


def _days(found: Letter) -> Iterable[tuple[object, ...]]:
    yield ("day", *series.COLUMNS)
    for each in series.by_day(found, _today()):
        yield (each.first, *(getattr(each, name) for name in series.COLUMNS))


def _countries(found: Letter) -> Iterable[tuple[object, ...]]:
    yield ("country", "people", "organisations")
    yield from series.by_country(found)


def _today() -> date:
    return datetime.now(UTC).date()


_FILES = {"days": _days, "countries": _countries}
