"""A digest is sent once a period, in the morning, when something happened, and tells no signatory's name."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from petition.accounts import Member, notices
from petition.accounts.notices import Digest
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.moderation import digests
from petition.outbox import tally
from petition.signatures.models import Report, Signature
from petition.upkeep import retention
from tests import factories
from tests.admin import people
from tests.waves import wave

DAY = timedelta(days=1)
MONDAY = datetime(2026, 7, 6, 6, 59, tzinfo=UTC)  # a minute before the digests go out


def send(now: datetime) -> int:
    return digests.send(factories.config(), now)


def queued() -> list[dict[str, object]]:
    """What the digests say, oldest first."""
    return [dict(each.values or {}) for each in factories.mails("digest")]


def reader(digest: str, role: str = "viewer", chosen: datetime = MONDAY - 9 * DAY) -> Member:
    """A member who chose a digest; what chose it counts from then on."""
    who = people.member(role)
    notices.choose(who, milestones=False, digest=digest, now=chosen)
    return who


def signed(letter: Letter, number: int, on: date, state: str = "published", start: int = 0) -> None:
    wave(letter, number, state, start=start, signed_on=on)


def test_a_day_is_told_of_in_the_morning_once_however_many_workers_run(app: Flask) -> None:
    letter = factories.letter()
    reader("daily", chosen=MONDAY - DAY)
    sunday = (MONDAY - DAY).date()
    signed(letter, 3, sunday)
    signed(letter, 2, sunday, "held", start=10)
    signed(letter, 1, sunday - 9 * DAY, "held", start=0 + 50)
    signed(letter, 4, MONDAY.date(), start=20)
    with transaction() as session:
        one = session.scalars(select(Signature).limit(1)).one()
        session.add(Report(signature_id=one.id, reason_class="fake", words="Who is this?", at=MONDAY - timedelta(hours=10)))
        tally.count(session, f"verify:{letter.id}", "mail.am", "failed", MONDAY - timedelta(hours=8))
    assert send(MONDAY) == 0
    threads = [threading.Thread(target=_send, args=(app, MONDAY + timedelta(minutes=1))) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert send(MONDAY + timedelta(hours=9)) == 0
    (said,) = queued()
    (row,) = said["letters"]  # type: ignore[misc]
    assert (said["first"], said["last"]) == ("5 July 2026", "5 July 2026")
    assert (row["new"], row["held"], row["reports"], row["failed"]) == (5, 3, 1, 1)  # type: ignore[index]
    assert row["title"] == "Open the road"  # type: ignore[index]
    assert said["account"] == "http://localhost/admin/account#mail"
    assert "Fake Person" not in str(said)
    assert "Who is this" not in str(said)


def _send(app: Flask, now: datetime) -> None:
    with app.app_context():
        send(now)
        db.session.remove()


def test_nothing_is_mailed_when_nothing_happened_and_what_follows_is_told_later(sqlite_app: Flask) -> None:
    letter = factories.letter()
    reader("daily")
    signed(letter, 2, (MONDAY - 30 * DAY).date(), "held")
    assert send(MONDAY + timedelta(hours=1)) == 0
    assert queued() == []
    assert [each.mailed for each in db.session.scalars(select(Digest).order_by(Digest.through))] == [False, False]
    # No worker for two days: what came meanwhile is told in one digest.
    signed(letter, 1, MONDAY.date(), start=20)
    signed(letter, 1, (MONDAY + 2 * DAY).date(), start=30)
    assert send(MONDAY + 3 * DAY + timedelta(hours=12)) == 1
    (said,) = queued()
    assert (said["first"], said["last"]) == ("6 July 2026", "8 July 2026")
    assert said["letters"][0]["new"] == 2  # type: ignore[index]
    assert said["letters"][0]["oldest"] == "6 June 2026"  # type: ignore[index]


def test_a_week_is_told_of_on_monday_and_a_first_digest_of_what_came_since_it_was_chosen(sqlite_app: Flask) -> None:
    letter, other = factories.letter(), factories.letter("another-road", more="risk: protected\n")
    reader("weekly", chosen=MONDAY - 4 * DAY)
    signed(letter, 8, (MONDAY - 6 * DAY).date())
    signed(letter, 1, (MONDAY - 3 * DAY).date(), start=10)
    signed(other, 2, (MONDAY - DAY).date())
    assert send(MONDAY - DAY + timedelta(hours=2)) == 0
    assert send(MONDAY + timedelta(hours=2)) == 1
    (said,) = queued()
    assert (said["digest"], said["first"], said["last"]) == ("weekly", "2 July 2026", "5 July 2026")
    assert {row["title"]: row["new"] for row in said["letters"]} == {"Open the road": 1, "": 2}  # type: ignore[attr-defined]
    assert "another-road" not in str(said)
    signed(letter, 1, MONDAY.date(), start=40)
    assert send(MONDAY + 6 * DAY) == 0
    assert send(MONDAY + 7 * DAY + timedelta(hours=2)) == 1


def test_a_crash_before_the_mail_is_queued_leaves_the_period_open(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    signed(factories.letter(), 1, (MONDAY - DAY).date())
    reader("daily", chosen=MONDAY - DAY)
    with monkeypatch.context() as patch:
        patch.setattr(digests, "_queue", _crash)
        with pytest.raises(RuntimeError):
            send(MONDAY + timedelta(hours=1))
    assert queued() == []
    assert send(MONDAY + timedelta(hours=2)) == 1


def _crash(*_given: object) -> None:
    raise RuntimeError


def test_only_members_of_the_letters_team_who_want_it_are_told(sqlite_app: Flask) -> None:
    letter = factories.letter()
    signed(letter, 1, (MONDAY - DAY).date())
    never, gone = reader("weekly", "moderator"), reader("daily", "editor")
    notices.choose(never, milestones=True, digest="never", now=MONDAY)
    stranger = people.member("owner", "far@elsewhere.example.org", team="Another team")
    notices.choose(stranger, milestones=False, digest="daily", now=MONDAY - DAY)
    with transaction() as session:
        session.get_one(Member, gone.id).active = False
    assert send(MONDAY + timedelta(hours=2)) == 0


def test_a_clock_that_ran_ahead_costs_no_digest(sqlite_app: Flask) -> None:
    letter = factories.letter()
    who = reader("daily", chosen=MONDAY - DAY)
    send(MONDAY + 400 * DAY + timedelta(hours=2))
    assert db.session.scalars(select(Digest.through).order_by(Digest.through.desc())).first() == (MONDAY + 399 * DAY).date()
    signed(letter, 1, (MONDAY - DAY).date())
    assert send(MONDAY + timedelta(hours=2)) == 1
    retention.purge(MONDAY + 200 * DAY)
    assert notices.told_through(who.id, (MONDAY + 300 * DAY).date()) is None
