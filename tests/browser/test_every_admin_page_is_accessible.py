"""axe finds nothing on any page of the admin, at phone width, each with something on it; none scrolls sideways."""

from __future__ import annotations

import pytest
from flask import current_app
from playwright.sync_api import Browser

from petition import accounts
from petition.db import transaction
from petition.letters import operations as letters
from petition.moderation.models import Spike
from tests import factories
from tests.admin import people
from tests.admin.test_every_role_on_every_route import PAGES, filled
from tests.browser.test_accessibility import cookie_of, findings

pytestmark = pytest.mark.browser


def addresses(names: dict[str, str]) -> list[str]:
    """Every page that a browser shows; the others are files."""
    found = [page.format(**names) for page in PAGES if "/export" not in page and not page.endswith((".zip", ".csv"))]
    return [*found, f"/admin/words/{names['team']}", "/admin/letters/open-the-road/bulk/new?domain=*"]


def test_axe_finds_nothing_on_any_page_of_the_admin(browser: Browser, site: str) -> None:
    names = filled(current_app.test_client())
    with transaction() as session:
        found, now = letters.find("open-the-road"), factories.now()
        session.add(Spike(letter_id=found.id, kind="domain", key="example.org", hour=now, count=99, usual=2.5, noticed_at=now))
    with transaction():
        owner = people.member("owner")
        accounts.find_member(owner.email).sees_all = True
    context = browser.new_context(viewport={"width": 360, "height": 740}, bypass_csp=True)
    context.add_cookies([cookie_of(owner)])
    page, problems = context.new_page(), {}
    for path in addresses(names):
        answer = page.goto(site + path)
        assert answer is not None
        assert answer.status in (200, 422), path
        problems[path] = findings(page)
        if not page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
            problems[path].append("scrolls sideways")
    context.close()
    assert {path: found for path, found in problems.items() if found} == {}
