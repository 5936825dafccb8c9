"""A letter's milestones and goals are told once, to those who want to hear of them, whatever the count does afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.accounts import notices
from petition.audit import PLATFORM
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.signatures import milestones, transitions
from petition.signatures.milestones import Milestone, Reached
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people
from tests.waves import NOON, wave


@pytest.fixture
def heard(app: Flask) -> Iterator[list[tuple[str, int]]]:
    """What another room was told of."""
    found: list[tuple[str, int]] = []

    @milestones.on_reached
    def hear(_session: Session, what: Reached) -> None:
        found.append((what.kind, what.number))

    yield found
    milestones._hearing.remove(hear)


def told() -> list[tuple[str, int, str]]:
    """The mails: what is told, and to whom."""
    return [((each.values or {})["kind"], (each.values or {})["number"], each.recipient or "") for each in factories.mails("milestone")]


def letter_with_listeners(number: int, **more: str) -> Letter:
    """A letter with a goal of 300 and so many signatures, a member who wants to hear, and others who do not."""
    letter = factories.letter(**more)
    with transaction() as session:
        session.get_one(Letter, letter.id).goal = 300
    wave(letter, number)
    for who in (people.member("viewer"), people.member("owner", "far@elsewhere.example.org", team="Another team")):
        notices.choose(who, milestones=True, digest="never", now=NOON)
    people.member("editor")
    return letter


def test_a_milestone_is_told_once_though_the_count_falls_and_rises(app: Flask, heard: list[tuple[str, int]]) -> None:
    letter = letter_with_listeners(100)
    config = factories.config()
    assert milestones.notice(config, NOON) == 1
    assert milestones.notice(config, NOON) == 0
    assert told() == [("number", 100, people.ADDRESSES["viewer"])]
    with transaction() as session:
        gone = session.scalars(select(Signature).limit(5)).all()
        transitions.move_many(session, gone, "rejected", transitions.Because(PLATFORM, NOON))
    assert milestones.notice(config, NOON) == 0
    wave(letter, 20, start=500)
    assert milestones.notice(config, NOON + timedelta(days=1)) == 0
    assert heard == [("number", 100)]
    (mail,) = factories.mails("milestone")
    assert (mail.values or {})["account"] == "http://localhost/admin/account#mail"
    assert "Fake Person" not in str(mail.values)


def test_of_several_at_once_the_largest_is_told_and_the_goal(app: Flask, heard: list[tuple[str, int]]) -> None:
    letter = letter_with_listeners(510)
    config = factories.config()
    threads = [threading.Thread(target=_notice, args=(app,)) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each[:2] for each in told()] == [("number", 500), ("goal", 300)] == heard
    with transaction() as session:
        session.get_one(Letter, letter.id).goal = 500
    assert milestones.notice(config, NOON) == 1  # another goal is another milestone
    assert told()[-1][:2] == ("goal", 500)
    rows = db.session.execute(select(Milestone.kind, Milestone.number).order_by(Milestone.kind, Milestone.number))
    assert [tuple(row) for row in rows] == [("goal", 300), ("goal", 500), ("number", 100), ("number", 250), ("number", 500)]


def _notice(app: Flask) -> None:
    with app.app_context():
        milestones.notice(factories.config(), NOON)
        db.session.remove()


def test_a_protected_letter_is_not_named_and_a_draft_reaches_nothing(sqlite_app: Flask) -> None:
    letter = letter_with_listeners(100, more="risk: protected\n")
    factories.letter("another-road", status="draft")
    milestones.notice(factories.config(), NOON)
    (mail,) = factories.mails("milestone")
    assert (mail.values or {})["letter_title"] == ""
    assert (mail.values or {})["admin"].endswith("/admin/letters")
    assert db.session.scalars(select(Milestone.letter_id)).all() == [letter.id]


@pytest.mark.parametrize(
    ("total", "goal", "found"),
    [(99, None, []), (99, 50, [50]), (100, 100, [100, 100]), (10_000, 0, [100, 250, 500, 1_000, 2_500, 5_000, 10_000])],
)
def test_the_numbers_that_are_reached(total: int, goal: int | None, found: list[int]) -> None:
    assert [number for _, number in milestones.reached(total, goal)] == found
