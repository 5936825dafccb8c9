"""At phone width, with JavaScript and without: sign, confirm, change, withdraw; with it, the count keeps itself fresh."""

from datetime import UTC, datetime

import pytest
from flask import current_app
from playwright.sync_api import expect

from tests.factories import ANA, last_token, sign

pytestmark = pytest.mark.browser


def test_a_person_signs_confirms_hides_and_withdraws(phone, site):
    page = phone.new_page()
    page.goto(f"{site}/letters/open-the-road")
    page.locator("a.jump").click()
    page.get_by_role("textbox", name="Your name", exact=True).fill("Ana Sample")
    page.locator("#email").fill("ana@example.org")
    page.get_by_label("I have read the letter").check()
    page.get_by_role("button", name="Sign", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Check your inbox"

    page.goto(f"{site}/signature/{last_token()}")
    page.get_by_role("button", name="Yes, sign the letter").click()
    assert "Your signature is confirmed" in page.get_by_role("status").first.inner_text()
    link = page.url.partition("?")[0]
    page.goto(f"{site}/letters/open-the-road/signatories?q=ana+sample")
    assert page.get_by_text("Ana Sample", exact=True).count() >= 1

    page.goto(link)
    page.get_by_text("Change how I appear").click()
    page.get_by_label("With my initials only").check()
    page.get_by_role("button", name="Save the changes").click()
    assert "saved" in page.get_by_role("status").first.inner_text()
    page.get_by_role("button", name="Withdraw my signature").click()
    assert "withdrawn" in page.get_by_role("status").first.inner_text()
    page.goto(f"{site}/letters/open-the-road/signatories?q=ana+sample")
    assert page.get_by_text("Ana Sample", exact=True).count() == 0


def test_an_organisation_signs_and_is_told_that_it_waits(phone, site):
    page = phone.new_page()
    page.goto(f"{site}/letters/open-the-road/sign")
    page.get_by_label("For an organisation").check(force=True)
    page.get_by_label("Name of the organisation").fill("Sample Union of Bakers")
    page.get_by_label("Your own name").fill("Rita Representative")
    page.get_by_label("Website of the organisation").fill("bakers.example.org")
    page.locator("#email").fill("rita@bakers.example.org")
    page.get_by_label("I have read the letter").check()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.goto(f"{site}/signature/{last_token()}")
    page.get_by_role("button", name="Yes, sign the letter").click()
    assert "the team looks at it" in page.get_by_role("status").first.inner_text()


def test_what_was_typed_is_kept_and_the_fault_is_beside_its_field(phone, site):
    page = phone.new_page()
    page.goto(f"{site}/letters/open-the-road/sign")
    page.get_by_role("textbox", name="Your name", exact=True).fill("Ana Sample")
    page.locator("#email").fill("not an address")
    page.get_by_role("button", name="Sign", exact=True).click()
    assert page.get_by_role("alert").is_visible()
    assert page.locator("#email-fault").is_visible()
    assert page.locator("#name").input_value() == "Ana Sample"
    assert page.locator("#email").input_value() == "not an address"


def test_no_page_scrolls_sideways(browser, site):
    page = browser.new_page()
    names = ("", "/letters/open-the-road", "/letters/open-the-road/sign", "/letters/open-the-road/signatories",
             "/letters/open-the-road/integrity", "/privacy")  # fmt: skip
    for path in [language + name for language in ("", "/hy", "/ar") for name in names]:
        page.goto(f"{site}{path or '/'}")
        for width in (320, 360, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (path, width)
    page.close()


def test_the_count_keeps_itself_fresh_while_somebody_looks_and_until_the_first_error(browser, site):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    asked, complaints = [], []
    page.on("request", lambda sent: asked.append(sent.url) if sent.url.endswith("/count") else None)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.clock.install(time=datetime(2026, 1, 1, tzinfo=UTC))
    page.goto(f"{site}/hy/letters/open-the-road")
    page.clock.pause_at(datetime(2026, 1, 1, 0, 0, 40, tzinfo=UTC))
    people = page.locator("[data-count=people]").first
    before = int(people.inner_text())
    sign(current_app.test_client(), **ANA)
    page.clock.fast_forward(19_000)
    assert not asked, "at most once a minute"
    page.evaluate("""() => {
        window.shifts = 0
        new PerformanceObserver(list => list.getEntries().forEach(each => { window.shifts += each.value })).observe({type: "layout-shift"})
    }""")
    page.clock.fast_forward(61_000)
    expect(people).to_have_text(str(before + 1))
    expect(page.locator(".goal").first).to_contain_text(page.locator("[data-count=total]").inner_text())
    assert page.evaluate("window.shifts") == 0
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.fast_forward(180_000)
    assert len(asked) == 1, "nobody looks"
    page.evaluate("delete document.hidden")
    page.route("**/count", lambda route: route.fulfill(status=200, body="not a count"))
    with page.expect_response("**/count"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.clock.fast_forward(61_000)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.fast_forward(61_000)
    page.close()
    assert (len(asked), complaints) == (2, []), "one error is enough, and the reader hears of none"
