"""What is sensitive asks again who it is after half an hour, and nothing that was sent meanwhile is lost."""

from __future__ import annotations

import html
import re
import time

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from petition.accounts import Member, find_member
from petition.admin.gates import FRESH
from petition.db import db
from tests import factories
from tests.admin import people

EXPORT = "/admin/letters/open-the-road/export.csv"


def stale(who: Member) -> FlaskClient:
    """A browser in which the member logged in more than half an hour ago."""
    browser = people.browser(who)
    with browser.session_transaction("/admin/") as session:
        session["fs_paa"] = time.time() - FRESH - 60
    return browser


def send_on(browser: FlaskClient, page: TestResponse, password: str) -> TestResponse:
    """Fill in the page that asks, and send it with everything that it keeps."""
    action = re.search(r'<form id="kept" method="post" action="([^"]+)"', page.text)
    assert action is not None, page.text
    kept = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text.split("</form>")[1])
    fields = {name: html.unescape(value) for name, value in kept}
    return browser.post(html.unescape(action[1]), data=fields | {"present_password": password})


def test_an_export_with_addresses_waits_for_the_password_and_then_comes(sqlite_client: FlaskClient) -> None:
    factories.letter()
    browser = stale(people.member("owner"))
    asked = browser.get(f"{EXPORT}?state=held")
    assert asked.status_code == 303
    assert asked.location == "/admin/verify?next=/admin/letters/open-the-road/export.csv?state%3Dheld"
    page = browser.get(asked.location)
    wrong = browser.post(asked.location, data={"csrf_token": people.token(page), "password": "a wrong pass phrase"})
    assert wrong.status_code == 200
    right = browser.post(asked.location, data={"csrf_token": people.token(page), "password": people.PASSWORD})
    assert right.location == f"{EXPORT}?state=held"
    assert browser.get(right.location).mimetype == "text/csv"


def test_an_export_without_addresses_does_not_wait(sqlite_client: FlaskClient) -> None:
    factories.letter()
    assert stale(people.member("moderator")).get(EXPORT).status_code == 200


def test_what_was_sent_is_carried_out_once_the_password_is_given(sqlite_client: FlaskClient) -> None:
    who = people.member("owner")
    browser = stale(who)
    address = f"/admin/team/{who.memberships[0].team_id}/invite"
    page = people.post(browser, address, "/admin/team", email='"a+b&c"@example.org', role="editor")
    assert page.status_code == 403
    assert factories.mails("invitation") == []
    again = send_on(browser, page, "a wrong pass phrase")
    assert again.status_code == 403
    assert "This is not your password" in again.text
    assert "wrong pass" not in again.text
    assert send_on(browser, again, people.PASSWORD).status_code == 303
    db.session.rollback()
    assert find_member("a+b&c@example.org").memberships[0].role == "editor"
    assert browser.get("/admin/verify?next=/admin/").status_code == 200
    assert people.post(browser, address, "/admin/team", email="ben@example.org", role="viewer").status_code == 303


def test_the_page_that_asks_runs_nothing_that_was_sent(sqlite_client: FlaskClient) -> None:
    who = people.member("owner")
    page = people.post(
        stale(who), f"/admin/team/{who.memberships[0].team_id}/invite", "/admin/team", email='"><script>x</script>', role="x"
    )
    assert "<script>x" not in page.text


@pytest.mark.parametrize("what", ["role", "remove", "reset", "sessions"])
def test_changes_of_the_team_ask(sqlite_client: FlaskClient, what: str) -> None:
    owner, who = people.member("owner"), people.member("viewer")
    address = f"/admin/team/{owner.memberships[0].team_id}/members/{who.id}/{what}"
    assert people.post(stale(owner), address, "/admin/team", role="editor").status_code == 403
    db.session.rollback()
    assert find_member(who.email).memberships[0].role == "viewer"


def test_changing_what_one_logs_in_with_asks_at_the_last_step_too(sqlite_client: FlaskClient) -> None:
    who = people.member()
    browser = people.browser(who)
    started = people.post(browser, "/admin/tf-setup", "/admin/tf-setup", setup="authenticator")
    finish = re.search(r'action="(/admin/tf-setup/[^"]+)"', started.text)
    key = re.search(r'<code dir="ltr">([A-Z0-9-]+)</code>', started.text)
    assert finish and key
    later = stale(who)
    page = people.post(later, finish[1], "/admin/account", code=people.code(key[1]))
    assert page.status_code == 403
    db.session.rollback()
    assert find_member(who.email).tf_primary_method is None
    assert send_on(later, page, people.PASSWORD).location == "/admin/account"
    db.session.rollback()
    assert find_member(who.email).tf_primary_method == "authenticator"


@pytest.mark.parametrize("address", ["/admin/mf-recovery-codes", "/admin/wan-register", "/admin/tf-setup"])
def test_pages_that_change_the_log_in_open_after_the_password(sqlite_client: FlaskClient, address: str) -> None:
    assert stale(people.member()).get(address).location.startswith("/admin/verify?next=")


def test_nobody_is_led_to_another_site_afterwards(sqlite_client: FlaskClient) -> None:
    browser = stale(people.member())
    address = "/admin/verify?next=https://evil.example/"
    page = browser.get(address)
    answer = browser.post(address, data={"csrf_token": people.token(page), "password": people.PASSWORD})
    assert answer.location is None
