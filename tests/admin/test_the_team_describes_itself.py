"""Owners say who the team is; a logo is a picture by its bytes, not by its name."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from petition import accounts
from petition.db import db
from tests.admin import people

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def test_an_owner_changes_how_the_team_appears(client: FlaskClient) -> None:
    who = people.member("owner")
    number, browser = who.memberships[0].team_id, people.browser(who)
    page = browser.get("/admin/team")
    assert "owner@team.example.org" in page.text
    answer = people.post(
        browser, f"/admin/team/{number}", name="The road team", operator="Sample Office", imprint="Line one\r\nLine two"
    )
    assert answer.status_code == 303
    db.session.rollback()
    assert accounts.find_team(number).imprint == "Line one\nLine two"


def test_a_name_that_is_missing_or_taken_is_refused_beside_its_field(client: FlaskClient) -> None:
    who = people.member("owner")
    people.member("viewer", "else@example.org", team="Another team")
    number, browser = who.memberships[0].team_id, people.browser(who)
    for name in ("", "Another team", "x" * 121):
        answer = people.post(browser, f"/admin/team/{number}", name=name, operator="Kept words")
        assert answer.status_code == 422
        assert 'class="fault"' in answer.text
        assert "Kept words" in answer.text


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (PNG, 303),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 9, 303),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", 303),
        (b"<svg onload='x'/>", 422),
        (b"", 422),
        (PNG + b"\x00" * 200_000, 422),
    ],
)
def test_a_logo_is_judged_by_its_bytes(client: FlaskClient, picture: bytes, expected: int) -> None:
    who = people.member("owner")
    number, browser = who.memberships[0].team_id, people.browser(who)
    answer = people.post(browser, f"/admin/team/{number}/logo", "/admin/team", logo=(io.BytesIO(picture), "logo.png"))
    assert answer.status_code == expected
    db.session.rollback()
    assert bool(accounts.find_team(number).logo_type) == (expected == 303)
