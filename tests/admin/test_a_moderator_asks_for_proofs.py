"""A moderator says when a letter asks for a proof, and the trail says so."""

from __future__ import annotations

from flask.testing import FlaskClient

from petition import audit
from petition.db import db
from petition.letters import operations as letters
from tests import factories
from tests.admin import people


def test_a_moderator_switches_the_proof_on_and_off(client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("moderator"))
    page = "/admin/letters/open-the-road"
    assert 'value="auto" checked' in browser.get(page).text
    assert people.post(browser, f"{page}/proof", page, proof="on").status_code == 303
    assert 'value="on" checked' in browser.get(page).text
    assert client.post(factories.SIGN, data=factories.ANA).status_code == 429
    assert people.post(browser, f"{page}/proof", page, proof="auto").status_code == 303
    assert client.post(factories.SIGN, data=factories.ANA).status_code == 303
    assert people.post(browser, f"{page}/proof", page, proof="sometimes").status_code == 404
    db.session.rollback()
    assert letters.find("open-the-road").proof == "auto"
    trail = [(each.details["before"], each.details["after"]) for each in audit.trail(None) if each.action == "letter.proof"]
    assert trail == [("on", "auto"), ("auto", "on")]


def test_a_viewer_is_not_offered_the_switch(client: FlaskClient) -> None:
    factories.letter()
    assert "/proof" not in people.browser(people.member("viewer")).get("/admin/letters/open-the-road").text
