"""Asked for a proof, a browser works it out by itself and gives the button back; without scripts a minute's wait does."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from playwright.sync_api import expect

from petition.db import db, transaction
from petition.letters import operations
from petition.letters.models import Letter
from tests.browser.test_accessibility import findings
from tests.factories import now
from tests.public.door import requests

pytestmark = pytest.mark.browser


@pytest.fixture
def asking(site):
    """The site, whose letter asks everybody for a proof."""
    with transaction() as session:
        session.get_one(Letter, operations.find("open-the-road").id).proof = "on"
    db.session.rollback()
    return site


def fill(page, address):
    page.goto(address)
    page.locator("#name").fill("Ana Sample")
    page.locator("#email").fill("ana@example.org")
    page.locator("[name=consent]").check()
    page.locator(".sign-form button").click()


@pytest.mark.parametrize("phone", ["with JavaScript"], indirect=True)
def test_a_browser_solves_the_puzzle_and_the_person_sends_again(phone, asking):
    page = phone.new_page()
    fill(page, f"{asking}/letters/open-the-road/sign")
    again = page.get_by_role("button", name="Send again")
    expect(page.get_by_role("status")).to_have_text("Done. You can send again now.", timeout=60_000)
    assert again.is_enabled()
    assert page.get_by_text("Please wait one minute").is_hidden()
    assert requests() == [], "nothing is sent by itself"
    page.get_by_text("See or change what you typed").click()
    assert page.locator("#name").input_value() == "Ana Sample"
    again.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Check your inbox"
    assert [each.signals for each in requests()] == [["came_by_proof"]]


@pytest.mark.parametrize("phone", ["without JavaScript"], indirect=True)
def test_without_scripts_the_ticket_does_after_a_minute(phone, asking):
    page = phone.new_page()
    fill(page, f"{asking}/letters/open-the-road/sign")
    assert page.get_by_text("Please wait one minute, then press “Send again”.").is_visible()
    assert page.locator("progress").is_hidden()
    again = page.get_by_role("button", name="Send again")
    again.click()
    assert page.get_by_text("Please wait").is_visible()
    with time_machine.travel(now() + timedelta(seconds=61)):
        again.click()
        assert page.get_by_role("heading", level=1).inner_text() == "Check your inbox"
    assert [each.signals for each in requests()] == [["came_by_ticket"]]


def test_where_the_puzzle_cannot_be_had_the_page_asks_to_wait(browser, asking):
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.route("**/challenge", lambda route: route.abort())
    fill(page, f"{asking}/letters/open-the-road/sign")
    expect(page.get_by_role("status")).to_have_text("The calculation did not work here. Please wait instead.")
    assert page.get_by_text("Please wait one minute").is_visible()
    assert page.get_by_role("button", name="Send again").is_enabled()
    context.close()


def test_our_own_hash_is_sha_256(browser, asking):
    page = browser.new_page()
    fill(page, f"{asking}/letters/open-the-road/sign")
    wrong = page.evaluate("""async () => {
      const { digest } = await import("/static/challenge.js");
      const theirs = async (message) => new Uint8Array(await crypto.subtle.digest("SHA-256", message));
      const hex = (found) => Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
      const wrong = [];
      for (let length = 0; length <= 55; length++) {
        const message = crypto.getRandomValues(new Uint8Array(length));
        if (digest(message) !== hex(await theirs(message))) wrong.push(length);
      }
      return wrong;
    }""")
    assert wrong == []
    page.close()


def test_the_script_needs_nothing_that_a_page_without_https_lacks(browser, asking):
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'crypto', { value: undefined })")
    page = context.new_page()
    fill(page, f"{asking}/letters/open-the-road/sign")
    expect(page.get_by_role("status")).to_have_text("Done. You can send again now.", timeout=60_000)
    context.close()


@pytest.mark.parametrize("language", ["", "/ar"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_and_does_not_scroll_sideways(browser, asking, width, language):
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    fill(page, f"{asking}{language}/letters/open-the-road/sign")
    expect(page.locator(".gate button")).to_be_enabled(timeout=60_000)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()
