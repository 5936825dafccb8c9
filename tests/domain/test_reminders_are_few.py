"""One reminder to those who did not confirm, and one last call to followers who did not sign; never for a letter that is not open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select, update

from petition.audit import COMMAND_LINE
from petition.db import db, transaction
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox.delivery import deliver_due
from petition.signatures import operations, reminders, submission
from petition.signatures.models import SigningRequest
from petition.updates import mailing
from petition.updates.models import Mailing
from tests import factories, newsroom
from tests.admin.people import recorded
from tests.mailing import served

NOON = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def asked(letter: Letter, address: str = "ana@example.org", at: datetime = NOON, **fields: str) -> None:
    given = submission.check({"name": "Ana Sample", "email": address, "consent": "yes"} | fields, language="en")
    operations.request(letter, given, config=factories.config(), now=at)


def remind(at: datetime) -> int:
    return reminders.remind(factories.config(), at)


def test_who_did_not_confirm_is_reminded_once_with_a_link_that_confirms(app: Flask) -> None:
    letter = factories.letter()
    now = factories.now()
    asked(letter, at=now - 2 * DAY)
    asked(letter, at=now - 2 * DAY + HOUR, name="Ana S. Sample")
    assert remind(now - HOUR) == 0
    assert remind(now) == 0, "the same mailbox asked again later, which has its own time"
    assert remind(now + HOUR) == 1
    assert remind(now + DAY) == 0
    assert [mail.bulk for mail in factories.mails("remind")] == [True]
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=factories.now)
    (mail,) = [each for each in server.mails if "Not confirmed yet" in str(each.message["Subject"])]
    assert "The link is valid for 4 days." in mail.text or "The link is valid for 5 days." in mail.text
    token = mail.text.partition("/signature/")[2].split()[0]
    app.test_client().post(f"/signature/{token}", data={"action": "confirm"})
    assert factories.count(app.test_client())["total"] == 1


def test_nobody_is_reminded_who_need_not_or_must_not_be(sqlite_app: Flask) -> None:
    letter = factories.letter()
    now = factories.now()
    asked(letter, "signed@example.org", at=now - 2 * DAY)
    operations.confirm(factories.last_token(), config=factories.config(), now=now - 2 * DAY)
    asked(letter, "signed@example.org", at=now - 2 * DAY, name="Again")
    asked(letter, "trapped@example.org", at=now - 2 * DAY)
    with transaction() as session:
        row = session.scalars(select(SigningRequest).where(SigningRequest.email == "trapped@example.org")).one()
        row.signals = ["honeypot"]
    asked(letter, "late@example.org", at=now - 6 * DAY)
    for number in range(3):
        asked(letter, "thrice@example.org", at=now - 2 * DAY, comment=str(number))
    assert remind(now) == 1, "a mailbox that asked three times at once is reminded once"
    assert [mail.recipient for mail in factories.mails("remind")] == ["thrice@example.org"]
    asked(letter, "closed@example.org", at=now - 2 * DAY)
    letters.set_status(letter, "paused", actor=COMMAND_LINE, now=now)
    assert remind(now) == 0
    letters.set_status(letter, "closed", actor=COMMAND_LINE, now=now)
    assert remind(now) == 0
    assert len(factories.mails("remind")) == 1


def test_the_reminder_is_within_the_cap_of_verification_mails(sqlite_app: Flask) -> None:
    letter = factories.letter()
    now = factories.now()
    for number in range(5):
        asked(letter, at=now - 3 * DAY + number * 12 * HOUR, comment=str(number))
    assert len(factories.mails()) == 5
    assert remind(now + DAY) == 0
    assert factories.mails("remind") == []


def closing(sqlite_app: Flask) -> Letter:
    """A letter that closes in three days, with followers old and new, one of whom signed."""
    letter = factories.letter()
    with transaction() as session:
        session.execute(update(Letter).values(closes=NOON + 3 * DAY))
    for name, ago in (("old", 5 * DAY), ("signed", 5 * DAY), ("new", HOUR)):
        newsroom.follower(letter, f"{name}@example.org", now=NOON - ago)
    asked(letter, "signed@example.org", at=NOON - 4 * DAY)
    operations.confirm(factories.last_token(), config=factories.config(), now=NOON - 4 * DAY)
    return letter


def test_the_last_call_goes_once_to_followers_who_did_not_sign(app: Flask) -> None:
    letter = closing(app)
    assert mailing.call_last(NOON - HOUR) == 0
    assert mailing.call_last(NOON) == 1
    assert mailing.call_last(NOON + HOUR) == 0
    newsroom.feed(NOON)
    assert [mail.recipient for mail in newsroom.queued("last_call")] == ["old@example.org"]
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=lambda: NOON)
    (mail,) = [each for each in server.mails if each.recipients == ["old@example.org"]]
    assert mail.message["Subject"] == "Closes on 4 July 2026: Open the road"
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    newsroom.feed(NOON + HOUR)
    assert mailing.last_call(letter).state == "done"
    assert [len(recorded(action)) for action in ("last_call.started", "mailing.done")] == [1, 1]
    assert mailing.call_last(NOON + DAY) == 0


def test_a_pause_delays_the_last_call_and_loses_nobody(sqlite_app: Flask) -> None:
    letter = closing(sqlite_app)
    mailing.call_last(NOON)
    letters.set_status(letter, "paused", actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON)
    assert newsroom.queued("last_call") == []
    letters.set_status(letter, "open", actor=COMMAND_LINE, now=NOON + HOUR)
    newsroom.feed(NOON + HOUR)
    assert [mail.recipient for mail in newsroom.queued("last_call")] == ["old@example.org"]


def test_a_last_call_that_is_queued_when_a_pause_begins_waits_for_its_end(sqlite_app: Flask) -> None:
    letter = closing(sqlite_app)
    mailing.call_last(NOON)
    newsroom.feed(NOON)
    letters.set_status(letter, "paused", actor=COMMAND_LINE, now=NOON)
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=lambda: NOON)
        assert [mail.recipient for mail in newsroom.queued("last_call")] == ["old@example.org"]
        letters.set_status(letter, "open", actor=COMMAND_LINE, now=NOON + HOUR)
        deliver_due(reaching, clock=lambda: NOON + HOUR)
    assert "Closes" in str(server.mails[-1].message["Subject"])


def test_whoever_signs_meanwhile_or_finds_the_letter_closed_gets_none(sqlite_app: Flask) -> None:
    letter = closing(sqlite_app)
    mailing.call_last(NOON)
    newsroom.feed(NOON)
    asked(letter, "old@example.org")
    operations.confirm(factories.last_token(), config=factories.config(), now=NOON)
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=lambda: NOON)
    assert [str(each.message["Subject"]) for each in server.mails if "Closes" in str(each.message["Subject"])] == []


def test_the_team_switches_it_off_and_a_letter_that_is_not_open_has_none(sqlite_app: Flask) -> None:
    letter = closing(sqlite_app)
    for wanted in (False, False, True, False):
        mailing.want_last_call(letter, wanted, actor=COMMAND_LINE, now=NOON)
    assert [len(recorded(action)) for action in ("last_call.off", "last_call.on")] == [2, 1]
    assert mailing.call_last(NOON) == 0
    mailing.want_last_call(letter, True, actor=COMMAND_LINE, now=NOON)
    letters.set_status(letter, "paused", actor=COMMAND_LINE, now=NOON)
    assert mailing.call_last(NOON) == 0
    letters.set_status(letter, "open", actor=COMMAND_LINE, now=NOON)
    assert mailing.call_last(NOON + 3 * DAY - HOUR) == 0, "too late to be of use"
    assert mailing.call_last(NOON + DAY) == 1
    db.session.rollback()
    letters.set_status(letter, "closed", actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON + DAY)
    assert newsroom.queued("last_call") == []
    assert db.session.scalars(select(Mailing)).one().state == "done"


def test_who_confirms_after_the_reminder_was_queued_gets_none(sqlite_app: Flask) -> None:
    letter = factories.letter()
    now = factories.now()
    asked(letter, at=now - 2 * DAY)
    token = factories.last_token()
    assert remind(now) == 1
    operations.confirm(token, config=factories.config(), now=now)
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=factories.now)
    assert [str(each.message["Subject"]) for each in server.mails if "Not confirmed yet" in str(each.message["Subject"])] == []
