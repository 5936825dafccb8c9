"""At phone width, with JavaScript and without: sign, confirm, change, withdraw."""

import pytest

from tests.factories import last_token

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
    assert "Your signature is confirmed" in page.get_by_role("status").inner_text()
    link = page.url.partition("?")[0]
    page.goto(f"{site}/letters/open-the-road/signatories?q=ana+sample")
    assert page.get_by_text("Ana Sample", exact=True).count() >= 1

    page.goto(link)
    page.get_by_text("Change how I appear").click()
    page.get_by_label("With my initials only").check()
    page.get_by_role("button", name="Save the changes").click()
    assert "saved" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Withdraw my signature").click()
    assert "withdrawn" in page.get_by_role("status").inner_text()
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
    assert "the team looks at it" in page.get_by_role("status").inner_text()


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
