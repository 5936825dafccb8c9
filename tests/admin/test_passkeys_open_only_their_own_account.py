"""Passkeys: each opens its own account, once per answer, alone only when it checked who holds it; none is a way around another."""

from __future__ import annotations

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient

from petition.accounts import Member, find_member
from petition.db import db
from tests.admin import people
from tests.admin.device import Device, add, answered, asked, log_in


@pytest.fixture
def who(sqlite_client: FlaskClient) -> Member:
    return people.member("moderator")


def with_passkey(who: Member, **traits: bool) -> Device:
    device = Device(**traits)
    answer = add(people.browser(who), device)
    assert answer.location == "/admin/account", answer.text
    return device


def stranger() -> FlaskClient:
    return current_app.test_client()


def inside(browser: FlaskClient) -> bool:
    return browser.get("/admin/account").status_code == 200


def passkeys(who: Member) -> list[str]:
    db.session.rollback()
    return [each.name for each in find_member(people.ADDRESSES["moderator"]).webauthn]


def test_a_passkey_logs_in_alone_on_both_databases(app: Flask, client: FlaskClient) -> None:
    device = with_passkey(people.member("moderator"))
    browser = stranger()
    assert log_in(browser, device).location == "/admin/"
    assert inside(browser)
    entry = people.recorded("member.passkey_added")[0]
    assert (entry.actor_name, entry.details["passkey"]) == ("moderator@team.example.org", "My phone")


@pytest.mark.parametrize("counts", [False, True])
def test_an_answer_is_taken_once(who: Member, counts: bool) -> None:
    device = with_passkey(who, counts=counts)
    one, two = stranger(), stranger()
    options, state = asked(one, "/admin/wan-signin", "/admin/login")
    credential = device.use(options)
    answered(one, f"/admin/wan-signin/{state}", "/admin/login", credential)
    answered(two, f"/admin/wan-signin/{state}", "/admin/login", credential)
    assert [inside(one), inside(two)] == [True, False]


def test_a_key_that_checks_nobody_opens_nothing_alone_and_stands_beside_the_password(who: Member) -> None:
    device = with_passkey(who, verifies=False)
    alone = stranger()
    log_in(alone, device)
    assert not inside(alone)
    second = stranger()
    assert people.type_password(second, who.email).location.startswith("/admin/wan-signin")
    log_in(second, device)
    assert inside(second)


def test_a_challenge_of_the_second_step_does_not_make_such_a_key_enough(who: Member) -> None:
    device = with_passkey(who, verifies=False)
    options, state = asked(people.browser(who), "/admin/wan-verify", "/admin/wan-verify")
    browser = stranger()
    answered(browser, f"/admin/wan-signin/{state}", "/admin/login", device.use(options))
    assert not inside(browser)
    page = browser.get("/admin/wan-signin")
    assert "Second step" not in page.text, "nor is it half of a log-in"


def test_anothers_passkey_is_no_second_step(who: Member) -> None:
    with_passkey(who)
    theirs = Device()
    add(people.browser(people.member("viewer")), theirs)
    browser = stranger()
    people.type_password(browser, who.email)
    log_in(browser, theirs)
    assert not inside(browser)


def test_a_phished_password_enrols_no_app_where_there_is_a_passkey(who: Member) -> None:
    with_passkey(who)
    browser = stranger()
    assert people.type_password(browser, who.email).location.startswith("/admin/wan-signin")
    assert browser.get("/admin/tf-setup").status_code == 302
    token = people.token(browser.get("/admin/login"))
    browser.post("/admin/tf-setup", data={"csrf_token": token, "setup": "authenticator"})
    answer = browser.post("/admin/wan-register", data={"csrf_token": token, "name": "Mine", "usage": "first"})
    assert answer.status_code == 302
    assert passkeys(who) == ["My phone"]
    assert find_member(who.email).tf_primary_method is None


def test_a_newcomer_meets_the_requirement_with_a_passkey(who: Member) -> None:
    browser = stranger()
    assert people.type_password(browser, who.email).location == "/admin/tf-setup"
    assert not inside(browser)
    assert add(browser, Device(), page="/admin/tf-setup").location == "/admin/account"
    assert inside(browser)


def test_an_app_is_switched_off_only_while_a_passkey_stays(who: Member) -> None:
    browser = stranger()
    people.set_up_app(browser, who.email)
    assert "Switch the second factor off" not in browser.get("/admin/tf-setup").text
    add(browser, Device())
    assert "Switch the second factor off" in browser.get("/admin/tf-setup").text
    people.post(browser, "/admin/tf-setup", "/admin/tf-setup", setup="disable")
    db.session.rollback()
    assert find_member(who.email).tf_primary_method is None
    assert people.recorded("member.app_removed")
    people.post(browser, "/admin/wan-delete", "/admin/account", name="My phone")
    assert passkeys(who) == ["My phone"], "the only second factor stays"


def test_a_passkey_is_deleted_by_its_owner_alone(who: Member) -> None:
    device = with_passkey(who)
    add(people.browser(who), Device(), name="My key")
    people.post(people.browser(people.member("owner")), "/admin/wan-delete", "/admin/account", name="My phone")
    assert passkeys(who) == ["My phone", "My key"]
    people.post(people.browser(who), "/admin/wan-delete", "/admin/account", name="My phone")
    assert passkeys(who) == ["My key"]
    browser = stranger()
    log_in(browser, device)
    assert not inside(browser)
    assert people.recorded("member.passkey_removed")[0].details["passkey"] == "My phone"


def test_a_passkey_made_elsewhere_is_not_slipped_into_a_session(who: Member) -> None:
    mine = people.browser(people.member("viewer"))
    options, state = asked(mine, "/admin/wan-register", "/admin/account", name="Sly", usage="first")
    victim = people.browser(who)
    with victim.session_transaction("/admin/") as session:
        session["fs_paa"] -= 3600
    answer = answered(victim, f"/admin/wan-register/{state}", "/admin/account", Device().make(options))
    assert answer.status_code == 403
    assert passkeys(who) == []


def test_the_log_in_page_names_nobodys_passkeys(who: Member) -> None:
    with_passkey(who)
    options, _ = asked(stranger(), "/admin/wan-signin", "/admin/login", identity=who.email)
    assert options["allowCredentials"] == []


def test_words_in_place_of_answers_are_no_error_of_the_site(who: Member) -> None:
    browser = stranger()
    _, state = asked(browser, "/admin/wan-signin", "/admin/login")
    for credential in ("", "{}", "[]", '"x"', '{"id": 1}', "\x00"):
        assert answered(browser, f"/admin/wan-signin/{state}", "/admin/login", credential).status_code == 302
    assert answered(browser, "/admin/wan-signin/nonsense", "/admin/login", "{}").status_code == 302
