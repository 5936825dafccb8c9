"""The team follows a letter by day and by country: charts with their tables, and files, all from tallies."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import date, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from petition.db import transaction
from petition.outbox import tally
from petition.signatures import series
from petition.signatures.series import Span
from tests import factories
from tests.admin import people
from tests.checks import check_page
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


def test_decisions_are_counted_by_day_also_those_undone_later(client: FlaskClient) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        found = people.held_union(client)
        team = people.browser(people.member())
        people.decision(team, found, "approve")
        people.decision(team, found, "restore")
        clock.shift(2 * DAY)
        team = people.browser(people.member())
        people.decision(team, found, "reject", reason="Unknown.", reason_class="fake")
        day = [(NOON.date() + number * DAY).isoformat() for number in range(3)]
        expected = [["day", "approved", "rejected"], [day[0], "1", "0"], [day[1], "0", "0"], [day[2], "0", "1"]]
        assert rows(team, "decisions") == expected
        assert 'aria-labelledby="decided-caption"' in team.get(PAGE).text


def test_every_series_has_its_table_and_its_file(sqlite_client: FlaskClient) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        factories.letter()
        factories.ask(sqlite_client, **factories.ANA, s="newsletter")
        clock.shift(timedelta(minutes=7))
        sqlite_client.post(f"/signature/{factories.last_token()}", data={"action": "confirm"})
        factories.ask(sqlite_client, **factories.ARAM)
        with transaction() as session:
            for number in range(12):
                tally.count(session, "verify:1", "gmail.com" if number < 10 else f"small{number}.example.org", "sent", NOON)
            tally.count(session, "verify:1:abc", "gmail.com", "quarantined", NOON)
            tally.count(session, "verify:2", "gmail.com", "failed", NOON)
        team = people.browser(people.member("viewer"))
        page = team.get(PAGE)
        check_page(page)
        found = {which: rows(team, which) for which in ("hours", "requests", "waits", "languages", "sources", "mail")}
    today = NOON.date().isoformat()
    assert found["hours"][-1] == [f"{today}T12:00Z", "1", "0"]
    assert len(found["hours"]) == 73
    assert found["requests"] == [["day", "asked", "confirmed"], [today, "2", "1"]]
    assert [row for row in found["waits"] if row[1] == "1"] == [["15 min", "1"]]
    assert found["languages"] == [["language", "people", "organisations"], ["en", "1", "0"]]
    assert found["sources"] == [["source", "count"], ["newsletter", "1"]]
    assert found["mail"] == [["domain", "sent", "quarantined"], ["gmail.com", "10", "1"], ["all others", "2", "0"]]
    assert "2 asked to sign, and 1 of them confirmed from their mailbox: 50%." in page.text
    assert "2 mails wait to be sent." in page.text
    assert "small10" not in page.text
    for which in ("hours", "asked", "days"):
        assert f'role="img" aria-labelledby="{which}-caption"' in page.text


def test_the_list_of_letters_shows_what_is_new(sqlite_client: FlaskClient) -> None:
    with time_machine.travel(NOON, tick=False):
        letter = factories.letter()
        for days, number in ((0, 2), (6, 3), (7, 4)):
            wave(letter, number, start=10 * days, signed_on=NOON.date() - days * DAY)
        page = people.browser(people.member("viewer")).get("/admin/letters").text
    assert re.findall(r'<td class="number">(?:<span dir="ltr">)?([^<]*)<', page) == ["9", "0", "+2", "+5"]


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
