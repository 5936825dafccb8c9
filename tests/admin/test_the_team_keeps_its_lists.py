"""Entries of the allow and block lists are previewed, added with a reason, removed, and on record; an address is never kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update
from werkzeug.test import TestResponse

from petition.audit import AuditEntry
from petition.db import db, transaction
from petition.signatures.models import Signature
from petition.signatures.rules import AccessRule
from tests import factories
from tests.admin import people
from tests.admin.conftest import Browser

LISTS = "/admin/letters/open-the-road/lists"
DOMAIN = {"verdict": "block", "kind": "domain", "pattern": "*.example.org", "reason": "A wave from invented sub-domains."}


@pytest.fixture
def lite(sqlite_app: Flask) -> FlaskClient:
    """A browser where no database decides."""
    sqlite_app.test_client_class = Browser
    return sqlite_app.test_client()


def send(browser: FlaskClient, page: str = LISTS, action: str = "add", **fields: str) -> TestResponse:
    return people.post(browser, page, page, action=action, **(DOMAIN | fields))


def only() -> AccessRule:
    db.session.rollback()
    return db.session.query(AccessRule).one()


def count() -> int:
    db.session.rollback()
    return db.session.query(AccessRule).count()


def last() -> AuditEntry:
    db.session.rollback()
    return db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()


def waiting(client: FlaskClient, *addresses: str) -> None:
    """A letter under which everybody waits, and who signed it."""
    factories.letter(more="review: all\n")
    for number, address in enumerate(addresses):
        factories.sign(client, **(factories.ANA | {"name": f"Ana Sample {number}", "email": address}))


def test_an_entry_is_shown_with_reason_author_and_term_and_is_on_record(client: FlaskClient) -> None:
    found = factories.letter()
    browser = people.browser(people.member())
    until = (factories.now() + timedelta(days=3)).date()
    assert send(browser, until=until.isoformat()).status_code == 303
    page = browser.get(LISTS).text
    for words in ("*.example.org", "A wave from invented sub-domains.", "moderator@team.example.org", "this letter"):
        assert words in page
    rule = only()
    assert (rule.letter_id, rule.team_id, rule.author) == (found.id, None, "moderator@team.example.org")
    assert rule.expires_at is not None
    assert rule.expires_at.date() == until + timedelta(days=1)
    entry = last()
    assert (entry.action, entry.reason, entry.team_id) == ("rule.added", rule.reason, found.team_id)
    assert entry.details["why"] == "block domain *.example.org"


def test_an_entry_is_removed_and_that_is_on_record(lite: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member())
    send(browser)
    answer = people.post(browser, f"/admin/lists/{only().id}/remove", LISTS, letter="open-the-road")
    assert (answer.status_code, answer.location) == (303, LISTS)
    assert count() == 0
    assert (last().action, last().reason) == ("rule.removed", "A wave from invented sub-domains.")
    assert people.post(browser, "/admin/lists/1/remove", LISTS).status_code == 404


def test_an_address_is_kept_nowhere(client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member())
    send(browser, kind="address", pattern="Ana@Example.org", label="the one with the jokes")
    rule = only()
    assert len(rule.pattern) == 64
    page = browser.get(LISTS).text
    assert rule.shown in page
    assert "the one with the jokes" in page
    assert "ana@" not in page.lower()
    with db.engine.connect() as connection:
        kept = [connection.execute(text(f"SELECT * FROM {table}")).all() for table in ("access_rule", "audit_entry")]
    assert "ana@" not in str(kept).lower()


@pytest.mark.parametrize("field", ["reason", "label"])
def test_an_address_in_the_words_is_refused(lite: FlaskClient, field: str) -> None:
    factories.letter()
    answer = send(people.browser(people.member()), kind="address", pattern="ana@example.org", **{field: "It is ana@example.org again"})
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert "leave the address out" in answer.text
    assert count() == 0


FAULTS = [
    ({"reason": "  "}, "reason"), ({"reason": "x" * 1001}, "reason"), ({"reason": "a\x07b"}, "reason"), ({"label": "x" * 61}, "label"),
    ({"pattern": ""}, "pattern"), ({"pattern": "*"}, "pattern"), ({"pattern": "*.com"}, "pattern"), ({"kind": "everybody"}, "kind"),
    ({"verdict": "shun"}, "verdict"), ({"until": "tomorrow"}, "until"), ({"until": "2020-01-01"}, "until"),
    ({"until": "9999-12-31"}, "until"),
    ({"kind": "network", "pattern": "0.0.0.0/0"}, "pattern"), ({"kind": "address", "pattern": "nobody"}, "pattern"),
]  # fmt: skip


def test_what_makes_no_entry_is_refused_beside_its_field_with_the_rest_kept(lite: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member())
    for fields, field in FAULTS:
        for action in ("add", "preview"):
            answer = send(browser, action=action, **fields)
            assert answer.status_code == 422, fields
            assert f'id="{field}-fault"' in answer.text, fields
            assert ("A wave from invented" in answer.text) == (field != "reason"), fields
    assert count() == 0


def test_the_same_entry_twice_is_refused(client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member())
    send(browser)
    assert "has that entry already" in send(browser, pattern="*.EXAMPLE.org").text
    assert send(browser, verdict="allow").status_code == 303
    assert send(browser, "/admin/lists", scope="team:1").status_code == 303
    assert count() == 3


def test_the_hash_of_a_network_ends_with_its_key(lite: FlaskClient) -> None:
    factories.letter()
    send(people.browser(people.member()), kind="network", pattern="b" * 64)
    rule = only()
    assert rule.expires_at is not None
    assert rule.created_at < rule.expires_at <= rule.created_at + timedelta(hours=72)


def test_a_preview_changes_nothing_and_shows_whom_it_would_have_hit(client: FlaskClient) -> None:
    waiting(client, "a@one.example.org", "b@two.example.org", "c@example.com")
    browser = people.browser(people.member())
    page = send(browser, action="preview").text
    assert "This entry would have hit 2 signatures on file." in page
    assert "Ana Sample 0" in page
    assert "Ana Sample 1" in page
    assert "Ana Sample 2" not in page
    assert "older ones cannot be matched any more" in page
    assert '<button name="action" value="add">Add it</button>' in page
    assert 'value="*.example.org"' in page
    assert count() == 0


def test_a_link_can_fill_the_form_in_and_adds_nothing(lite: FlaskClient) -> None:
    factories.letter()
    page = people.browser(people.member()).get(f"{LISTS}?kind=network&pattern={'b' * 64}&action=add&reason=x").text
    assert f'value="{"b" * 64}"' in page
    assert '<input type="radio" name="kind" value="network" checked>' in page
    assert count() == 0


def test_a_preview_counts_by_state_and_samples_twenty(client: FlaskClient) -> None:
    waiting(client, *(f"a@n{number}.example.org" for number in range(22)))
    with transaction() as session:
        session.execute(update(Signature).where(Signature.id <= 2).values(state="rejected"))
    page = send(people.browser(people.member()), action="preview").text
    assert "hit 22 signatures" in page
    assert page.count('href="/admin/signatures/') == 20
    shown = page.split("hit 22 signatures on file.")[1].split("</p>")[0]
    assert " ".join(shown.replace('<span class="state">', "").replace("</span>", "").split()) == "held 20 rejected 2"


def test_a_preview_shows_a_hashed_network_and_says_that_a_typed_one_is_not_known(lite: FlaskClient) -> None:
    waiting(lite, "a@example.org", "b@example.org")
    with transaction() as session:
        session.execute(update(Signature).where(Signature.id == 1).values(network="b" * 64))
    browser = people.browser(people.member())
    assert "hit 1 signature on" in send(browser, action="preview", kind="network", pattern="b" * 64).text
    typed = send(browser, action="preview", kind="network", pattern="127.0.0.0/24").text
    assert "hit 0 signatures" in typed
    assert "nobody can tell whom" in typed


def test_nobody_learns_from_a_preview_whether_an_address_signed(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    factories.sign(client, **(factories.UNION | {"email": "rita@example.org"}))
    browser = people.browser(people.member("owner"))
    pages = [send(browser, action="preview", kind="address", pattern=each).text for each in ("ana@example.org", "nobody@example.org")]
    assert ["hit 0 signatures" in page for page in pages] == [True, True]
    assert "Ana Sample" not in pages[0]
    assert "hit 1 signature on" in send(browser, action="preview", kind="address", pattern="rita@example.org").text


def test_a_preview_of_a_teams_list_looks_at_its_letters_only(client: FlaskClient) -> None:
    waiting(client, "a@one.example.org")
    factories.letter("another-letter", team_name="Another team", more="review: all\n")
    client.post("/letters/another-letter/sign", data=factories.ANA | {"email": "b@two.example.org"})
    client.post(f"/signature/{factories.last_token()}", data={"action": "confirm"})
    browser = people.browser(people.member("owner", "site@team.example.org", team=None))  # type: ignore[arg-type]
    assert "hit 1 signature on" in send(browser, "/admin/lists", action="preview", scope="team:1").text
    assert "hit 2 signatures" in send(browser, "/admin/lists", action="preview", scope="site").text


def test_the_sites_list_is_for_owners_of_the_installation(lite: FlaskClient) -> None:
    factories.letter()
    owner = people.browser(people.member("owner"))
    assert 'value="site"' not in owner.get("/admin/lists").text
    for action in ("add", "preview"):
        assert send(owner, "/admin/lists", action, scope="site").status_code == 403
    chief = people.browser(people.member("owner", "chief@team.example.org", team=None))  # type: ignore[arg-type]
    assert send(chief, "/admin/lists", scope="site").status_code == 303
    for page in ("/admin/lists", LISTS):
        shown = owner.get(page).text
        assert "the whole site" in shown
        assert "chief@team.example.org" not in shown
        assert "Remove" not in shown
    assert people.post(owner, f"/admin/lists/{only().id}/remove", LISTS).status_code == 403
    assert people.post(chief, f"/admin/lists/{only().id}/remove", LISTS).status_code == 303


def test_another_teams_lists_are_not_there(lite: FlaskClient) -> None:
    factories.letter()
    send(people.browser(people.member()), "/admin/lists", scope="team:1")
    send(people.browser(people.member()))
    stranger = people.browser(people.member("owner", "stranger@elsewhere.example.org", team="Another team"))
    assert "*.example.org" not in stranger.get("/admin/lists").text.split('id="new"')[0]
    for number in (1, 2):
        assert people.post(stranger, f"/admin/lists/{number}/remove", "/admin/lists").status_code == 404
    for scope in ("team:1", "team:99", "team:x", "nonsense", ""):
        assert send(stranger, "/admin/lists", scope=scope).status_code == 404
    assert count() == 2


def test_an_ended_entry_is_marked_as_such(lite: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member())
    send(browser)
    with transaction() as session:
        session.execute(update(AccessRule).values(expires_at=factories.now() - timedelta(days=1)))
    assert "ended:" in browser.get(LISTS).text
    assert send(browser).status_code == 303, "it may be made anew"


def test_a_list_has_an_end(lite: FlaskClient, monkeypatch: Any) -> None:
    monkeypatch.setattr("petition.moderation.lists.MOST", 1)
    factories.letter()
    browser = people.browser(people.member())
    send(browser)
    assert "at most 1 entries" in send(browser, pattern="*.example.com").text
    assert count() == 1
