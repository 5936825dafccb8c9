"""Every admin page for every role, and the team's things for nobody else."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from petition import deliveries, exports
from petition.accounts import ROLES, Member, TeamSession, sessions
from petition.audit import COMMAND_LINE
from petition.db import transaction
from petition.letters.models import Letter
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from petition.updates.models import Update, UpdateText
from petition.webhooks.models import Webhook
from tests import factories, importing
from tests.admin import people

PAGES = {
    "/admin/": "viewer", "/admin/audit": "viewer", "/admin/letters": "viewer", "/admin/letters/open-the-road": "viewer",
    "/admin/letters/open-the-road/queue": "viewer", "/admin/letters/open-the-road/signatures": "viewer",
    "/admin/letters/open-the-road/following": "viewer", "/admin/letters/open-the-road/following/days.csv": "viewer",
    "/admin/letters/open-the-road/files.zip": "viewer", "/admin/letters/open-the-road/export.csv": "viewer",
    "/admin/signatures/{id}": "viewer",
    "/admin/mail": "moderator",
    "/admin/letters/new": "editor", "/admin/letters/open-the-road/edit/en": "editor",
    "/admin/letters/open-the-road/edit": "editor", "/admin/letters/open-the-road/edit/en/file": "editor",
    "/admin/letters/open-the-road/settings": "editor", "/admin/letter-files": "editor",
    "/admin/letters/open-the-road/passing-on": "editor", "/admin/letters/open-the-road/contacts.csv": "editor",
    "/admin/letters/open-the-road/translate": "editor", "/admin/team": "owner", "/admin/reasons": "editor",
    "/admin/words": "editor", "/admin/letters/open-the-road/protected-names": "editor",
    "/admin/letters/open-the-road/queue?domain=bakers.example.org": "moderator",
    "/admin/letters/open-the-road/bulk": "moderator", "/admin/letters/open-the-road/bulk/new?kind=organisation": "moderator",
    "/admin/bulk/{id}": "moderator", "/admin/spikes": "moderator",
    "/admin/letters/open-the-road/initial": "editor", "/admin/letters/open-the-road/reported": "moderator",
    "/admin/account": "viewer", "/admin/audit/export": "owner", "/admin/limits": "owner",
    "/admin/lists": "moderator", "/admin/letters/open-the-road/lists": "moderator",
    "/admin/letters/open-the-road/updates": "viewer", "/admin/letters/open-the-road/updates/new": "editor",
    "/admin/letters/open-the-road/updates/{id}": "editor", "/admin/letters/open-the-road/updates/{id}/preview": "editor",
    "/admin/letters/open-the-road/imports": "editor", "/admin/imports/{import}": "editor",
    "/admin/webhooks": "owner", "/admin/webhooks/{hook}": "owner",
    "/admin/letters/open-the-road/exports": "viewer", "/admin/letters/open-the-road/deliveries": "viewer",
    "/admin/deliveries/{delivery}": "viewer",
}  # fmt: skip
RULE = {"action": "add", "verdict": "block", "kind": "domain", "pattern": "example.com", "reason": "A wave."}
FORMS = {
    "/admin/letters/open-the-road/lists": ("moderator", RULE),
    "/admin/lists": ("moderator", RULE | {"scope": "team:1"}),
    "/admin/lists/1/remove": ("moderator", {}),
    "/admin/letters/open-the-road/imports": ("editor", {}),
    "/admin/webhooks": ("owner", {"team": "{team}"}),
    "/admin/webhooks/{hook}/test": ("owner", {}),
    "/admin/imports/{import}/confirm": ("editor", {}),
    "/admin/imports/{import}/take-back": ("editor", {}),
    "/admin/imports/{import}/discard": ("editor", {}),
    "/admin/signatures/{id}/decision": ("moderator", {"decision": "approve"}),
    "/admin/signatures/{id}/notes": ("moderator", {"note": "Known from the fair."}),
    "/admin/signatures/{id}/questions": ("moderator", {"question": "x"}),
    "/admin/reasons/of/{team}": ("editor", {"words": "Not one of ours.", "reason_class": "fake"}),
    "/admin/reasons/1": ("editor", {"action": "change"}),
    "/admin/signatures/{id}/verification": ("moderator", {"level": "team", "evidence": "The register."}),
    "/admin/takeovers/{takeover}/decision": ("moderator", {"decision": "refuse", "reason": "Unknown to the union."}),
    "/admin/letters/open-the-road/initial": ("editor", {"change": "nonsense"}),
    "/admin/letters/open-the-road/reported": ("moderator", {"choice": "nonsense"}),
    "/admin/letters/open-the-road/proof": ("moderator", {"proof": "on"}),
    "/admin/letters/open-the-road/duplicate": ("editor", {"to": "another-road"}),
    "/admin/letters/open-the-road/preview": ("editor", {"action": "share"}),
    "/admin/account/language": ("viewer", {"language": "hy"}),
    "/admin/letters/open-the-road/status": ("editor", {"status": "paused"}),
    "/admin/letters/open-the-road/gathering": ("editor", {"action": "start"}),
    "/admin/letters/open-the-road/schedule": ("editor", {"at": "2030-01-01T09:00"}),
    "/admin/letters/open-the-road/ask-again": ("editor", {}),
    "/admin/letters/open-the-road/archive": ("editor", {"action": "away"}),
    "/admin/letters/open-the-road/edit": ("editor", {"title": ""}),
    "/admin/letters/open-the-road/edit/en": ("editor", {"title": ""}),
    "/admin/letters/open-the-road/edit/en/file": ("editor", {"source": "nonsense"}),
    "/admin/letters/open-the-road/settings": ("editor", {"goal": "nonsense"}),
    "/admin/letters/open-the-road/passing-on": ("editor", {"text-en": "Read it."}),
    "/admin/letters/open-the-road/contacts": ("editor", {"action": "remove"}),
    "/admin/letter-files": ("editor", {"name": "open-the-road.en.md", "source": "nonsense"}),
    "/admin/words/{team}": ("editor", {"language": "en", "joke": "Tess Sample"}),
    "/admin/letters/open-the-road/protected-names": ("editor", {"names": "Tess Sample"}),
    "/admin/letters/new": ("editor", {"source": "nonsense"}),
    "/admin/letters/open-the-road/updates/new": ("editor", {"title.en": "News", "body.en": "It opens."}),
    "/admin/letters/open-the-road/updates/{id}": ("editor", {"title.en": "News", "body.en": "It opens.", "revision": "0"}),
    "/admin/letters/open-the-road/updates/{id}/publish": ("editor", {"mail": "1"}),
    "/admin/letters/open-the-road/updates/last-call": ("editor", {"last_call": "off"}),
    "/admin/team/{team}": ("owner", {"name": "Another name"}),
    "/admin/team/{team}/logo": ("owner", {"action": "remove"}),
    "/admin/letters/open-the-road/bulk/new": ("moderator", {"kind": "organisation", "decision": "hold"}),
    "/admin/letters/open-the-road/holding": ("moderator", {"state": "off"}),
    "/admin/bulk/{id}/confirm": ("moderator", {"seen": "1"}),
    "/admin/bulk/{id}/second": ("moderator", {"seen": "1"}),
    "/admin/bulk/{id}/cancel": ("moderator", {}),
    "/admin/bulk/{id}/reverse": ("moderator", {}),
    "/admin/letters/open-the-road/exports": ("viewer", {"format": "pdf"}),
    "/admin/letters/open-the-road/deliveries": ("editor", {"addressee": "The Sample Council", "language": "en"}),
    "/admin/deliveries/{delivery}": ("editor", {"delivered_on": "nonsense"}),
    "/admin/deliveries/{delivery}/files": ("editor", {}),
    "/admin/account/sessions": ("viewer", {"session": "{session}"}),
    "/admin/account/mail": ("viewer", {"digest": "weekly"}),
    "/admin/team/{team}/invite": ("owner", {"email": "new@example.org", "role": "viewer"}),
    "/admin/team/{team}/members/{other}/role": ("owner", {"role": "editor"}),
    "/admin/team/{team}/members/{other}/sessions": ("owner", {}),
    "/admin/team/{team}/members/{other}/reset": ("owner", {}),
    "/admin/team/{team}/members/{other}/remove": ("owner", {}),
}
# Forms that are about nobody else's things.
OWN = ("/admin/letters/new", "/admin/letter-files", "/admin/account/sessions", "/admin/account/mail", "/admin/account/language")


def filled(client: FlaskClient) -> dict[str, str]:
    """Something of everything, and what the addresses need to name it; a bulk decision has the id of the held organisation."""
    found = people.held_union(client)
    takeover = people.asked_to_take_over(client)
    with transaction() as writing:
        letter = writing.scalars(select(Letter)).one()
        bulk.store(writing, letter, Criteria(kind="organisation"), "approve", actor=COMMAND_LINE, now=factories.now()).public_id = found
        writing.add(Update(
            public_id=found, letter_id=letter.id, created_at=factories.now(), changed_at=factories.now(),
            texts=[UpdateText(language="en", title="News", body="The road is open.")],
        ))  # fmt: skip
    other = people.member("viewer", "other@team.example.org")
    people.ready_reason(other.memberships[0].team_id)
    session = sessions.begin(people.member("owner").id, factories.now())
    delivery = deliveries.prepare(
        people.member("owner", "sender@team.example.org"), letter, "The Sample Council", choice=exports.choose(letter), language="en",
        handed=False, now=factories.now(),
    ).delivery  # fmt: skip
    assert delivery is not None
    names = {"delivery": delivery.reference, "id": found, "other": str(other.id), "session": sessions.digest(session)}
    names["team"] = str(other.memberships[0].team_id)
    return names | {"takeover": str(takeover), "import": importing.read(letter, importing.PAPER).batch, "hook": hook(other)}


def hook(someone: Member) -> str:
    """A webhook of their team; returns its public id."""
    with transaction() as session:
        made = Webhook(
            team_id=someone.memberships[0].team_id, url="https://hooks.example.com/", events=[], created_at=factories.now(), created_by="x",
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.public_id


def test_no_route_is_left_out(sqlite_app: Flask) -> None:
    names = dict.fromkeys(("id", "team", "other", "session", "takeover", "import", "hook", "delivery"), "1")
    adapter = sqlite_app.url_map.bind("localhost")
    looked_at = {
        (method, adapter.match(address.partition("?")[0].format(**names), method)[0])
        for method, known in (("GET", PAGES), ("POST", FORMS)) for address in known
    }  # fmt: skip
    there = {
        (method, rule.endpoint) for rule in sqlite_app.url_map.iter_rules() if rule.endpoint.startswith("admin.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }  # fmt: skip
    # For owners of the installation only, or for the one member who asked for a file: their own tests have every role.
    apart = {("POST", "admin.set_limit"), ("GET", "admin.prepared"), ("GET", "admin.prepared_file")}
    assert there - looked_at - apart == set(), "name the role that each of these is for, in PAGES or FORMS"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_what_is_its_own_and_no_more(client: FlaskClient, role: str) -> None:
    names = filled(client)
    who = people.member(role)
    with transaction() as session:  # whoever asks has a second session to end
        names["session"] = "0" * 64
        session.add(TeamSession(digest=names["session"], member_id=who.id, began_at=factories.now(), seen_at=factories.now()))
    browser = people.browser(who)
    for page, least in PAGES.items():
        expected = 200 if ROLES.index(role) >= ROLES.index(least) else 403
        assert browser.get(page.format(**names)).status_code == expected, page
    for address, (least, fields) in FORMS.items():
        answer = people.post(browser, address.format(**names), **{name: value.format(**names) for name, value in fields.items()})
        allowed = ROLES.index(role) >= ROLES.index(least)
        assert (answer.status_code in (303, 409, 422)) == allowed, (address, answer.status_code)
        assert allowed or answer.status_code == 403, address


def test_another_teams_things_are_not_there(client: FlaskClient) -> None:
    names = filled(client)
    people.member("viewer")
    stranger = people.browser(people.member("owner", "stranger@elsewhere.example.org", team="Another team"))
    for page in PAGES:
        answer = stranger.get(page.format(**names))
        assert answer.status_code == (404 if "{" in page or "open-the-road" in page else 200), page
        assert "Sample Union of Bakers" not in answer.text, page
        assert "viewer@team.example.org" not in answer.text, page
    for address, (_, fields) in FORMS.items():
        if address not in OWN:
            answer = people.post(stranger, address.format(**names), "/admin/letters", **fields)
            assert answer.status_code == 404, address
    assert people.signature().state == "held"


def test_a_stranger_is_sent_to_log_in(client: FlaskClient) -> None:
    names = filled(client)
    for page in PAGES:
        answer = client.get(page.format(**names))
        assert answer.status_code == 303, page
        assert answer.location.startswith("/admin/login"), page


def test_forms_without_their_token_are_refused(client: FlaskClient) -> None:
    names = filled(client)
    who = people.member("owner")
    browser = people.browser(who)
    for address, (_, fields) in FORMS.items():
        answer = browser.post(address.format(**names), data=fields)
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
