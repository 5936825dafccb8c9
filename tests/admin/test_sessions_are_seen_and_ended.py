"""Each log-in is a row: listed without device or network, ended by leaving, by time, by its owner and by owners of the team."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import func, inspect, select

from petition import accounts
from petition.accounts import Member, TeamSession, sessions
from petition.db import db
from petition.upkeep import retention
from tests.admin import people

BEGAN = datetime(2026, 5, 4, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def inside(browser: FlaskClient) -> bool:
    return browser.get("/admin/account").status_code == 200


def rows() -> list[TeamSession]:
    db.session.rollback()
    return list(db.session.scalars(select(TeamSession).order_by(TeamSession.began_at)))


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie("petition_team", path="/admin")
    assert found is not None
    return found.value


def thief(app: Flask, stolen: str) -> FlaskClient:
    """A browser with somebody else's cookie."""
    found = app.test_client()
    found.set_cookie("petition_team", stolen, path="/admin")
    return found


def test_nothing_is_kept_of_the_device_or_the_network(sqlite_app: Flask) -> None:
    columns = {column.name for column in inspect(TeamSession).columns}
    assert columns == {"digest", "member_id", "began_at", "seen_at", "ended_at"}


def test_logging_in_by_the_form_makes_a_row_and_logging_out_ends_it_for_a_stolen_cookie_too(client: FlaskClient) -> None:
    people.member()
    people.set_up_app(client, people.ADDRESSES["moderator"])
    (row,) = rows()
    with client.session_transaction("/admin/") as session:
        assert sessions.digest(session["team_session"]) == row.digest
        assert session["team_session"] != row.digest, "the row alone opens nothing"
    stolen = thief(client.application, cookie(client))
    assert inside(stolen)
    people.post(client, "/admin/logout", "/admin/account")
    assert not inside(client)
    assert not inside(stolen)
    assert rows()[0].ended_at is not None


def test_a_signed_cookie_without_a_row_opens_nothing(sqlite_client: FlaskClient) -> None:
    who = people.member()
    people.enter(sqlite_client, who)
    with sqlite_client.session_transaction("/admin/") as session:
        del session["team_session"]
    assert not inside(sqlite_client)
    people.enter(sqlite_client, who)
    with sqlite_client.session_transaction("/admin/") as session:
        session["team_session"] = sessions.begin(people.member("viewer").id, datetime.now(UTC))
    assert not inside(sqlite_client), "another member's row"


def test_a_token_in_place_of_a_cookie_opens_nothing(sqlite_client: FlaskClient) -> None:
    token = people.member("owner").get_auth_token()
    assert sqlite_client.get("/admin/account", headers={"Authentication-Token": token}).status_code == 303
    assert sqlite_client.get(f"/admin/account?auth_token={token}").status_code == 303


@pytest.mark.parametrize(("pause", "stands"), [(29 * MINUTE, True), (30 * MINUTE, False)])
def test_a_session_ends_after_half_an_hour_without_a_visit(sqlite_client: FlaskClient, pause: timedelta, stands: bool) -> None:
    with time_machine.travel(BEGAN, tick=False) as clock:
        people.enter(sqlite_client, people.member())
        stolen = cookie(sqlite_client)
        clock.move_to(BEGAN + pause)
        assert inside(thief(sqlite_client.application, stolen)) == stands


def test_a_session_ends_after_twelve_hours_however_busy(sqlite_client: FlaskClient) -> None:
    with time_machine.travel(BEGAN, tick=False) as clock:
        people.enter(sqlite_client, people.member())
        for minutes in range(25, 12 * 60, 25):
            clock.move_to(BEGAN + minutes * MINUTE)
            assert inside(sqlite_client)
        with sqlite_client.session_transaction("/admin/") as session:
            session["fs_paa"] = (BEGAN + 12 * HOUR).timestamp()  # having proved again who they are prolongs nothing
        clock.move_to(BEGAN + 12 * HOUR)
        assert not inside(sqlite_client)


def test_a_visit_is_noted_once_a_minute(sqlite_client: FlaskClient) -> None:
    with time_machine.travel(BEGAN, tick=False) as clock:
        people.enter(sqlite_client, people.member())
        clock.move_to(BEGAN + 59 * timedelta(seconds=1))
        inside(sqlite_client)
        assert rows()[0].seen_at == BEGAN
        clock.move_to(BEGAN + MINUTE)
        inside(sqlite_client)
        assert rows()[0].seen_at == BEGAN + MINUTE


def test_members_see_their_sessions_and_end_one_or_all_others(sqlite_client: FlaskClient) -> None:
    who = people.member()
    one, two, three = people.browser(who), people.browser(who), people.browser(who)
    elsewhere = people.browser(people.member("viewer"))
    page = one.get("/admin/account")
    assert page.text.count("last seen") == 3
    assert page.text.count("this one") == 1
    with two.session_transaction("/admin/") as session:
        second = sessions.digest(session["team_session"])
    assert people.post(one, "/admin/account/sessions", "/admin/account", session=second).status_code == 303
    assert [inside(each) for each in (one, two, three, elsewhere)] == [True, False, True, True]
    people.post(one, "/admin/account/sessions", "/admin/account", action="others")
    assert [inside(each) for each in (one, three, elsewhere)] == [True, False, True]
    assert [entry.details["count"] for entry in people.recorded("member.sessions_ended")] == [1, 1]


def test_another_members_session_is_not_there_to_be_ended(sqlite_client: FlaskClient) -> None:
    theirs = people.browser(people.member("viewer"))
    with theirs.session_transaction("/admin/") as session:
        other = sessions.digest(session["team_session"])
    mine = people.browser(people.member())
    assert people.post(mine, "/admin/account/sessions", "/admin/account", session=other).status_code == 404
    assert inside(theirs)


def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(sqlite_client: FlaskClient) -> None:
    who = people.member()
    mine, other = people.browser(who), people.browser(who)
    stolen = thief(current_app, cookie(mine))  # type: ignore[arg-type]
    answer = people.post(
        mine, "/admin/change", "/admin/change", password=people.PASSWORD, new_password="another sample phrase",
        new_password_confirm="another sample phrase",
    )  # fmt: skip
    assert answer.location == "/admin/account", answer.text
    assert [inside(each) for each in (mine, other, stolen)] == [True, False, False]
    assert people.recorded("member.password_set")[0].actor_name == who.email


def ways() -> dict[str, object]:
    def reset(by: Member, who: Member) -> None:
        accounts.reset_member(by, who.memberships[0].team_id, who.id, link=lambda _: "link", now=datetime.now(UTC))

    def remove(by: Member, who: Member) -> None:
        accounts.remove_from_team(by, who.memberships[0].team_id, who.id, now=datetime.now(UTC))

    def log_out(by: Member, who: Member) -> None:
        accounts.end_sessions_of(by, who.memberships[0].team_id, who.id, now=datetime.now(UTC))

    return {"reset": reset, "remove": remove, "log out": log_out}


@pytest.mark.parametrize("way", ["reset", "remove", "log out"])
def test_an_owner_ends_a_members_sessions(sqlite_client: FlaskClient, way: str) -> None:
    owner, who = people.member("owner"), people.member("moderator")
    mine, theirs = people.browser(owner), people.browser(who)
    ways()[way](owner, who)  # type: ignore[operator]
    assert [inside(mine), inside(theirs)] == [True, False]


def test_rows_are_forgotten_after_thirty_days(sqlite_app: Flask) -> None:
    who = people.member()
    sessions.begin(who.id, BEGAN)
    retention.purge(BEGAN + timedelta(days=30) - MINUTE)
    assert len(rows()) == 1
    assert ("log-ins of the team older than 30 days", 1) in retention.purge(BEGAN + timedelta(days=30))
    assert db.session.scalar(select(func.count()).select_from(TeamSession)) == 0
