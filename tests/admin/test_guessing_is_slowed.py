"""Guessing slows one network at one account, and a network in all; the account's owner gets in from anywhere else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from petition import create_app, limits
from petition.db import dispose
from petition.limits import counters
from tests import conftest
from tests.admin import people
from tests.admin.conftest import Browser

NOON = datetime(2026, 6, 1, 12, 2, tzinfo=UTC)  # well inside a window of five minutes
HERE, THERE = "198.51.100.7", "203.0.113.9"
MOST = limits.LOGIN_ACCOUNT.default.count
ANA, BEN = people.ADDRESSES["moderator"], people.ADDRESSES["viewer"]


@pytest.fixture
def counting(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with limits on, its clock stopped."""
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    app = create_app(conftest.settings(tmp_path, require_second_factor="off", limits="on"))
    app.test_client_class = Browser
    with app.app_context(), time_machine.travel(NOON, tick=False):
        people.member("moderator")
        people.member("viewer")
        yield app
        app.extensions["limiter"].close()
        dispose()


def attempt(app: Flask, email: str, password: str = "a wrong phrase", network: str = HERE) -> int:
    browser = app.test_client()
    browser.environ_base["REMOTE_ADDR"] = network
    return people.type_password(browser, email, password).status_code


def test_wrong_passwords_slow_that_network_at_that_account_and_nothing_else(counting: Flask) -> None:
    assert [attempt(counting, ANA) for _ in range(MOST)] == [200] * MOST
    assert attempt(counting, ANA.upper()) == 429
    assert attempt(counting, ANA, people.PASSWORD) == 429
    assert attempt(counting, BEN, people.PASSWORD) == 302
    assert attempt(counting, ANA, people.PASSWORD, THERE) == 302


def test_an_unknown_address_is_answered_alike(counting: Flask) -> None:
    known = [attempt(counting, ANA) for _ in range(MOST + 1)]
    assert [attempt(counting, "nobody@example.org", network=THERE) for _ in range(MOST + 1)] == known


def test_who_is_slowed_is_told_for_how_long_and_what_to_do(counting: Flask) -> None:
    for _ in range(MOST):
        attempt(counting, ANA)
    answer = people.type_password(counting.test_client(), "x@example.org")
    assert answer.status_code == 200
    browser = counting.test_client()
    browser.environ_base["REMOTE_ADDR"] = HERE
    answer = people.type_password(browser, ANA)
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert "or try from another network" in answer.text


def test_one_network_tries_no_more_than_its_share_of_accounts(counting: Flask) -> None:
    answers = [attempt(counting, f"member{number}@example.org") for number in range(limits.LOGIN.default.count + 1)]
    assert answers == [200] * limits.LOGIN.default.count + [429]


def test_the_password_of_a_session_is_not_guessed_either(counting: Flask) -> None:
    browser = counting.test_client()
    people.enter(browser, people.member("moderator"))
    fields = {"new_password": "another sample phrase", "new_password_confirm": "another sample phrase"}
    answers = [
        people.post(browser, "/admin/change", "/admin/change", password="a wrong phrase", **fields).status_code for _ in range(MOST + 1)
    ]
    assert answers == [200] * MOST + [429]


def test_codes_for_one_account_are_counted_from_wherever_they_come(counting: Flask) -> None:
    browser = counting.test_client()
    form = people.token(browser.get("/admin/login"))
    answers = []
    for number in range(limits.CODES.default.count + 1):
        browser.environ_base["REMOTE_ADDR"] = f"198.51.{number}.7"
        with browser.session_transaction("/admin/") as session:  # as after the password
            session["tf_user_id"] = "the-same-account"
        answer = browser.post(("/admin/tf-validate", "/admin/login")[number % 2], data={"csrf_token": form, "code": "000000"})
        answers.append(answer.status_code)
    assert answers[-1] == 429
    assert 429 not in answers[:-1]
