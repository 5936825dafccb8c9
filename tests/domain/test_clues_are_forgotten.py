"""What clusters are found by goes with the decision, 72 hours after publication, and at once with a rejection or withdrawal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from petition.audit import PLATFORM, Actor
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.signatures import operations, submission, transitions
from petition.signatures.models import Signature, SigningRequest
from petition.upkeep import invariants, retention
from tests import factories

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
MODERATOR = Actor("member", "moderator@example.org", 1)
CLUES = ("mail_domain", "network", "hour", "name_shape")


@pytest.fixture
def letter(app: Flask) -> Letter:
    return factories.letter()


@pytest.fixture
def sqlite_letter(sqlite_app: Flask) -> Letter:
    return factories.letter()


def signed(app: Flask, letter: Letter, at: datetime = NOON, **fields: str) -> Signature:
    given = submission.check({"name": "Ana Sample", "email": "ana@bakers.example.org", "consent": "yes"} | fields, language="en")
    operations.request(letter, given, config=app.config["PETITION"], now=at - HOUR)
    found = operations.confirm(factories.last_token(), config=app.config["PETITION"], now=at, network="hash").signature
    assert found is not None
    return found


def union(app: Flask, letter: Letter) -> Signature:
    return signed(app, letter, **factories.UNION)


def moved(found: Signature, state: str, at: datetime) -> None:
    with transaction() as session:
        transitions.move(session, session.get_one(Signature, found.id), state, actor=MODERATOR, now=at, why="x")


def clues(found: Signature) -> set[str]:
    db.session.refresh(found)
    return {name for name in CLUES if getattr(found, name) is not None}


def failures(app: Flask, now: datetime) -> list[str]:
    return [each.sentence for each in invariants.check(app.config["PETITION"], now) if each.name == "forgetting" and not each.ok]


def test_they_go_72_hours_after_the_hour_of_an_automatic_publication(app: Flask, letter: Letter) -> None:
    found = signed(app, letter, NOON + 40 * 60 * SECOND)
    assert (found.state, clues(found)) == ("published", set(CLUES))
    retention.purge(NOON + 3 * DAY - SECOND)
    assert clues(found) == set(CLUES)
    retention.purge(NOON + 3 * DAY)
    assert clues(found) == set()


def test_they_wait_with_the_held_and_go_72_hours_after_the_decision(app: Flask, letter: Letter) -> None:
    found = union(app, letter)
    retention.purge(NOON + 40 * DAY)
    assert (found.state, clues(found)) == ("held", set(CLUES))
    decided = NOON + 40 * DAY
    moved(found, "published", decided)
    retention.purge(decided + 3 * DAY - SECOND)
    assert clues(found) == set(CLUES)
    retention.purge(decided + 3 * DAY)
    assert clues(found) == set()


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
@pytest.mark.parametrize("kind", ["person", "organisation"])
def test_they_go_at_once_with_a_rejection_or_a_withdrawal(sqlite_app: Flask, sqlite_letter: Letter, state: str, kind: str) -> None:
    found = union(sqlite_app, sqlite_letter) if kind == "organisation" else signed(sqlite_app, sqlite_letter)
    moved(found, state, NOON + HOUR)
    assert clues(found) == set()


def test_a_change_of_words_does_not_bring_them_back(sqlite_app: Flask, sqlite_letter: Letter) -> None:
    found = signed(sqlite_app, sqlite_letter)
    retention.purge(NOON + 3 * DAY)
    with transaction() as session:
        standing, config = session.get_one(Signature, found.id), sqlite_app.config["PETITION"]
        operations.apply_change(session, standing, {"name": "Ana Other"}, config, NOON + 4 * DAY)
    assert clues(found) == set()


def test_the_request_takes_its_signals_with_it(sqlite_app: Flask, sqlite_letter: Letter) -> None:
    signed(sqlite_app, sqlite_letter)
    assert db.session.scalar(select(SigningRequest)) is None


def test_the_representative_of_a_rejected_organisation_goes_after_thirty_days(app: Flask, letter: Letter) -> None:
    found = union(app, letter)
    moved(found, "rejected", NOON)
    retention.purge(NOON + 30 * DAY - SECOND)
    db.session.refresh(found)
    assert (found.name, found.email) == ("Rita Representative", "rita@bakers.example.org")
    retention.purge(NOON + 30 * DAY)
    db.session.refresh(found)
    assert (found.name, found.email) == ("", None)
    assert (found.organisation, found.website) == ("Sample Union of Bakers", "https://bakers.example.org")
    assert failures(app, NOON + 30 * DAY) == []


def test_check_finds_what_the_worker_left_behind(sqlite_app: Flask, sqlite_letter: Letter) -> None:
    signed(sqlite_app, sqlite_letter)
    assert failures(sqlite_app, NOON + 3 * DAY + 5 * HOUR) == []
    assert "72 hours ago are overdue" in failures(sqlite_app, NOON + 3 * DAY + 6 * HOUR)[0]
    retention.purge(NOON + 3 * DAY + 6 * HOUR)
    assert failures(sqlite_app, NOON + 3 * DAY + 6 * HOUR) == []


@pytest.mark.parametrize("clue", ["mail_domain = 'example.org'", "network = 'n'", "name_shape = 'A'"])
def test_check_finds_a_withdrawn_signature_that_shows_where_it_came_from(sqlite_app: Flask, sqlite_letter: Letter, clue: str) -> None:
    moved(signed(sqlite_app, sqlite_letter), "withdrawn", NOON)
    assert failures(sqlite_app, NOON) == []
    with transaction() as session:
        session.execute(text(f"UPDATE signature SET {clue}"))
    assert "where they came from" in failures(sqlite_app, NOON)[0]


def test_more_than_one_chunk_is_forgotten(app: Flask, letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    people = [signed(app, letter, email=f"p{number}@example.org") for number in range(5)]
    done = dict(retention.purge(NOON + 3 * DAY))
    assert done["mail domains, networks, hours and name shapes of what was published 72 hours ago"] == 5
    assert [clues(each) for each in people] == [set()] * 5


def test_a_hiding_by_the_platform_keeps_them_for_the_decision(sqlite_app: Flask, sqlite_letter: Letter) -> None:
    found = signed(sqlite_app, sqlite_letter)
    with transaction() as session:
        transitions.move(session, session.get_one(Signature, found.id), "held", actor=PLATFORM, now=NOON + HOUR, why="reported")
    retention.purge(NOON + 4 * DAY)
    assert clues(found) == set(CLUES)
