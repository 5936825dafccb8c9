"""In Chromium: a queue is cleared by keys alone, by buttons without JavaScript, and axe finds nothing on its pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import current_app
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from petition import accounts, moderation
from petition.accounts import Member, sessions
from petition.db import db, transaction
from petition.moderation import reasons, talk
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people
from tests.browser.test_accessibility import findings

pytestmark = pytest.mark.browser
FIVE = [f"Sample Guild {number}" for number in range(1, 6)]


@pytest.fixture
def member(site: str) -> Member:
    """A moderator; of what waits only five guilds are left, in this order."""
    moderator = people.member()
    with transaction() as session:
        for found in session.scalars(select(Signature).where(Signature.state == "held")):
            moderation.decide(moderator, found.public_id, "reject", template="fake", config=factories.config(), now=factories.now())
    client = current_app.test_client()
    for name in FIVE:
        fields = factories.UNION | {"organisation": name, "website": "", "email": f"{name[-1]}@guild.example.org"}
        factories.sign(client, **fields)
    return moderator


def log_in(context: BrowserContext, site: str, member: Member) -> Page:
    """A page of a browser in which the member is logged in."""
    signer = current_app.session_interface.get_signing_serializer(current_app)
    assert signer is not None
    values = {"_user_id": member.fs_uniquifier, "_fresh": True, "fs_cc": "set", "fs_paa": time.time(), "_permanent": True}
    values["team_session"] = sessions.begin(member.id, factories.now())
    context.add_cookies([{"name": "petition_team", "value": str(signer.dumps(values)), "url": f"{site}/admin"}])
    return context.new_page()


@pytest.fixture
def desk(browser: Browser, site: str, member: Member) -> Iterator[Page]:
    """The queue on a desk; whatever its console complains of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    context.on("console", lambda said: complaints.append(said.text) if said.type == "error" and "409" not in said.text else None)
    page = log_in(context, site, member)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{site}/admin/")
    yield page
    context.close()
    assert complaints == []


def states() -> dict[str, tuple[str, str]]:
    db.session.rollback()
    rows = select(Signature.organisation, Signature.state, Signature.reason_class).where(Signature.organisation.in_(FIVE))
    return {name: (state, reason_class) for name, state, reason_class in db.session.execute(rows)}


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.querySelector('h2')?.textContent.trim() ?? ''"))


def press(page: Page, key: str, outcome: str) -> None:
    """Press a key and wait for what is said about it."""
    page.keyboard.press(key)
    expect(page.locator("#outcome")).to_contain_text(outcome)


def test_a_queue_of_five_is_cleared_with_the_keyboard_alone(desk: Page) -> None:
    desk.keyboard.press("j")
    assert focused(desk) == FIVE[0]
    press(desk, "a", "Sample Guild 1: Published")
    assert focused(desk) == FIVE[1]
    desk.keyboard.press("r")
    expect(desk.locator(".ready:not([hidden]) button").first).to_be_focused()
    press(desk, "2", "Sample Guild 2: Rejected")
    assert states()[FIVE[1]] == ("rejected", "joke")
    press(desk, "u", "Sample Guild 2: Undone")
    assert focused(desk) == FIVE[1]
    assert states()[FIVE[1]][0] == "held"
    desk.keyboard.press("ArrowDown")
    assert focused(desk) == FIVE[2]
    desk.keyboard.press("k")
    press(desk, "a", "Sample Guild 2: Published")
    desk.keyboard.press("n")
    desk.keyboard.type("a r 1 u")  # words, no commands
    desk.keyboard.press("Tab")
    press(desk, "Enter", "The note is kept.")
    assert focused(desk) == FIVE[2]
    desk.keyboard.press("r")
    press(desk, "3", "Sample Guild 3: Rejected")
    press(desk, "a", "Sample Guild 4: Published")
    expect(desk.locator("#waiting")).to_contain_text("1 signature is held")
    desk.keyboard.press("a")
    expect(desk.get_by_text("Nothing is waiting here.")).to_be_visible()
    expect(desk.locator("#outcome")).to_have_text("Published. It counts, and its entry is on the list.")
    assert states() == {
        FIVE[0]: ("published", ""), FIVE[1]: ("published", ""), FIVE[2]: ("rejected", "impersonation"), FIVE[3]: ("published", ""),
        FIVE[4]: ("published", ""),
    }  # fmt: skip
    desk.keyboard.press("u")  # the last one can be undone on the empty page too
    expect(desk.locator("#items > .item")).to_have_count(1)
    assert states()[FIVE[4]][0] == "held"


def test_who_decided_meanwhile_is_said_in_its_place(desk: Page) -> None:
    owner = people.member("owner")
    with transaction() as session:
        found = session.scalars(select(Signature).where(Signature.organisation == FIVE[0])).one().public_id
    moderation.decide(owner, found, "reject", template="fake", config=factories.config(), now=factories.now())
    desk.keyboard.press("j")
    press(desk, "a", "owner@team.example.org decided this")
    item = desk.locator("#items > .item").first
    expect(item.locator(".fault")).to_contain_text("rejected now")
    assert states()[FIVE[0]][0] == "rejected"
    desk.keyboard.press("j")
    press(desk, "a", "Sample Guild 2: Published")


def test_keys_do_nothing_with_others_held_down_nor_when_switched_off(desk: Page) -> None:
    desk.keyboard.press("j")
    for key in ("Control+a", "Alt+a", "Shift+A"):
        desk.keyboard.press(key)
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_have_attribute("open", "")
    desk.get_by_label("Use these keys on this page").uncheck()
    desk.reload()
    desk.locator("#items > .item").first.focus()
    desk.keyboard.press("a")
    assert {state for state, _ in states().values()} == {"held"}
    expect(desk.get_by_label("Use these keys on this page")).not_to_be_checked(timeout=1000)


def test_a_key_held_down_decides_once_and_a_foreign_layout_works(desk: Page) -> None:
    desk.keyboard.press("j")
    fire = "args => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...args}))"
    desk.evaluate(fire, {"key": "ա", "code": "KeyA"})
    expect(desk.locator("#outcome")).to_contain_text("Sample Guild 1: Published")
    desk.evaluate(fire, {"key": "a", "code": "KeyA", "repeat": True})
    desk.keyboard.press("j")
    press(desk, "a", "Sample Guild 3: Published")
    assert [state for state, _ in states().values()] == ["published", "held", "published", "held", "held"]


def test_without_javascript_the_buttons_do_all_of_it(browser: Browser, site: str, member: Member) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = log_in(context, site, member)
    page.goto(f"{site}/admin/letters/open-the-road/queue")
    page.locator(".item").first.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Undo the decision").click()
    assert states()[FIVE[0]][0] == "held"
    for _ in range(4):
        page.locator(".item").first.get_by_role("button", name="Approve").click()
        assert page.url == f"{site}/admin/letters/open-the-road/queue"
    last = page.locator(".item").first
    last.locator("details.reject summary").click()
    last.get_by_label("Ready-made reason").select_option("duplicate")
    last.get_by_role("button", name="Reject with this reason").click()
    expect(page.get_by_text("Nothing is waiting here.")).to_be_visible()
    assert list(states().values()) == [("published", "")] * 4 + [("rejected", "duplicate")]
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1280)])
def test_axe_finds_nothing_on_the_pages_of_a_moderator(browser: Browser, site: str, member: Member, scheme: Any, width: int) -> None:
    editor = people.member("editor")
    reasons.add(editor, accounts.team().id, words="Not one of ours.", reason_class="fake", now=factories.now())
    found = people.signature(FIVE[0]).public_id
    talk.add_note(editor, found, "Known from the fair.", now=factories.now())
    talk.ask(editor, found, "Which page names you?", config=factories.config(), now=factories.now())
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = log_in(context, site, editor)
    problems = {}
    for path in ("/admin/", "/admin/letters/open-the-road/queue?flag=organisation", f"/admin/signatures/{found}", "/admin/reasons"):
        page.goto(site + path)
        problems[path] = findings(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    page.goto(f"{site}/admin/")
    page.keyboard.press("?")
    page.keyboard.press("j")
    page.keyboard.press("r")
    problems["open"] = findings(page)
    page.keyboard.press("1")
    expect(page.locator("#outcome")).to_contain_text("Rejected")
    problems["decided"] = findings(page)
    page.goto(f"{site}/signature/{factories.last_token('question')}")
    problems["decided for the signatory"] = findings(page)
    context.close()
    assert {path: found for path, found in problems.items() if found} == {}
