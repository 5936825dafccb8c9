"""Searching a letter's signatures, exporting them, and what stays hidden even from the team."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient

from petition import audit
from petition.db import db
from tests import factories
from tests.admin import people

SEARCH = "/admin/letters/open-the-road/signatures"
HIDDEN = {
    "name": "Hidden Person",
    "email": "hidden@example.org",
    "visibility": "counted",
    "deliver": "1",
    "consent": "yes",
}


@pytest.mark.parametrize(
    ("query", "found"), [("ana", True), ("ANA SAMPLE", True), ("%", False), ("_na", False), ("nobody", False)]
)
def test_names_are_found_whatever_their_case_and_wildcards_are_literal(
    client: FlaskClient, query: str, found: bool
) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    page = people.browser(people.member("viewer")).get(SEARCH, query_string={"q": query})
    assert ("Ana Sample" in page.text) == found


def test_armenian_names_are_found_in_small_letters(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ARAM)
    assert "Արամ Օրինակյան" in people.browser(people.member("viewer")).get(SEARCH, query_string={"q": "արամ"}).text


def test_a_state_narrows_the_search(client: FlaskClient) -> None:
    people.held_union(client)
    factories.sign(client, **factories.ANA)
    page = people.browser(people.member("viewer")).get(SEARCH, query_string={"state": "held"})
    assert "Sample Union" in page.text
    assert "Ana Sample" not in page.text


@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_somebody_counted_without_a_name_is_found_by_nobody(client: FlaskClient, role: str) -> None:
    factories.letter()
    factories.sign(client, **HIDDEN)
    browser = people.browser(people.member(role))
    public_id = people.signature().public_id
    assert "Nobody was found" in browser.get(SEARCH, query_string={"q": "hidden person"}).text
    assert "Hidden Person" not in browser.get(SEARCH).text + browser.get(f"/admin/signatures/{public_id}").text


def test_a_position_of_another_list_is_refused(client: FlaskClient) -> None:
    people.held_union(client)
    browser = people.browser(people.member("viewer"))
    for address in (SEARCH, "/admin/", "/admin/audit?before=x"):
        separator = "&" if "?" in address else "?"
        assert browser.get(f"{address}{separator}after=nonsense").status_code == 400


def test_the_export_is_a_file_and_is_on_record(client: FlaskClient) -> None:
    people.held_union(client)
    answer = people.browser(people.member("viewer")).get("/admin/letters/open-the-road/export.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="open-the-road.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["organisation"], row["state"], row["email"]) == ("Sample Union of Bakers", "held", "")
    db.session.rollback()
    entry = audit.trail(None)[0]
    assert (entry.action, entry.actor_name, entry.details["addresses"]) == (
        "letter.exported",
        "viewer@team.example.org",
        False,
    )


def test_an_export_of_nonsense_is_refused(client: FlaskClient) -> None:
    factories.letter()
    answer = people.browser(people.member("viewer")).get("/admin/letters/open-the-road/export.csv?state=withdrawn")
    assert answer.status_code == 400
