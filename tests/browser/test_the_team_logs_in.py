"""In Chromium, with a virtual authenticator: a passkey is made, opens the account, is the second step, and confirms; so does an app."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from petition import create_app
from petition.accounts import find_member
from petition.db import db, dispose
from tests.admin import people
from tests.browser.test_accessibility import findings
from tests.conftest import settings
from tests.serving import free_port

pytestmark = pytest.mark.browser
OWNER = people.ADDRESSES["owner"]


@pytest.fixture
def office(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a site with one owner, who has a password and no second factor; passkeys need a name, not a number."""
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    port = free_port()
    app = create_app(settings(tmp_path, base_url=f"http://localhost:{port}"))
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    with app.app_context():
        people.member("owner")
        db.session.remove()
        thread.start()
        yield f"http://localhost:{port}/admin"
        server.shutdown()
        thread.join()
        server.server_close()
        dispose()


@pytest.fixture
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """A browser with a device that keeps passkeys and checks its holder; what its console complains of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield context
    context.close()
    assert [each for each in complaints if "status of 403" not in each] == []


@pytest.fixture
def page(desk: BrowserContext) -> Page:
    page = desk.new_page()
    devices = desk.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    return page


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def give_password(page: Page, office: str) -> None:
    page.goto(f"{office}/login")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(people.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def make_first_passkey(page: Page, office: str) -> None:
    give_password(page, office)
    page.get_by_label("Name of the passkey").fill("My phone")
    page.get_by_role("button", name="Add the passkey").click()
    heading(page, "Your account")


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    heading(page, "Log in")


def test_a_passkey_meets_the_requirement_opens_the_account_alone_and_is_the_second_step(page: Page, office: str) -> None:
    make_first_passkey(page, office)
    expect(page.get_by_text("My phone", exact=True)).to_be_visible()
    expect(page.get_by_text("opens the account by itself")).to_be_visible()
    log_out(page)
    page.get_by_role("button", name="Log in with a passkey").click()
    heading(page, "Waiting for a decision")
    log_out(page)
    give_password(page, office)
    heading(page, "Second step")
    page.get_by_role("button", name="Use a passkey").click()
    heading(page, "Waiting for a decision")


def test_the_only_second_factor_cannot_be_deleted_and_another_makes_room(page: Page, office: str) -> None:
    make_first_passkey(page, office)
    page.get_by_role("button", name="Delete My phone").click()
    expect(page.get_by_text("This is your only second factor")).to_be_visible()
    set_up_app(page, office)
    page.get_by_role("button", name="Delete My phone").click()
    page.goto(f"{office}/account")
    expect(page.get_by_text("None yet.")).to_be_visible()


def set_up_app(page: Page, office: str) -> str:
    page.goto(f"{office}/tf-setup")
    page.get_by_role("button", name="Set up an authenticator app").click()
    found = re.search(r"Key: ([A-Z0-9-]+)", page.locator("main").inner_text())
    assert found is not None
    page.get_by_label("Code").fill(people.code(found[1]))
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    return found[1]


def test_the_code_of_an_app_logs_in(page: Page, office: str) -> None:
    give_password(page, office)
    key = set_up_app(page, office)
    log_out(page)
    give_password(page, office)
    page.get_by_label("Code").fill(people.code(key))
    page.get_by_role("button", name="Continue").click()
    heading(page, "Waiting for a decision")


def test_whoever_has_both_chooses(page: Page, office: str) -> None:
    make_first_passkey(page, office)
    key = set_up_app(page, office)
    log_out(page)
    for way, finish in (("My passkey", "Use a passkey"), ("The code of my authenticator app", "Continue")):
        give_password(page, office)
        page.get_by_label(way).check()
        page.get_by_role("button", name="Continue").click()
        if finish == "Continue":
            page.get_by_label("Code").fill(people.code(key))
        page.get_by_role("button", name=finish).click()
        heading(page, "Waiting for a decision")
        log_out(page)


def test_what_was_sent_too_late_is_carried_out_once_the_passkey_confirms(page: Page, office: str) -> None:
    began = datetime.now(UTC)
    with time_machine.travel(began, tick=True) as clock:
        make_first_passkey(page, office)
        page.goto(f"{office}/team")
        clock.move_to(began + timedelta(minutes=20))
        page.reload()
        clock.move_to(began + timedelta(minutes=40))
        page.get_by_label("E-mail").fill("ben@example.org")
        page.get_by_role("button", name="Invite", exact=True).click()
        heading(page, "Please confirm that it is still you")
        page.get_by_role("button", name="Use a passkey").click()
        heading(page, "Team")
        expect(page.get_by_text("ben@example.org is invited.")).to_be_visible()
    db.session.rollback()
    assert find_member("ben@example.org").memberships[0].role == "moderator"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_the_team(browser: Browser, office: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    problems = {}
    give_password(page, office)
    set_up_app(page, office)
    for path in ("/account", "/team", "/audit", "/verify", "/wan-register", "/wan-verify", "/mf-recovery-codes", "/change", "/tf-setup"):
        page.goto(office + path)
        if path == "/team":
            page.locator("summary").first.click()
        problems[path] = findings(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    log_out(page)
    for path in ("/login", "/wan-signin", "/reset"):
        page.goto(office + path)
        problems[path] = findings(page)
    context.close()
    assert {path: found for path, found in problems.items() if found} == {}
