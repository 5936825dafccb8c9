"""Without JavaScript, on a phone: a letter is begun, put in order, translated into Armenian and Arabic, previewed and saved; axe agrees."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from petition.db import db
from petition.letters import document, translating
from petition.letters import operations as letters
from tests.admin import people
from tests.browser.test_accessibility import cookie_of, findings
from tests.factories import ARMENIAN

pytestmark = pytest.mark.browser
WORDS = {
    "hy": ("Մեր գետը", "Գրում ենք գետի ափից։", "Մաքրե՛ք գետը։", "Փակե՛ք խողովակը։"),
    "ar": ("نهرنا", "نكتب من ضفة النهر.", "نظّفوا النهر.", "أغلقوا الأنبوب."),
}


def focused(page: Page, name: str) -> None:
    """Wait until the page that comes back has put the keyboard there."""
    expect(page.locator(f'[id="{name}"]')).to_be_focused()


def button(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def begin(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/letters/new")
    page.get_by_label("Text", exact=True).fill("We write from the bank of the river.\n\n## Why\n\nIt is *not* clean.")
    button(page, "Make the draft")
    focused(page, "problem")
    page.get_by_role("link", name="Title", exact=True).click()
    page.get_by_label("Title", exact=True).fill("Our river")
    button(page, "Make the draft")
    expect(page.get_by_role("heading", level=1)).to_have_text("Our river")


def put_in_order(page: Page) -> None:
    page.get_by_role("link", name="Write the text").click()
    button(page, "Add a demand")
    focused(page, "demands-0")
    page.keyboard.type("Close the pipe.")
    button(page, "Add a demand")
    focused(page, "demands-1")
    page.keyboard.type("Clean the river.")
    button(page, "Move up: Demand 2")
    focused(page, "down:demands:0")
    assert page.evaluate("scrollY") > 0, "the page is where the entry is"
    expect(page.locator("#demands-0")).to_have_value("Clean the river.")


def preview(page: Page, *words: str) -> None:
    with page.context.expect_page() as opened:
        button(page, "Preview, in a new tab")
    shown = opened.value
    for each in words:
        expect(shown.locator("article")).to_contain_text(each)
    assert shown.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    shown.close()


def translate(page: Page, site: str, language: str) -> None:
    page.goto(f"{site}/admin/letters/our-river/translate")
    page.locator("#language").select_option(language)
    button(page, "Begin the translation")
    expect(page.locator("#demands-0-there")).to_contain_text("Clean the river.")
    title, body, first, second = WORDS[language]
    page.locator("#title").fill(title)
    button(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Kept as work of the team")
    for name, words in (("body", body), ("demands-0", first), ("demands-1", second)):
        page.locator(f"#{name}").fill(words)
    preview(page, title, body, first)
    button(page, "Save")
    expect(page.get_by_role("status")).to_have_text("Saved.")


def desk(browser: Browser, **options: bool) -> Page:
    """A page on a phone on which an owner is logged in."""
    owner = people.member("owner")
    context = browser.new_context(viewport={"width": 360, "height": 740}, bypass_csp=True, **options)
    context.add_cookies([cookie_of(owner)])
    return context.new_page()


def answers_are_accessible(page: Page, site: str) -> dict[str, list[str]]:
    """What axe finds on pages that only a sent form shows; it needs JavaScript."""
    problems = {}
    page.goto(f"{site}/admin/letters/open-the-road/edit")
    page.locator("#title").fill("")
    button(page, "Show what would change")
    focused(page, "problem")
    problems["faults"] = findings(page)
    page.locator("#title").fill("Open every road")
    button(page, "Show what would change")
    focused(page, "change")
    problems["difference"] = findings(page)
    button(page, "Save this change")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.goto(f"{site}/admin/letters/open-the-road/edit/hy")
    button(page, "Keep as unfinished work")
    problems["outdated and unfinished"] = findings(page)
    page.goto(f"{site}/admin/letter-files")
    sent = ARMENIAN.replace("title: ", "summary: |-\n  Մեկ\n\n   երկու\ntitle: ") + "\nՎե՛րջ & <կետ>։\n".replace("<", "„").replace(">", "“")
    page.locator("#files").set_input_files({"name": "a.hy.md", "mimeType": "text/markdown", "buffer": sent.encode()})
    button(page, "See what would change")
    problems["files"] = findings(page)
    button(page, "Load these files")
    expect(page.get_by_role("status")).to_have_text("1 file is loaded.")
    db.session.rollback()
    assert letters.as_document(letters.find("open-the-road"), "hy") == document.read(sent, "a.hy.md"), "the browser keeps every line"
    page.context.close()
    return {where: found for where, found in problems.items() if found}


def test_a_letter_is_written_in_three_languages_without_javascript(browser: Browser, site: str) -> None:
    page = desk(browser, java_script_enabled=False)
    begin(page, site)
    put_in_order(page)
    preview(page, "Our river", "Clean the river.", "Why")
    button(page, "Save")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    for language in WORDS:
        translate(page, site, language)
    page.goto(f"{site}/admin/letters/our-river")
    assert page.get_by_text("complete", exact=True).count() == 2
    page.context.close()
    db.session.rollback()
    found = letters.find("our-river")
    assert found.languages == ["en", "hy", "ar"]
    assert [found.translation(code).demands for code in found.languages] == [
        ["Clean the river.", "Close the pipe."], *([first, second] for _, _, first, second in WORDS.values())
    ]  # fmt: skip
    assert not any(each.outdated or each.missing or each.unfinished for each in translating.states(found))
    assert answers_are_accessible(desk(browser), site) == {}
