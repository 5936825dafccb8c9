"""Chromium's own autofill, driven for real, fills in what is seen, and leaves empty what is folded away and the trap."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PERSON = {
    "NAME_FULL": "Ana Sample", "EMAIL_ADDRESS": "ana@example.org", "COMPANY_NAME": "Sample Union", "ADDRESS_HOME_COUNTRY": "US",
    "ADDRESS_HOME_LINE1": "1 Sample Road", "ADDRESS_HOME_CITY": "Sampletown", "ADDRESS_HOME_STATE": "CA", "ADDRESS_HOME_ZIP": "90210",
    "PHONE_HOME_WHOLE_NUMBER": "+12025550100",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/letters/open-the-road", "/hy/letters/open-the-road/sign"])
def test_a_browser_fills_in_the_form_and_not_the_trap(browser, site, path):
    page = browser.new_page()
    page.goto(site + path)
    devtools = page.context.new_cdp_session(page)
    address = {"fields": [{"name": name, "value": value} for name, value in PERSON.items()]}
    devtools.send("Autofill.enable")
    devtools.send("Autofill.setAddresses", {"addresses": [address]})
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    field = devtools.send("DOM.querySelector", {"nodeId": root, "selector": "#name"})["nodeId"]
    number = devtools.send("DOM.describeNode", {"nodeId": field})["node"]["backendNodeId"]
    page.locator("#name").click()
    devtools.send("Autofill.trigger", {"fieldId": number, "address": address})
    expect(page.locator("#email")).to_have_value("ana@example.org")
    expect(page.locator("#name")).to_have_value("Ana Sample")
    expect(page.locator("#affiliation")).to_have_value("")  # folded away: nothing is published that the signer did not see
    assert page.locator("#topic").input_value() == ""
    page.close()
