"""axe finds nothing on any page a reader or signatory meets, nor on the log-in page, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.factories import last_token

pytestmark = pytest.mark.browser
PAGES = (
    "/", "/letters/open-the-road", "/hy/letters/open-the-road", "/ar/letters/open-the-road", "/letters/open-the-road/sign",
    "/letters/open-the-road/check-your-inbox", "/letters/open-the-road/signatories", "/letters/open-the-road/find",
    "/letters/open-the-road/integrity", "/privacy", "/about", "/nothing-here", "/admin/login", "/mailbox",
)  # fmt: skip


def findings(page) -> list[str]:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found.response["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser, site, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    problems = {}
    for path in PAGES:
        page.goto(site + path)
        problems[path] = findings(page)
    page.goto(f"{site}/letters/open-the-road/sign")
    page.locator("#name").fill("Ana Sample")
    page.get_by_role("button", name="Sign", exact=True).click()
    problems["faults"] = findings(page)
    page.locator("#email").fill("ana@example.org")
    page.get_by_label("I have read the letter").check()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.goto(f"{site}/signature/{last_token()}")
    problems["confirm"] = findings(page)
    page.get_by_role("button", name="Yes, sign the letter").click()
    problems["confirmed"] = findings(page)
    page.get_by_role("button", name="Withdraw my signature").click()
    problems["withdrawn"] = findings(page)
    context.close()
    assert {path: found for path, found in problems.items() if found} == {}
