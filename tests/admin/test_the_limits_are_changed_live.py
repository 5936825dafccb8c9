"""Owners see what is used; whoever owns the installation changes a limit, in force everywhere within seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from petition import audit, create_app, limits
from petition.accounts import ROLES, Member
from petition.db import db
from petition.limits import SIGN_BURST, Rate
from petition.upkeep import invariants
from tests import factories
from tests.admin import people
from tests.conftest import settings


def installation_owner() -> Member:
    return people.member("owner", "root@team.example.org", team=None)  # type: ignore[arg-type]


def actions() -> list[str]:
    db.session.rollback()
    return [each.action for each in audit.trail(None)]


def test_a_changed_limit_is_in_force_in_another_process(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    browser = people.browser(installation_owner())
    answer = people.post(browser, "/admin/limits/sign_burst", "/admin/limits", count="7", seconds="300")
    assert answer.status_code == 303
    assert "in force everywhere" in browser.get("/admin/limits").text
    config = app.config["PETITION"]
    db.session.rollback()
    other = create_app(settings(tmp_path, config.database_url)).extensions["limiter"]
    assert other.rate(SIGN_BURST) == Rate(7, 300)
    page = browser.get("/admin/limits").text
    assert "Signing posts from one network: at most 7 in 5 minutes." in page
    assert "Changed by root@team.example.org" in page
    assert "at most 20 in one minute." in page
    sentences = [each.sentence for each in invariants.check(config, factories.now()) if each.name == "limits"]
    assert len(sentences) == 1
    assert "at most 7 in 5 minutes" in sentences[0]
    people.post(browser, "/admin/limits/sign_burst", "/admin/limits", action="reset")
    db.session.rollback()
    assert create_app(settings(tmp_path, config.database_url)).extensions["limiter"].rate(SIGN_BURST) == SIGN_BURST.default
    assert not [each for each in invariants.check(config, factories.now()) if each.name == "limits"]
    assert actions()[:2] == ["limit.changed", "limit.changed"]


def test_the_trail_says_what_it_was_and_what_it_is(client: FlaskClient) -> None:
    browser = people.browser(installation_owner())
    for _ in range(2):  # the second time changes nothing and is not put on record
        people.post(browser, "/admin/limits/login", "/admin/limits", count="50", seconds="600")
    db.session.rollback()
    (entry,) = (each for each in audit.trail(None) if each.action == "limit.changed")
    assert entry.object_id == "login"
    assert entry.details["before"] == "Log-in attempts from one network: at most 20 in 5 minutes."
    assert entry.details["after"] == "Log-in attempts from one network: at most 50 in 10 minutes."


@pytest.mark.parametrize(
    ("name", "count", "seconds"),
    [
        ("sign_burst", "0", "60"), ("sign_burst", "-1", "60"), ("sign_burst", "1.5", "60"), ("sign_burst", "", "60"),
        ("sign_burst", "many", "60"), ("sign_burst", "1000001", "60"), ("sign_burst", "٧", "60"), ("sign_burst", "9" * 40, "60"),
        ("sign_burst", "20", "9"), ("sign_burst", "20", "86401"), ("sign_burst", "20", ""), ("login", "4", "300"),
    ],
)  # fmt: skip
def test_what_makes_no_limit_is_refused_beside_its_field(
    sqlite_app: Flask, name: str, count: str, seconds: str
) -> None:
    from tests.admin.conftest import Browser

    sqlite_app.test_client_class = Browser
    browser = people.browser(installation_owner())
    answer = people.post(browser, f"/admin/limits/{name}", "/admin/limits", count=count, seconds=seconds)
    assert answer.status_code == 422
    assert f'id="{name}-fault"' in answer.text
    assert f'value="{count}"' in answer.text
    assert "limit.changed" not in actions()


def test_a_limit_that_does_not_exist_is_not_there(client: FlaskClient) -> None:
    browser = people.browser(installation_owner())
    assert people.post(browser, "/admin/limits/nothing", "/admin/limits", count="5", seconds="60").status_code == 404


def test_only_an_owner_of_the_installation_changes_them(client: FlaskClient) -> None:
    for role in ROLES:
        browser = people.browser(people.member(role))
        answer = people.post(browser, "/admin/limits/sign_burst", count="5", seconds="60")
        assert answer.status_code == 403, role
        assert people.post(browser, "/admin/limits/sign_burst", action="reset").status_code == 403, role
    owner = people.browser(people.member("owner"))
    page = owner.get("/admin/limits").text
    assert "Only an owner of the whole installation" in page
    assert "/admin/limits/sign_burst" not in page
    assert "limit.changed" not in actions()


def test_the_use_of_each_limit_is_shown(app: Flask, client: FlaskClient) -> None:
    factories.letter()
    limiter: limits.Limiter = app.extensions["limiter"]
    owner = people.member("owner")
    with time_machine.travel(factories.now().replace(second=30), tick=False):  # within a minute, where nothing fades
        for _ in range(23):
            limiter.count(SIGN_BURST, "203.0.113.7")
        limiter.count(SIGN_BURST, "198.51.100.7")
        page = people.browser(owner).get("/admin/limits").text
    section = page[page.index('id="sign_burst"') : page.index('id="sign_sustained"')]
    assert "Busiest now: 20 of 20<" in section
    assert "Counted now: 2<" in section
    assert "Over the limit in the present period: 3<" in section
    assert "203.0.113" not in page
