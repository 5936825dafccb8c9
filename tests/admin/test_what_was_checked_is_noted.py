"""The team says how far an organisation was checked, and by what; readers learn the level and the day."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition import audit
from petition.db import db
from tests import factories
from tests.admin import people
from tests.admin.conftest import Browser


@pytest.fixture
def client(sqlite_app: Flask) -> FlaskClient:
    """No database decides this."""
    sqlite_app.test_client_class = Browser
    return sqlite_app.test_client()


def note(public_id: str, level: str, evidence: str = "", role: str = "moderator"):  # type: ignore[no-untyped-def]
    return people.post(
        people.browser(people.member(role)), f"/admin/signatures/{public_id}/verification", level=level, evidence=evidence
    )


def test_approving_is_the_teams_check_and_readers_see_when(client: FlaskClient) -> None:
    people.published_union(client)
    found = people.signature()
    assert (found.level, found.level_at is not None) == ("team", True)
    assert "checked by the team, " in client.get("/letters/open-the-road").text
    assert "checked by the team, " in client.get("/letters/open-the-road/signatories").text
    (row,) = client.get("/api/v1/letters/open-the-road/signatories").json["signatories"]
    assert row["verification"] == "team"
    assert row["verified_on"] == factories.now().date().isoformat()


def test_an_entry_may_be_published_without_saying_that_the_team_checked_it(client: FlaskClient) -> None:
    found = people.held_union(client)
    people.decision(people.browser(people.member()), found, "approve", unchecked="1")
    assert people.signature().level == "domain"
    assert "address at its own domain, " in client.get("/letters/open-the-road").text


def test_undoing_the_approval_takes_the_check_back(client: FlaskClient) -> None:
    found = people.published_union(client)
    people.decision(people.browser(people.member()), found, "restore")
    assert (people.signature().state, people.signature().level) == ("held", "domain")


def test_undoing_a_rejection_leaves_the_check(client: FlaskClient) -> None:
    found = people.published_union(client)
    team = people.browser(people.member())
    people.decision(team, found, "reject", reason="A mistake.")
    people.decision(team, found, "restore")
    assert (people.signature().state, people.signature().level) == ("published", "team")


def test_what_was_looked_at_is_for_the_team_alone(client: FlaskClient) -> None:
    found = people.published_union(client)
    assert note(found, "team", "The register of unions, number 12.").status_code == 303
    assert people.signature().evidence == "The register of unions, number 12."
    assert "number 12" in people.browser(people.member()).get(f"/admin/signatures/{found}").text
    assert "number 12" not in people.browser(people.member("viewer")).get(f"/admin/signatures/{found}").text
    for page in ("", "/signatories", "/integrity"):
        assert "number 12" not in client.get(f"/letters/open-the-road{page}").text
    db.session.rollback()
    entry = audit.of("signature", found)[-1]
    assert (entry.action, entry.details["after"], entry.details["evidence"]) == ("signature.level", "team", True)
    assert "number 12" not in f"{entry.reason} {entry.details}"


def test_the_team_may_lower_a_level_and_the_entry_is_first_no_more(client: FlaskClient) -> None:
    found = people.published_union(client)
    people.post(people.browser(people.member("editor")), "/admin/letters/open-the-road/initial", change="add", entry=found)
    assert people.signature().pinned == 1
    assert note(found, "unverified").status_code == 303
    assert (people.signature().level, people.signature().level_at, people.signature().pinned) == ("unverified", None, None)


@pytest.mark.parametrize("level", ["dns", "", "gold"])
def test_the_team_claims_no_check_that_nobody_made(client: FlaskClient, level: str) -> None:
    found = people.held_union(client)
    assert note(found, level).status_code == 422
    assert people.signature().level == "domain"


@pytest.mark.parametrize("evidence", ["x" * 1001, "a\x00b"])
def test_evidence_that_cannot_be_kept_comes_back(client: FlaskClient, evidence: str) -> None:
    found = people.held_union(client)
    answer = note(found, "team", evidence)
    assert answer.status_code == 422
    assert "evidence-fault" in answer.text


def test_a_person_has_no_level(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    found = people.signature().public_id
    assert note(found, "team").status_code == 409
    assert "How it was checked" not in people.browser(people.member()).get(f"/admin/signatures/{found}").text


def test_a_withdrawn_entry_leaves_no_evidence(client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(client, **factories.UNION)
    note(people.signature().public_id, "team", "The register.")
    client.post(f"/signature/{token}", data={"action": "withdraw"})
    assert (people.signature().evidence, people.signature().level) == ("", "unverified")


def test_entries_from_one_registered_domain_are_pointed_out(client: FlaskClient) -> None:
    found = people.held_union(client)
    guild = {"organisation": "Sample Guild", "website": "https://guild.example.org", "email": "g@example.org"}
    factories.sign(client, **factories.UNION | guild)
    elsewhere = {"organisation": "Sample Order", "website": "https://notexample.org", "email": "o@example.org"}
    factories.sign(client, **factories.UNION | elsewhere)
    page = people.browser(people.member()).get(f"/admin/signatures/{found}").text
    assert "Another entry from the same domain" in page
    assert "Sample Guild" in page
    assert "Sample Order" not in page
