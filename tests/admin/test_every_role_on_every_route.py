"""Every admin page for every role, and the team's things for nobody else."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from petition.accounts import ROLES
from tests import factories
from tests.admin import people

PAGES = {
    "/admin/": "viewer", "/admin/audit": "viewer", "/admin/letters": "viewer", "/admin/letters/open-the-road": "viewer",
    "/admin/letters/open-the-road/queue": "viewer", "/admin/letters/open-the-road/signatures": "viewer",
    "/admin/letters/open-the-road/export.csv": "viewer", "/admin/signatures/{id}": "viewer",
    "/admin/lists": "moderator", "/admin/letters/open-the-road/lists": "moderator",
    "/admin/mail": "moderator", "/admin/letters/new": "editor", "/admin/letters/open-the-road/edit/en": "editor",
    "/admin/letters/open-the-road/translate": "editor", "/admin/team": "owner",
}  # fmt: skip
RULE = {"action": "add", "verdict": "block", "kind": "domain", "pattern": "example.com", "reason": "A wave."}
FORMS = {
    "/admin/letters/open-the-road/lists": ("moderator", RULE),
    "/admin/lists": ("moderator", RULE | {"scope": "team:1"}),
    "/admin/lists/1/remove": ("moderator", {}),
    "/admin/signatures/{id}/decision": ("moderator", {"decision": "approve"}),
    "/admin/letters/open-the-road/status": ("editor", {"status": "paused"}),
    "/admin/letters/open-the-road/edit/en": ("editor", {"source": "nonsense"}),
    "/admin/letters/open-the-road/translate": ("editor", {"source": "nonsense"}),
    "/admin/letters/new": ("editor", {"source": "nonsense"}),
    "/admin/team/{team}": ("owner", {"name": "Another name"}),
    "/admin/team/{team}/logo": ("owner", {"action": "remove"}),
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_what_is_its_own_and_no_more(client: FlaskClient, role: str) -> None:
    found = people.held_union(client)
    who = people.member(role)
    team, browser = str(who.memberships[0].team_id), people.browser(who)
    for page, least in PAGES.items():
        expected = 200 if ROLES.index(role) >= ROLES.index(least) else 403
        assert browser.get(page.format(id=found, team=team)).status_code == expected, page
    for address, (least, fields) in FORMS.items():
        answer = people.post(browser, address.format(id=found, team=team), **fields)
        allowed = ROLES.index(role) >= ROLES.index(least)
        assert (answer.status_code in (303, 422)) == allowed, (address, answer.status_code)
        assert allowed or answer.status_code == 403, address


def test_another_teams_things_are_not_there(client: FlaskClient) -> None:
    found = people.held_union(client)
    theirs = str(people.member("viewer").memberships[0].team_id)
    stranger = people.browser(people.member("owner", "stranger@elsewhere.example.org", team="Another team"))
    for page in PAGES:
        answer = stranger.get(page.format(id=found, team=theirs))
        assert answer.status_code == (200 if "{id}" not in page and "open-the-road" not in page else 404), page
        assert "Sample Union of Bakers" not in answer.text, page
        assert "viewer@team.example.org" not in answer.text, page
    for address, (_, fields) in FORMS.items():
        if address != "/admin/letters/new":
            answer = people.post(stranger, address.format(id=found, team=theirs), "/admin/letters", **fields)
            assert answer.status_code == 404, address
    assert people.signature().state == "held"


def test_a_stranger_is_sent_to_log_in(client: FlaskClient) -> None:
    found = people.held_union(client)
    for page in PAGES:
        answer = client.get(page.format(id=found, team="1"))
        assert answer.status_code == 303, page
        assert answer.location.startswith("/admin/login"), page


def test_forms_without_their_token_are_refused(client: FlaskClient) -> None:
    found = people.held_union(client)
    who = people.member("owner")
    browser = people.browser(who)
    for address, (_, fields) in FORMS.items():
        answer = browser.post(address.format(id=found, team=who.memberships[0].team_id), data=fields)
        assert answer.status_code == 400, address
    assert browser.post("/admin/login", data={"email": who.email, "password": people.PASSWORD}).status_code == 400
    assert browser.post("/admin/logout").status_code == 400
    assert browser.get("/admin/").status_code == 200
    assert people.signature().state == "held"


@pytest.mark.parametrize(
    ("role", "shown"), [("viewer", False), ("moderator", False), ("editor", False), ("owner", True)]
)
def test_addresses_are_for_owners(client: FlaskClient, role: str, shown: bool) -> None:
    found = people.held_union(client)
    factories.sign(client, **(factories.ANA | {"updates": "1"}))
    browser = people.browser(people.member(role))
    pages = [
        f"/admin/signatures/{found}",
        "/admin/letters/open-the-road/signatures",
        "/admin/letters/open-the-road/export.csv",
        "/admin/",
    ]
    text = "".join(browser.get(page).text for page in pages)
    assert ("rita@bakers.example.org" in text) == shown
    assert ("ana@example.org" in text) == shown


def test_the_public_pages_set_no_cookie_and_read_none(client: FlaskClient) -> None:
    factories.letter()
    people.enter(client, people.member("owner"))
    plain = client.application.test_client()
    for page in (
        "/",
        "/letters/open-the-road",
        "/letters/open-the-road/sign",
        "/letters/open-the-road/signatories",
        "/about",
        "/privacy",
        "/nowhere",
        "/api/v1/letters",
    ):
        for browser in (client, plain):
            answer = browser.get(page)
            assert "Set-Cookie" not in answer.headers, page
            assert "Cookie" not in answer.headers.get("Vary", ""), page
