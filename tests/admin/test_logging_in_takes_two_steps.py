"""Logging in: password, then the code of an app or a recovery code; who has no second factor has to set one up."""

from __future__ import annotations

import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from flask import Flask, current_app
from flask.testing import FlaskClient

from petition import create_app
from petition.accounts import credentials, find_member
from petition.db import db, dispose
from petition.limits import counters
from tests import conftest
from tests.admin import people
from tests.admin.conftest import Browser

# Flask-Security 5.9 passes choices in the form that WTForms 3.4 drops.
pytestmark = pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning")


def leave(client: FlaskClient) -> None:
    people.post(client, "/admin/logout")
    assert client.get("/admin/").status_code == 303


def test_a_member_without_a_second_factor_has_to_set_one_up(client: FlaskClient) -> None:
    people.member()
    assert people.type_password(client, "moderator@team.example.org").location == "/admin/tf-setup"
    assert client.get("/admin/").location.startswith("/admin/login")
    client.delete_cookie("petition_team", path="/admin")
    people.set_up_app(client, "moderator@team.example.org")
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "You have no recovery codes yet" in page.text
    assert find_member("moderator@team.example.org").tf_primary_method == "authenticator"


def test_password_and_code_log_in(client: FlaskClient) -> None:
    people.member()
    key = people.set_up_app(client, "moderator@team.example.org")
    leave(client)
    assert people.type_password(client, "moderator@team.example.org").location.startswith("/admin/tf-validate")
    assert client.get("/admin/").status_code == 303
    wrong = people.post(client, "/admin/tf-validate", "/admin/tf-validate", code="000000")
    assert wrong.status_code == 200
    assert client.get("/admin/").status_code == 303
    answer = people.post(client, "/admin/tf-validate", "/admin/tf-validate", code=people.code(key))
    assert answer.location == "/admin/"
    assert client.get("/admin/").status_code == 200


SIX = 6


def at_once(app: Flask, address: str, code: str, email: str) -> list[bool]:
    """Six browsers that gave the password send one code in the same moment; who of them is in."""
    browsers = [app.test_client() for _ in range(SIX)]
    for each in browsers:
        people.type_password(each, email)
    forms = [people.token(each.get(address)) for each in browsers]
    together = threading.Barrier(SIX)

    def send(number: int) -> bool:
        together.wait()
        browsers[number].post(address, data={"csrf_token": forms[number], "code": code})
        return browsers[number].get("/admin/").status_code == 200

    db.session.remove()
    with ThreadPoolExecutor(SIX) as pool:
        return list(pool.map(send, range(SIX)))


def test_of_six_browsers_with_one_code_one_gets_in(app: Flask, client: FlaskClient) -> None:
    people.member()
    key = people.set_up_app(client, "moderator@team.example.org")
    assert sum(at_once(app, "/admin/tf-validate", people.code(key), "moderator@team.example.org")) == 1


def test_of_six_browsers_with_one_recovery_code_one_gets_in(app: Flask, client: FlaskClient) -> None:
    people.member()
    people.set_up_app(client, "moderator@team.example.org")
    page = people.post(client, "/admin/mf-recovery-codes", "/admin/mf-recovery-codes")
    codes = re.findall(r"<li>([0-9a-f-]{14})</li>", page.text)
    assert sum(at_once(app, "/admin/mf-recovery", codes[3], "moderator@team.example.org")) == 1
    assert len(find_member("moderator@team.example.org").mf_recovery_codes or []) == 7
    assert people.recorded("member.recovery_code_used")[0].details["left"] == 7


def test_what_was_read_before_a_code_was_used_brings_nothing_back(client: FlaskClient) -> None:
    people.member()
    people.set_up_app(client, "moderator@team.example.org")
    people.post(client, "/admin/mf-recovery-codes", "/admin/mf-recovery-codes")
    read_before = find_member("moderator@team.example.org")
    codes = list(read_before.mf_recovery_codes or [])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_use_first, client.application, read_before.id, codes[0]).result()
    read_before.tf_totp_secret = "another"
    current_app.extensions["security"].datastore.commit()
    db.session.rollback()
    assert find_member("moderator@team.example.org").mf_recovery_codes == codes[1:]


def _use_first(app: Flask, member_id: int, code: str) -> None:
    with app.app_context():
        assert credentials.use_recovery_code(member_id, lambda kept: kept == code, datetime.now(UTC))
        assert credentials.use_step(member_id, 1 << 30)
        assert not credentials.use_step(member_id, 1 << 30)


def test_a_code_that_was_used_works_for_nobody_again(client: FlaskClient) -> None:
    people.member()
    key = people.set_up_app(client, "moderator@team.example.org")
    code = people.code(key)
    answers = []
    for _ in range(2):
        leave(client)
        people.type_password(client, "moderator@team.example.org")
        answers.append(people.post(client, "/admin/tf-validate", "/admin/tf-validate", code=code).status_code)
    assert answers == [302, 200]


def test_the_code_may_also_be_sent_to_the_log_in_page(client: FlaskClient) -> None:
    people.member()
    key = people.set_up_app(client, "moderator@team.example.org")
    leave(client)
    people.type_password(client, "moderator@team.example.org")
    page = client.get("/admin/tf-validate")
    answer = client.post("/admin/login", data={"csrf_token": people.token(page), "code": people.code(key)})
    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_recovery_code_opens_the_account_once(client: FlaskClient) -> None:
    people.member()
    people.set_up_app(client, "moderator@team.example.org")
    page = people.post(client, "/admin/mf-recovery-codes", "/admin/mf-recovery-codes")
    codes = re.findall(r"<li>([0-9a-f-]{14})</li>", page.text)
    assert len(codes) == 8
    assert codes[0] not in str(find_member("moderator@team.example.org").mf_recovery_codes)
    for expected in (200, 303):
        leave(client)
        people.type_password(client, "moderator@team.example.org")
        people.post(client, "/admin/mf-recovery", "/admin/mf-recovery", code=codes[0])
        assert client.get("/admin/").status_code == expected
        if expected == 303:
            break


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: FlaskClient) -> None:
    people.member()
    known = people.type_password(client, "moderator@team.example.org", "a wrong pass phrase")
    unknown = people.type_password(client, "moderatos@team.example.org", "a wrong pass phrase")
    assert known.status_code == unknown.status_code == 200
    assert "Authentication failed" in known.text
    plain = [re.sub(r'name="csrf_token" value="[^"]+"', "", each.text) for each in (known, unknown)]
    assert plain[0].replace("moderator@", "moderatos@") == plain[1]


def test_a_set_up_link_sets_the_password_once(client: FlaskClient) -> None:
    who = people.member()
    link = current_app.extensions["setup_link"](who)
    assert link.startswith("http://localhost/admin/reset/")
    address = link.removeprefix("http://localhost")
    answer = people.post(
        client, address, address, password="another sample phrase", password_confirm="another sample phrase"
    )
    assert answer.location == "/admin/login", answer.text
    assert people.type_password(client, who.email, "another sample phrase").location == "/admin/tf-setup"
    assert client.get(address).location == "/admin/reset"


def test_a_short_password_is_refused(client: FlaskClient) -> None:
    address = current_app.extensions["setup_link"](people.member()).removeprefix("http://localhost")
    answer = people.post(client, address, address, password="too short", password_confirm="too short")
    assert answer.status_code == 200
    assert "fault" in answer.text


def test_setting_a_password_ends_other_sessions(client: FlaskClient) -> None:
    who = people.member()
    elsewhere = people.browser(who)
    assert elsewhere.get("/admin/").status_code == 200
    address = current_app.extensions["setup_link"](who).removeprefix("http://localhost")
    people.post(client, address, address, password="another sample phrase", password_confirm="another sample phrase")
    db.session.remove()
    assert elsewhere.get("/admin/").status_code == 303


@pytest.fixture
def lenient(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application where the operator does not ask for a second factor, and limits are on."""
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    return create_app(conftest.settings(tmp_path, require_second_factor="off", limits="on"))


def test_where_no_second_factor_is_required_the_password_is_enough_and_guessing_is_slowed(lenient: Flask) -> None:
    with lenient.app_context(), time_machine.travel(datetime(2026, 6, 1, 12, 2, tzinfo=UTC), tick=False):
        people.member()
        lenient.test_client_class = Browser
        client = lenient.test_client()
        assert people.type_password(client, "moderator@team.example.org").status_code == 302
        assert client.get("/admin/").status_code == 200
        guesser = lenient.test_client()
        answers = [people.type_password(guesser, "moderator@team.example.org", "wrong").status_code for _ in range(22)]
        assert answers[0] == 200
        assert answers[-1] == 429
        lenient.extensions["limiter"].close()
        dispose()
