"""The team follows a letter by day and by country: charts with their tables, and files, all from tallies."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import date, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from petition.signatures import series
from petition.signatures.series import Span
from tests import factories
from tests.admin import people
from tests.waves import NOON, wave

PAGE = "/admin/letters/open-the-road/following"
DAY = timedelta(days=1)


@pytest.fixture
def viewer(client: FlaskClient) -> FlaskClient:
    """A viewer's browser; people and one organisation signed over five days."""
    letter = factories.letter()
    first = NOON.date()
    wave(letter, 3, country="AM", signed_on=first)
    wave(letter, 2, "held", start=10, signed_on=first)
    wave(letter, 4, start=20, country="FR", signed_on=first + 2 * DAY)
    wave(letter, 1, start=30, kind="organisation", organisation="Sample Union", country="FR", signed_on=first + 2 * DAY)
    wave(letter, 1, "rejected", start=40, signed_on=first + 4 * DAY)
    return people.browser(people.member("viewer"))


def rows(browser: FlaskClient, which: str) -> list[list[str]]:
    answer = browser.get(f"{PAGE}/{which}.csv")
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_every_day_is_there_also_those_without_any(viewer: FlaskClient) -> None:
    with time_machine.travel(NOON + 4 * DAY, tick=False):
        browser = people.browser(people.member("viewer"))
        found = rows(browser, "days")
    assert found[0] == ["day", "people", "organisations", "held", "rejected", "withdrawn"]
    assert [row[1:] for row in found[1:]] == [list("30200"), list("00000"), list("41000"), list("00000"), list("00010")]
    assert found[1][0] == NOON.date().isoformat()


def test_countries_come_with_the_most_first(viewer: FlaskClient) -> None:
    assert rows(viewer, "countries") == [["country", "people", "organisations"], ["FR", "4", "1"], ["AM", "3", "0"]]


def test_the_chart_has_its_table_and_no_style_of_its_own(viewer: FlaskClient) -> None:
    with time_machine.travel(NOON + 4 * DAY, tick=False):
        page = people.browser(people.member("viewer")).get(PAGE).text
    chart = page.partition('aria-labelledby="days-caption"')[2].partition("</svg>")[0]
    assert chart.count("<rect") == 3
    assert "The same as a table" in page
    assert "France" in page
    assert "style=" not in page


def test_a_letter_nobody_signed_says_so(sqlite_client: FlaskClient) -> None:
    factories.letter()
    page = people.browser(people.member("viewer")).get(PAGE).text
    assert "Nobody has signed yet." in page
    assert "days-caption" not in page


def test_another_file_is_not_there(viewer: FlaskClient) -> None:
    assert viewer.get(f"{PAGE}/names.csv").status_code == 404


def test_a_long_time_is_put_together_without_losing_any() -> None:
    start = date(2026, 1, 1)
    days = [Span(start + number * DAY, start + number * DAY, people=number) for number in range(365)]
    spans = series.together(days)
    assert len(spans) <= series.MOST
    assert sum(each.people for each in spans) == sum(range(365))
    assert (spans[0].first, spans[-1].last) == (start, start + 364 * DAY)
    assert all(before.last + DAY == after.first for before, after in itertools.pairwise(spans))
    assert series.together(days[:60]) == days[:60]
