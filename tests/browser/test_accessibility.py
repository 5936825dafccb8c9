"""axe finds nothing on any page a reader or signatory meets, nor on those of the team about organisations, light and dark."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from flask import current_app
from sqlalchemy import select

from petition import accounts, moderation
from petition.accounts import Member
from petition.addresses import fingerprint
from petition.db import transaction
from petition.outbox import suppression
from petition.signatures import tokens
from petition.signatures.models import Signature
from tests.admin import people
from tests.factories import UNION, ask, config, last_token, now, sign

pytestmark = pytest.mark.browser
PAGES = (
    "/", "/letters/open-the-road", "/hy/letters/open-the-road", "/ar/letters/open-the-road", "/letters/open-the-road/sign",
    "/letters/open-the-road/check-your-inbox", "/letters/open-the-road/signatories", "/letters/open-the-road/find",
    "/letters/open-the-road/integrity", "/letters/open-the-road/versions",
    "/ar/letters/open-the-road/embed", "/letters/open-the-road/embed/code", "/hy/letters/open-the-road/share", "/code",
    "/privacy", "/about", "/nothing-here", "/admin/login", "/mailbox",
)  # fmt: skip


RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What can differ on one and the same page where it is wide and dark.
LOOKS = {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]}
# Only what is wrong leaves the browser: what axe tells about the rest is most of the time that it takes.
RUN = """rules => axe.run({runOnly: rules, resultTypes: ["violations"]}).then(
    found => found.violations.map(each => `${each.id}: ${each.nodes[0].html.slice(0, 200)}`))"""


def findings(page, rules=RULES) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(RUN, rules)


def both(page) -> list[str]:
    """What axe finds on a page on a phone in daylight, and what else where it is wide and dark; loaded once."""
    page.set_viewport_size({"width": 360, "height": 800})
    page.emulate_media(color_scheme="light")
    found = findings(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="dark")
    return found + [f"wide and dark, {each}" for each in findings(page, LOOKS)]


def test_axe_finds_nothing(browser, site):
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    problems = {}
    for path in PAGES:
        page.goto(site + path)
        problems[path] = both(page)
    page.goto(f"{site}/letters/open-the-road/sign")
    page.locator("#name").fill("Ana Sample")
    page.get_by_role("button", name="Sign", exact=True).click()
    problems["faults"] = both(page)
    page.locator("#email").fill("ana@example.org")
    page.get_by_label("I have read the letter").check()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.goto(f"{site}/signature/{last_token()}")
    problems["confirm"] = both(page)
    page.get_by_role("button", name="Yes, sign the letter").click()
    problems["confirmed"] = both(page)
    page.get_by_role("button", name="Withdraw my signature").click()
    problems["withdrawn"] = both(page)
    context.close()
    assert {path: found for path, found in problems.items() if found} == {}


def members_cookie(site: str) -> dict[str, str]:
    """The session of an owner who is logged in."""
    browser = current_app.test_client()
    people.enter(browser, people.member("owner"))
    with transaction():
        accounts.find_member(people.ADDRESSES["owner"]).sees_all = True
    found = browser.get_cookie("petition_team", path="/admin")
    return {"name": found.key, "value": found.value, "url": f"{site}/admin/"}


def organisations_of_each_sort() -> tuple[str, str]:
    """A held entry that somebody asks to take over, and one that readers reported; returns their public ids."""
    client = current_app.test_client()
    sign(client, **UNION | {"email": "rita@mail.example.net"})
    held = people.signature("Sample Union of Bakers").public_id
    people.asked_to_take_over(client)
    owner, first = accounts.find_member(people.ADDRESSES["owner"]), ""
    for name in ("Sample Guild of Millers", "Sample Order of Carters"):
        sign(client, **UNION | {"organisation": name, "website": "", "email": f"{name.split()[-1].lower()}@example.org"})
        first = people.signature(name).public_id
        moderation.decide(owner, first, "approve", config=config(), now=now())
        moderation.arrange(owner, "open-the-road", "add", first, now=now())
    client.post(f"/letters/open-the-road/signatories/{first}/report", data={"reason_class": "fake", "words": "No such order."})
    return held, first


def test_axe_finds_nothing_about_organisations_and_reports(browser, site):
    context = browser.new_context(bypass_csp=True)
    context.add_cookies([members_cookie(site)])
    held, reported = organisations_of_each_sort()
    page, problems = context.new_page(), {}
    token = ask(current_app.test_client(), **UNION | {"name": "Third Speaker", "email": "third@example.net"})
    paths = [f"/signature/{last_token()}?done=taken", f"/letters/open-the-road/signatories/{reported}/report"]
    paths += [f"/ar{paths[-1]}", "/letters/open-the-road", "/letters/open-the-road/signatories"]
    paths += [f"/admin/signatures/{held}", "/admin/letters/open-the-road", "/admin/letters/open-the-road/initial"]
    paths += ["/admin/letters/open-the-road/reported", f"/admin/signatures/{reported}"]
    for path in paths:
        assert page.goto(site + path).status == 200, path
        problems[path] = both(page)
    page.goto(f"{site}/letters/open-the-road/signatories/{reported}/report")
    page.get_by_role("button", name="Send the report").click()
    problems["a report without a reason"] = both(page)
    page.get_by_label("Something else").check()
    page.get_by_role("button", name="Send the report").click()
    problems["thanks"] = both(page)
    page.goto(f"{site}/signature/{token}?done=taken")
    page.get_by_role("button", name="Ask to take over").click()
    problems["asked"] = both(page)
    page.goto(f"{site}/signature/{manages(held)}?done=dns-missing")
    assert page.get_by_role("button", name="Check now").is_visible()
    problems["the record"] = both(page)
    context.close()
    assert {path: found for path, found in problems.items() if found} == {}


def manages(public_id: str) -> str:
    """A link to the signature."""
    with transaction() as session:
        found = session.scalars(select(Signature).where(Signature.public_id == public_id)).one()
        return tokens.issue(session, "manage", leads_to=found, expires_at=None)


def cookie_of(who: Member) -> dict[str, str]:
    """The session of a member who is logged in."""
    inside = current_app.test_client()
    people.enter(inside, who)
    found = inside.get_cookie("petition_team", path="/admin")
    return {"name": found.key, "value": found.value, "domain": "127.0.0.1", "path": "/admin"}


def look_at_the_lists(page, site, problems):
    """Make a wrong entry, a previewed one and one more, as a moderator does without scripts."""
    for path in ("/admin/lists", "/admin/letters/open-the-road/lists"):
        page.goto(site + path)
        page.get_by_role("button", name="Preview").click()
        problems[f"{path}: faults"] = both(page)
        page.locator("#pattern").fill("*.example.org")
        page.locator("#reason").fill("A wave from invented sub-domains.")
        page.get_by_role("button", name="Preview").click()
        problems[f"{path}: preview"] = both(page)
        page.get_by_role("button", name="Add it").click()
        assert page.get_by_text("Added. It holds within five seconds.").is_visible()
        problems[f"{path}: added"] = both(page)


def test_axe_finds_nothing_about_lists_and_stopped_mail(browser, site):
    context = browser.new_context(bypass_csp=True)
    context.add_cookies([cookie_of(people.member("owner", team=None))])
    signed = current_app.test_client()
    sign(signed, **UNION | {"email": "rita@bakers.example.org"})
    page, problems = context.new_page(), {}
    look_at_the_lists(page, site, problems)
    link = suppression.token(fingerprint("ana@example.org", config().fingerprint_bytes), config())
    for path in (f"/mail/stop/{link}", f"/ar/mail/stop/{link}", "/mail/stop/nothing"):
        page.goto(site + path)
        problems[path] = both(page)
    page.goto(f"{site}/mail/stop/{link}")
    page.get_by_role("button", name="Stop all mail to this address").click()
    problems["stopped"] = both(page)
    page.get_by_role("button", name="Allow mail again").click()
    assert page.get_by_text("Mail from this site to this address is allowed.").is_visible()
    context.close()
    assert {path: found for path, found in problems.items() if found} == {}
