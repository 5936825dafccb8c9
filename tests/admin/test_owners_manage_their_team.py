"""Owners invite by a link that works once, give roles, reset and remove; in their own team only, and the last owner stays."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from petition import accounts
from petition.accounts import LastOwner, Member, Membership, find_member
from petition.audit import COMMAND_LINE
from petition.db import db
from petition.errors import Forbidden
from petition.outbox.rendering import render
from tests import factories
from tests.admin import people
from tests.smtp_server import body

NEW = "ana@example.org"
PHRASE = {"password": "another sample phrase", "password_confirm": "another sample phrase"}


def invite(browser: FlaskClient, team: int, email: str = NEW, role: str = "editor") -> TestResponse:
    return people.post(browser, f"/admin/team/{team}/invite", "/admin/team", email=email, role=role)


def shown_link(browser: FlaskClient) -> str | None:
    found = re.search(r'readonly dir="ltr" value="http://localhost([^"]+)"', browser.get("/admin/team").text)
    return found[1] if found else None


def invite_for(browser: FlaskClient, team: int, **more: str) -> str:
    """Invite, and return the address of the link that is shown."""
    assert invite(browser, team, **more).status_code == 303
    link = shown_link(browser)
    assert link is not None
    return link


def roles(email: str) -> dict[str, str]:
    db.session.rollback()
    return {each.team.name: each.role for each in find_member(email).memberships}


def do(browser: FlaskClient, what: str, who: Member, team: int, **fields: Any) -> TestResponse:
    return people.post(browser, f"/admin/team/{team}/members/{who.id}/{what}", "/admin/team", **fields)


@pytest.fixture
def owner(sqlite_client: FlaskClient) -> Member:
    return people.member("owner")


@pytest.fixture
def team(owner: Member) -> int:
    return owner.memberships[0].team_id


@pytest.fixture
def browser(owner: Member) -> FlaskClient:
    return people.browser(owner)


def test_an_invitation_is_mailed_and_its_link_shown_once_and_opens_once(browser: FlaskClient, team: int) -> None:
    link = invite_for(browser, team)
    assert shown_link(browser) is None
    (mail,) = factories.mails("invitation")
    assert mail.recipient == NEW
    sent = body(render(mail, factories.config()), "plain")
    assert f"http://localhost{link}" in sent
    assert "owner@team.example.org has added you to a team" in sent
    stranger = browser.application.test_client()
    assert people.type_password(stranger, NEW).status_code == 200, "nobody can log in before"
    assert people.post(stranger, link, link, **PHRASE).location == "/admin/login"
    assert people.type_password(stranger, NEW, PHRASE["password"]).location == "/admin/tf-setup"
    assert stranger.get(link).location == "/admin/reset"
    assert roles(NEW) == {"The team": "editor"}
    entry = people.recorded("member.invited")[0]
    assert (entry.actor_name, entry.details["who"], entry.details["role"]) == ("owner@team.example.org", NEW, "editor")


def test_a_new_link_ends_the_one_before(browser: FlaskClient, team: int) -> None:
    first = invite_for(browser, team)
    second = invite_for(browser, team)
    stranger = browser.application.test_client()
    assert stranger.get(first).location == "/admin/reset"
    assert stranger.get(second).status_code == 200


def test_a_link_ends_after_three_days(browser: FlaskClient, team: int) -> None:
    link = invite_for(browser, team)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3, minutes=1), tick=False):
        assert browser.application.test_client().get(link).location == "/admin/reset"


@pytest.mark.parametrize(("email", "role"), [("no address", "editor"), (NEW, "emperor"), ("moderator@team.example.org", "editor")])
def test_what_cannot_be_invited_is_told_beside_its_field(browser: FlaskClient, team: int, email: str, role: str) -> None:
    people.member("moderator")
    answer = invite(browser, team, email, role)
    assert answer.status_code == 422
    assert 'class="fault"' in answer.text
    assert factories.mails("invitation") == []


def test_five_invitations_a_day_reach_one_address(browser: FlaskClient, team: int) -> None:
    for _ in range(6):
        invite(browser, team)
    assert len(factories.mails("invitation")) == 5
    assert "has had its share" in browser.get("/admin/team").text


def test_a_role_is_given_and_recorded(browser: FlaskClient, team: int) -> None:
    who = people.member("viewer")
    assert do(browser, "role", who, team, role="moderator").status_code == 303
    assert roles(who.email) == {"The team": "moderator"}
    entry = people.recorded("member.role")[0]
    assert (entry.details["before"], entry.details["role"], entry.team_id) == ("viewer", "moderator", team)


def test_who_is_removed_from_their_only_team_is_gone(browser: FlaskClient, team: int) -> None:
    who = people.member("viewer")
    assert do(browser, "remove", who, team).status_code == 303
    assert "viewer@team.example.org is no longer" in browser.get("/admin/team").text
    db.session.rollback()
    assert db.session.scalar(select(Member).where(Member.email == "viewer@team.example.org")) is None
    assert people.recorded("member.removed")[0].details["who"] == "viewer@team.example.org"


def test_who_belongs_to_another_team_too_stays_there(browser: FlaskClient, team: int) -> None:
    who = people.member("viewer")
    people.member("editor", who.email, team="Another team")
    do(browser, "remove", who, team)
    assert roles(who.email) == {"Another team": "editor"}


def test_a_reset_clears_what_opens_the_account_and_shows_a_link(browser: FlaskClient, team: int) -> None:
    who = people.member("moderator")
    theirs = browser.application.test_client()
    people.set_up_app(theirs, who.email)
    assert do(browser, "reset", who, team).status_code == 303
    link = shown_link(browser)
    assert link is not None
    db.session.rollback()
    found = find_member(who.email)
    assert (found.password, found.tf_primary_method, found.tf_totp_secret) == (None, None, None)
    assert theirs.get("/admin/account").status_code == 303
    assert theirs.get(link).status_code == 200
    assert people.recorded("member.reset")[0].actor_name == "owner@team.example.org"


def test_nobody_resets_themself(browser: FlaskClient, owner: Member, team: int) -> None:
    answer = do(browser, "reset", owner, team)
    assert answer.status_code == 409
    assert "your own account" in answer.text


@pytest.mark.parametrize(("what", "fields"), [("remove", {}), ("role", {"role": "editor"})])
def test_the_last_owner_stays(browser: FlaskClient, owner: Member, team: int, what: str, fields: dict[str, str]) -> None:
    people.member("editor")
    invite(browser, team, role="owner")
    answer = do(browser, what, owner, team, **fields)
    assert answer.status_code == 409, "an invitation that nobody followed manages nothing"
    assert "last owner" in answer.text
    second = people.member("owner", "second@example.org")
    assert do(browser, what, owner, team, **fields).status_code == 303
    assert [each.member_id for each in db.session.scalars(select(Membership).where(Membership.role == "owner"))][-1] == second.id


def test_owners_of_a_team_reach_no_other_team(browser: FlaskClient, owner: Member, team: int) -> None:
    theirs = people.member("viewer", "elsewhere@example.org", team="Another team")
    other = theirs.memberships[0].team_id
    for what in ("role", "remove", "reset", "sessions"):
        assert do(browser, what, theirs, other, role="owner").status_code == 404
        assert do(browser, what, theirs, team, role="owner").status_code == 404
    assert invite(browser, other).status_code == 404
    assert roles(theirs.email) == {"Another team": "viewer"}
    assert "elsewhere@example.org" not in browser.get("/admin/team").text


def test_who_belongs_to_another_team_too_is_reset_by_the_platforms_owners_only(browser: FlaskClient, team: int) -> None:
    shared = people.member("viewer")
    people.member("owner", shared.email, team="Another team")
    assert do(browser, "reset", shared, team).status_code == 403
    assert find_member(shared.email).password is not None


def test_inviting_another_teams_member_shows_no_way_into_their_account(browser: FlaskClient, team: int) -> None:
    pending = accounts.add_member(NEW, "owner", actor=COMMAND_LINE, now=factories.now(), team_name="Another team")
    key = pending.fs_uniquifier
    assert invite(browser, team, role="viewer").status_code == 303
    assert shown_link(browser) is None
    db.session.rollback()
    assert find_member(NEW).fs_uniquifier != key, "whoever holds the link of before must not come into this team by it"
    assert "/admin/reset/" in (factories.mails("invitation")[-1].values or {})["address"]
    set_up = people.member("editor", "ben@example.org", team="Another team")
    assert invite(browser, team, set_up.email, "viewer").status_code == 303
    assert shown_link(browser) is None
    assert (factories.mails("invitation")[-1].values or {})["address"] == "http://localhost/admin/login"
    assert roles(set_up.email) == {"Another team": "editor", "The team": "viewer"}


def test_rights_over_the_whole_installation_are_neither_given_nor_touched_by_a_teams_owner(
    browser: FlaskClient, team: int
) -> None:
    everywhere = accounts.add_member(
        "all@example.org", "owner", actor=COMMAND_LINE, now=factories.now(), password_hash=people.hashed()
    )
    for what in ("role", "remove", "reset", "sessions"):
        assert do(browser, what, everywhere, team, role="viewer").status_code == 403
    invite(browser, team, role="owner")
    db.session.rollback()
    assert not find_member(NEW).sees_all


def test_an_owner_of_the_installation_who_is_demoted_owns_it_no_longer(sqlite_client: FlaskClient) -> None:
    def made(email: str, role: str) -> Member:
        return accounts.add_member(email, role, actor=COMMAND_LINE, now=factories.now(), password_hash=people.hashed())

    first = made("first@example.org", "owner")
    with pytest.raises(LastOwner):
        made("first@example.org", "viewer")
    db.session.rollback()
    second = made("second@example.org", "owner")
    team = first.memberships[0].team_id
    made("second@example.org", "viewer")
    assert (second.sees_all, second.role_in(team)) == (False, "viewer")
    made("second@example.org", "owner")
    assert do(people.browser(first), "role", second, team, role="editor").status_code == 303
    db.session.rollback()
    assert (find_member("second@example.org").sees_all, roles("second@example.org")) == (False, {"The team": "editor"})
    accounts.add_member("second@example.org", "owner", actor=COMMAND_LINE, now=factories.now(), team_name="The team")
    assert not find_member("second@example.org").sees_all, "an owner of the team alone"


def test_two_owners_who_demote_each_other_at_once_leave_one(app: Flask) -> None:
    pair = [people.member("owner", f"{name}@example.org") for name in ("first", "second")]
    team, numbers = pair[0].memberships[0].team_id, [each.id for each in pair]
    together = threading.Barrier(2)

    def demote(by: int) -> bool:
        with app.app_context():
            me = db.session.get_one(Member, numbers[by])
            together.wait()
            try:
                accounts.change_role(me, team, numbers[1 - by], "editor", now=factories.now())
            except (LastOwner, Forbidden):
                return False
            return True

    db.session.rollback()
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, range(2))) == [False, True]
    db.session.rollback()
    assert len(list(db.session.scalars(select(Membership).where(Membership.role == "owner")))) == 1


def test_a_link_of_one_team_does_not_open_an_account_that_another_team_invited_since(owner: Member, sqlite_client: FlaskClient) -> None:
    other = people.member("owner", "owner@elsewhere.example.org", team="Another team")
    link = invite_for(people.browser(owner), owner.memberships[0].team_id, role="viewer")
    assert invite(people.browser(other), other.memberships[0].team_id, role="owner").status_code == 303
    visitor = sqlite_client.application.test_client()
    page = visitor.get(link, follow_redirects=True)
    assert "password_confirm" not in page.text
    assert find_member(NEW).password is None
