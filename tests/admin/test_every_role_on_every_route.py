"""Every admin page for every role, and the team's things for nobody else."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from petition.accounts import ROLES
from petition.audit import COMMAND_LINE
from petition.db import transaction
from petition.letters.models import Letter
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from tests import factories
from tests.admin import people

PAGES = {
    "/admin/": "viewer", "/admin/audit": "viewer", "/admin/letters": "viewer", "/admin/letters/open-the-road": "viewer",
    "/admin/letters/open-the-road/queue": "viewer", "/admin/letters/open-the-road/signatures": "viewer",
    "/admin/letters/open-the-road/export.csv": "viewer", "/admin/signatures/{id}": "viewer",
    "/admin/mail": "moderator",
    "/admin/letters/new": "editor", "/admin/letters/open-the-road/edit/en": "editor",
    "/admin/letters/open-the-road/translate": "editor", "/admin/team": "owner", "/admin/reasons": "editor",
    "/admin/words": "editor", "/admin/letters/open-the-road/protected-names": "editor",
    "/admin/letters/open-the-road/queue?domain=bakers.example.org": "moderator",
    "/admin/letters/open-the-road/bulk": "moderator", "/admin/letters/open-the-road/bulk/new?kind=organisation": "moderator",
    "/admin/bulk/{id}": "moderator", "/admin/spikes": "moderator",
    "/admin/letters/open-the-road/initial": "editor", "/admin/letters/open-the-road/reported": "moderator",
}  # fmt: skip
FORMS = {
    "/admin/signatures/{id}/decision": ("moderator", {"decision": "approve"}),
    "/admin/signatures/{id}/notes": ("moderator", {"note": "Known from the fair."}),
    "/admin/signatures/{id}/questions": ("moderator", {"question": "x"}),
    "/admin/reasons/of/{team}": ("editor", {"words": "Not one of ours.", "reason_class": "fake"}),
    "/admin/reasons/1": ("editor", {"action": "change"}),
    "/admin/signatures/{id}/verification": ("moderator", {"level": "team", "evidence": "The register."}),
    "/admin/takeovers/{takeover}/decision": ("moderator", {"decision": "refuse", "reason": "Unknown to the union."}),
    "/admin/letters/open-the-road/initial": ("editor", {"change": "nonsense"}),
    "/admin/letters/open-the-road/reported": ("moderator", {"choice": "nonsense"}),
    "/admin/letters/open-the-road/status": ("editor", {"status": "paused"}),
    "/admin/letters/open-the-road/edit/en": ("editor", {"source": "nonsense"}),
    "/admin/letters/open-the-road/translate": ("editor", {"source": "nonsense"}),
    "/admin/words/{team}": ("editor", {"language": "en", "joke": "Tess Sample"}),
    "/admin/letters/open-the-road/protected-names": ("editor", {"names": "Tess Sample"}),
    "/admin/letters/new": ("editor", {"source": "nonsense"}),
    "/admin/team/{team}": ("owner", {"name": "Another name"}),
    "/admin/team/{team}/logo": ("owner", {"action": "remove"}),
    "/admin/letters/open-the-road/bulk/new": ("moderator", {"kind": "organisation", "decision": "hold"}),
    "/admin/letters/open-the-road/holding": ("moderator", {"state": "off"}),
    "/admin/bulk/{id}/confirm": ("moderator", {"seen": "1"}),
    "/admin/bulk/{id}/second": ("moderator", {"seen": "1"}),
    "/admin/bulk/{id}/cancel": ("moderator", {}),
    "/admin/bulk/{id}/reverse": ("moderator", {}),
}


def everything(client: FlaskClient) -> str:
    """A held organisation, and a bulk decision under the same id."""
    found = people.held_union(client)
    with transaction() as session:
        letter = session.scalars(select(Letter)).one()
        bulk.store(session, letter, Criteria(kind="organisation"), "approve", actor=COMMAND_LINE, now=factories.now()).public_id = found
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_what_is_its_own_and_no_more(client: FlaskClient, role: str) -> None:
    found = everything(client)
    takeover = people.asked_to_take_over(client)
    who = people.member(role)
    team, browser = str(who.memberships[0].team_id), people.browser(who)
    people.ready_reason(int(team))
    for page, least in PAGES.items():
        expected = 200 if ROLES.index(role) >= ROLES.index(least) else 403
        assert browser.get(page.format(id=found, team=team)).status_code == expected, page
    for address, (least, fields) in FORMS.items():
        answer = people.post(browser, address.format(id=found, team=team, takeover=takeover), **fields)
        allowed = ROLES.index(role) >= ROLES.index(least)
        assert (answer.status_code in (303, 409, 422)) == allowed, (address, answer.status_code)
        assert allowed or answer.status_code == 403, address


def test_another_teams_things_are_not_there(client: FlaskClient) -> None:
    found = everything(client)
    takeover = people.asked_to_take_over(client)
    theirs = str(people.member("viewer").memberships[0].team_id)
    people.ready_reason(int(theirs))
    stranger = people.browser(people.member("owner", "stranger@elsewhere.example.org", team="Another team"))
    for page in PAGES:
        answer = stranger.get(page.format(id=found, team=theirs))
        assert answer.status_code == (200 if "{id}" not in page and "open-the-road" not in page else 404), page
        assert "Sample Union of Bakers" not in answer.text, page
        assert "viewer@team.example.org" not in answer.text, page
    for address, (_, fields) in FORMS.items():
        if address != "/admin/letters/new":
            answer = people.post(stranger, address.format(id=found, team=theirs, takeover=takeover), "/admin/letters", **fields)
            assert answer.status_code == 404, address
    assert people.signature().state == "held"


def test_a_stranger_is_sent_to_log_in(client: FlaskClient) -> None:
    found = everything(client)
    for page in PAGES:
        answer = client.get(page.format(id=found, team="1"))
        assert answer.status_code == 303, page
        assert answer.location.startswith("/admin/login"), page


def test_forms_without_their_token_are_refused(client: FlaskClient) -> None:
    found = everything(client)
    who = people.member("owner")
    browser = people.browser(who)
    for address, (_, fields) in FORMS.items():
        answer = browser.post(address.format(id=found, team=who.memberships[0].team_id, takeover=1), data=fields)
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
