"""What readers reported is listed for the moderators, who keep an entry or hold it, once."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from petition import audit
from petition.db import db
from petition.signatures.models import Report
from tests import factories
from tests.admin import people
from tests.admin.conftest import Browser

PAGE = "/admin/letters/open-the-road/reported"


@pytest.fixture
def client(sqlite_app: Flask) -> FlaskClient:
    """No database decides this."""
    sqlite_app.test_client_class = Browser
    return sqlite_app.test_client()


def reported(client: FlaskClient) -> str:
    """A person whom one reader reported; returns the public id."""
    factories.letter()
    factories.sign(client, **factories.ANA)
    found = people.signature().public_id
    words = {"reason_class": "impersonation", "words": "She told me that she did not sign."}
    assert client.post(f"/letters/open-the-road/signatories/{found}/report", data=words).status_code == 200
    return found


def settle(found: str, choice: str, page: str = PAGE):  # type: ignore[no-untyped-def]
    return people.post(people.browser(people.member()), page, PAGE, choice=choice, entry=found)


def test_the_list_shows_what_readers_say(client: FlaskClient) -> None:
    found = reported(client)
    moderator = people.browser(people.member())
    assert "Reported entries: 1" in moderator.get("/admin/letters/open-the-road").text
    for page in (PAGE, f"/admin/signatures/{found}"):
        text = moderator.get(page).text
        assert "She told me that she did not sign." in text
        assert "Somebody signed in another" in text
    assert "She told me" not in people.browser(people.member("viewer")).get(f"/admin/signatures/{found}").text


def test_what_is_kept_counts_as_reviewed_and_leaves_the_list(client: FlaskClient) -> None:
    found = reported(client)
    assert settle(found, "keep").status_code == 303
    kept = people.signature()
    assert (kept.state, kept.reports, kept.decided_by) == ("published", 0, "moderator@team.example.org")
    assert "reported" not in kept.flag_codes
    assert db.session.scalar(select(Report)) is None
    assert "Nothing is waiting here" in people.browser(people.member()).get(PAGE).text
    assert audit.of("signature", found)[-1].action == "signature.kept"


def test_what_is_held_keeps_its_reports_for_the_decision(client: FlaskClient) -> None:
    found = reported(client)
    assert settle(found, "hold").status_code == 303
    assert people.signature().state == "held"
    assert "Readers reported it." in people.browser(people.member()).get("/admin/").text
    assert "She told me" in people.browser(people.member()).get(f"/admin/signatures/{found}").text
    people.decision(people.browser(people.member()), found, "reject", reason="Not her.")
    db.session.rollback()
    assert db.session.scalar(select(Report)) is None


@pytest.mark.parametrize("second", ["keep", "hold"])
def test_the_second_moderator_learns_who_settled_it(client: FlaskClient, second: str) -> None:
    found = reported(client)
    settle(found, "hold")
    answer = settle(found, second)
    assert answer.status_code == 409
    assert "moderator@team.example.org decided this" in answer.text


def test_what_nobody_reported_or_offers_is_refused(client: FlaskClient) -> None:
    found = reported(client)
    assert settle(found, "delete").status_code == 422
    factories.letter("another-road")
    assert settle(found, "keep", "/admin/letters/another-road/reported").status_code == 404
    assert settle("nobody", "keep").status_code == 404
    assert people.signature().reports == 1
