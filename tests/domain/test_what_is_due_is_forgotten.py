"""Retention: each rule forgets what it names once its time is over, not before, and a dry run changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, or_, select

from petition import audit, outbox
from petition.audit import PLATFORM, AuditEntry
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.outbox.suppression import Suppression
from petition.signatures import consent, tokens, transitions
from petition.signatures.models import LinkToken, Report, Signature, SigningRequest, Takeover
from petition.signatures.rules import AccessRule
from petition.upkeep import invariants, retention
from tests.sampled import NOW, open_letter, signed_letter

DAY = timedelta(days=1)


@pytest.fixture
def letter(app: Flask) -> Letter:
    return open_letter()


def forgotten(now: Any, dry_run: bool = False) -> dict[str, int]:
    found = {words: number for words, number in retention.purge(now, dry_run=dry_run) if number}
    found.pop("numbers of signatures by hour", None)  # of the invented signatories, after four days
    return found


def count(model: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def pending(letter: Letter) -> None:
    with transaction() as session:
        row = SigningRequest(
            letter_id=letter.id,
            digest="d",
            email="ana@example.org",
            address_fingerprint="f",
            created_at=NOW,
            mailed_at=NOW,
            expires_at=NOW + 7 * DAY,
            kind="person",
            name="Ana Sample",
            language="en",
            consent_id=consent.record(session, letter, "en").id,
            text_id=letter.version.texts[0].id,
        )
        session.add(row)
        session.flush()
        tokens.issue(session, "confirm", leads_to=row, expires_at=row.expires_at)


def test_requests_go_after_their_seven_days_with_their_links(letter: Letter) -> None:
    pending(letter)
    assert forgotten(NOW + 6 * DAY) == {}
    assert forgotten(NOW + 7 * DAY, dry_run=True)["signing requests nobody confirmed"] == 1
    assert count(SigningRequest) == count(LinkToken) == 1
    assert forgotten(NOW + 7 * DAY)["signing requests nobody confirmed"] == 1
    assert count(SigningRequest) == count(LinkToken) == 0


def test_the_address_of_a_held_person_goes_after_thirty_days(app: Flask) -> None:
    signed_letter(app, 100)
    with transaction() as session:
        held = session.query(Signature).filter_by(kind="person", state="held").first()
        held.email, held.mail_domain, held.signed_on = "ana@example.org", "example.org", NOW.date()
    assert forgotten(NOW + 29 * DAY) == {}
    assert forgotten(NOW + 30 * DAY) == {"addresses of people whose signature waited 30 days": 1}
    db.session.refresh(held)
    assert (held.email, held.mail_domain) == (None, None)
    assert held.name


def test_a_request_to_represent_an_organisation_goes_after_thirty_days(app: Flask) -> None:
    signed_letter(app, 40)
    with transaction() as session:
        entry = session.query(Signature).filter_by(kind="organisation").first()
        session.add(Takeover(
            signature_id=entry.id, name="Second Speaker", email="second@example.org", address_fingerprint="f", language="en", asked_at=NOW,
        ))  # fmt: skip
    assert forgotten(NOW + 29 * DAY) == {}
    assert forgotten(NOW + 30 * DAY) == {"requests to represent an organisation that waited 30 days": 1}
    assert count(Takeover) == 0


def test_the_words_of_a_report_go_after_ninety_days_and_the_report_stays(app: Flask) -> None:
    signed_letter(app, 10)
    with transaction() as session:
        entry = session.query(Signature).filter_by(state="published").first()
        session.add(Report(signature_id=entry.id, reason_class="fake", words="I know him.", at=NOW))
    assert forgotten(NOW + 89 * DAY) == {}
    assert forgotten(NOW + 90 * DAY) == {"words of reports older than 90 days": 1}
    assert (count(Report), db.session.scalars(select(Report)).one().words) == (1, "")


def test_mail_is_emptied_when_late_and_deleted_thirty_days_later(letter: Letter) -> None:
    with transaction() as session:
        outbox.queue(
            session,
            "verify",
            to="ana@example.org",
            fingerprint="f",
            language="en",
            values={"token": "t"},
            scope="x",
            now=NOW,
        )
    assert forgotten(NOW + 6 * DAY) == {}
    assert forgotten(NOW + 7 * DAY) == {"mails that came too late to be sent": 1}
    mail = db.session.scalars(select(OutboxMail)).one()
    assert (mail.state, mail.recipient, mail.values) == ("dropped", None, None)
    assert db.session.scalar(select(func.count()).where(OutboxMail.values.is_(None))) == 1
    assert forgotten(NOW + 36 * DAY) == {}
    assert forgotten(NOW + 37 * DAY) == {"mails that left the queue 30 days ago": 1}
    assert count(OutboxMail) == 0


def test_an_entry_of_a_list_goes_thirty_days_after_its_end(letter: Letter) -> None:
    with transaction() as session:
        for ends in (NOW, None):
            session.add(AccessRule(
                letter_id=letter.id, verdict="block", kind="domain", pattern="example.org", shown="", reason="A wave.", author="",
                created_at=NOW - DAY, expires_at=ends,
            ))  # fmt: skip
    assert forgotten(NOW + 30 * DAY - timedelta(seconds=1)) == {}
    assert forgotten(NOW + 30 * DAY) == {"entries of access lists that ended 30 days ago": 1}
    assert count(AccessRule) == 1


def test_that_a_mailbox_wants_no_mail_is_kept_as_long_as_it_wants_none(letter: Letter) -> None:
    with transaction() as session:
        session.add(Suppression(fingerprint="a" * 64, since=NOW - 4000 * DAY))
    forgotten(NOW)
    assert count(Suppression) == 1


def test_the_trail_is_kept_for_two_years(letter: Letter) -> None:
    with transaction() as session:
        audit.record(session, at=NOW - 731 * DAY, actor=PLATFORM, action="old", thing=("letter", 1))
    before = count(AuditEntry)
    assert forgotten(NOW) == {"audit entries older than 24 months": 1}
    assert count(AuditEntry) == before - 1


def test_names_go_when_the_letters_term_is_over_and_the_count_stays(app: Flask) -> None:
    letter = signed_letter(app, 700)  # more than one chunk
    with transaction():
        letter.keep_until = NOW.date()
    assert forgotten(NOW) == {}
    assert list(forgotten(NOW + DAY)) == ["names kept to the end of their letter's term"]
    people = select(func.count()).where(Signature.kind == "person")
    assert db.session.scalar(people.where(or_(Signature.name != "", Signature.country != ""))) == 0
    assert count(Signature) == 700
    assert [each for each in invariants.check(app.config["PETITION"], NOW) if not each.ok and not each.warning] == []
    assert forgotten(NOW + DAY) == {}


@pytest.mark.parametrize("how", ["closed_at", "closes"])
def test_addresses_for_news_go_six_months_after_the_letter_closed(app: Flask, how: str) -> None:
    letter = signed_letter(app, 20)
    with transaction() as session:
        setattr(letter, how, NOW)
        first = session.query(Signature).filter_by(kind="person", state="published").first()
        first.email, first.updates = "ana@example.org", True
    assert forgotten(NOW + 183 * DAY - timedelta(seconds=1)) == {}
    assert forgotten(NOW + 183 * DAY) == {"addresses kept for news six months after a letter closed": 1}
    db.session.refresh(first)
    assert (first.email, first.updates) == (None, False)


def test_a_withdrawn_signature_is_no_concern_of_retention(app: Flask) -> None:
    signed_letter(app, 10)
    with transaction() as session:
        first = session.query(Signature).filter_by(kind="person", state="published").first()
        transitions.move(session, first, "withdrawn", actor=PLATFORM, now=NOW)
    assert forgotten(NOW + 400 * DAY) == {}
