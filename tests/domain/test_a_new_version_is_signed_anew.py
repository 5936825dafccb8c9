"""Those who signed an earlier version are asked once, by mail, and nobody's name is carried over without their button."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy import text as text_of

from petition.audit import COMMAND_LINE
from petition.db import db, transaction
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox.delivery import deliver_due
from petition.outbox.models import OutboxMail
from petition.signatures import directory, operations, reminders, renewal, submission
from petition.signatures.models import Signature
from petition.updates import feeding, mailing
from tests import factories, newsroom
from tests.factories import ANA, ARAM, UNION, config, mails, now, sign
from tests.mailing import served
from tests.waves import wave

NEWS = {"updates": "1"}


def ask_everybody(found: Letter) -> None:
    """Ask, and let the worker queue all the mails."""
    renewal.ask(found, actor=COMMAND_LINE, now=now())
    while renewal.work(config(), clock=now):
        pass


def new_version(body: str = "We write again.") -> Letter:
    """The letter with other words."""
    factories.load(factories.ORIGINAL.format(slug="open-the-road", body=body, more=""))
    return letters.find("open-the-road")


@pytest.fixture
def signed(client: FlaskClient) -> dict[str, str]:
    """Three who signed version 1, two of whom left an address; the letter has version 2."""
    factories.letter()
    tokens = {"ana": sign(client, **ANA, **NEWS), "aram": sign(client, **ARAM), "union": sign(client, **UNION)}
    new_version()
    return tokens


def test_who_left_an_address_is_asked_once(client: FlaskClient, signed: dict[str, str]) -> None:
    found = letters.find("open-the-road")
    assert renewal.earlier(found).reachable == 2
    ask_everybody(found)
    assert {each.recipient for each in mails("renew")} == {ANA["email"], UNION["email"]}
    with pytest.raises(renewal.AskedAlready):
        renewal.ask(found, actor=COMMAND_LINE, now=now())
    assert not renewal.work(config(), clock=now)
    assert len(mails("renew")) == 2


def test_asking_in_pieces_reaches_everybody_exactly_once(
    client: FlaskClient, signed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "CHUNK", 1)
    ask_everybody(letters.find("open-the-road"))
    assert sorted(str(each.recipient) for each in mails("renew")) == sorted([ANA["email"], UNION["email"]])


def test_a_pause_delays_the_asking_and_loses_nobody(client: FlaskClient, signed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "CHUNK", 1)
    found = letters.find("open-the-road")
    renewal.ask(found, actor=COMMAND_LINE, now=now())
    assert renewal.work(config(), clock=now)
    letters.set_status(found, "paused", actor=COMMAND_LINE, now=now())
    assert not renewal.work(config(), clock=now)
    assert len(mails("renew")) == 1
    letters.set_status(found, "open", actor=COMMAND_LINE, now=now())
    while renewal.work(config(), clock=now):
        pass
    assert sorted(str(each.recipient) for each in mails("renew")) == sorted([ANA["email"], UNION["email"]])


def test_only_the_button_moves_the_signature(client: FlaskClient, signed: dict[str, str]) -> None:
    found = letters.find("open-the-road")
    ask_everybody(found)
    token = str((mails("renew")[0].values or {})["token"])
    page = client.get(f"/signature/{token}").text
    assert "The letter has a new version" in page
    assert directory.counts(found).earlier == 2, "Ana and Aram; the union waits for the team"
    text = letters.text_shown(found, "en").fingerprint[:16]
    answer = client.post(f"/signature/{token}", data={"action": "confirm", "text": text})
    assert answer.status_code == 303
    assert answer.location.endswith("done=renewed")
    assert directory.counts(found).earlier == 1
    again = client.get(answer.location).text
    assert "now stands under the current version" in again
    assert "The letter has a new version" not in again
    mine = db.session.get_one(Signature, 1)
    assert (mine.major, mine.name, mine.email, mine.text.version.label) == (2, "Ana Sample", ANA["email"], "2")


def test_words_that_changed_meanwhile_are_not_signed_unseen(client: FlaskClient, signed: dict[str, str]) -> None:
    shown = letters.text_shown(letters.find("open-the-road"), "en").fingerprint[:16]
    new_version("And once more.")
    for text in (shown, "", "0" * 16):
        answer = client.post(f"/signature/{signed['ana']}", data={"action": "confirm", "text": text})
        assert answer.status_code == 409
    assert directory.counts(letters.find("open-the-road")).earlier == 2


def test_a_withdrawn_signature_and_a_closed_letter_ask_nobody(client: FlaskClient, signed: dict[str, str]) -> None:
    found = letters.find("open-the-road")
    client.post(f"/signature/{signed['ana']}", data={"action": "withdraw"})
    renewal.ask(found, actor=COMMAND_LINE, now=now())
    letters.set_status(found, "closed", actor=COMMAND_LINE, now=now())
    while renewal.work(config(), clock=lambda: now() + timedelta(minutes=1)):
        pass
    assert mails("renew") == []
    text = letters.text_shown(found, "en").fingerprint[:16]
    assert client.post(f"/signature/{signed['aram']}", data={"action": "confirm", "text": text}).status_code == 409


def test_a_correction_asks_nobody_anew(client: FlaskClient, signed: dict[str, str]) -> None:
    found = letters.find("open-the-road")
    ask_everybody(found)
    factories.load(factories.ORIGINAL.format(slug="open-the-road", body="We write once again.", more=""), correction=True)
    assert found.version.label == "2.1"
    assert renewal.earlier(found).asked_at is not None
    with pytest.raises(renewal.AskedAlready):
        renewal.ask(found, actor=COMMAND_LINE, now=now())


def test_who_withdraws_or_renews_meanwhile_is_not_mailed_and_leaves_no_address(client: FlaskClient, signed: dict[str, str]) -> None:
    found = letters.find("open-the-road")
    ask_everybody(found)
    by = {each.recipient: str((each.values or {})["token"]) for each in mails("renew")}
    client.post(f"/signature/{by[ANA['email']]}", data={"action": "withdraw"})
    waiting = str(db.session.execute(text_of("SELECT recipient FROM outbox_mail WHERE message = 'renew'")).all())
    assert ANA["email"] not in waiting
    assert UNION["email"] in waiting
    words = letters.text_shown(found, "en").fingerprint[:16]
    client.post(f"/signature/{by[UNION['email']]}", data={"action": "confirm", "text": words})
    with served(config()) as (server, reaching):
        deliver_due(reaching, clock=now)
    assert [mail for mail in server.mails if "/signature/" in mail.text and mail.recipients[0] in by and "version" in mail.text] == []
    assert {each.state for each in db.session.scalars(select(OutboxMail).where(OutboxMail.message == "renew"))} == {"stopped"}


def test_asking_and_reminding_keep_one_pace_with_mailings_however_many_workers_there_are(sqlite_app: Flask) -> None:
    moment, paced = now(), dataclasses.replace(config(), mail_rate=4, mail_domain_rate=1)
    letter = factories.letter()
    addresses = [f"p{n}@{domain}" for n, domain in enumerate(["d.example", "gmail.com", "gmail.com", *["d.example"] * 7])]
    wave(letter, 10, "published", updates=True, email=lambda n: addresses[n], address_fingerprint=lambda n: f"{n:064x}")
    renewal.ask(new_version(), actor=COMMAND_LINE, now=moment)
    for _ in range(5):  # workers
        renewal.work(paced, clock=lambda: moment)
    assert [each.recipient for each in mails("renew")] == addresses[:2], "the second of a large domain waits for its minute"
    given = submission.check({"name": "Eva", "email": "eva@example.org", "consent": "yes"}, language="en")
    operations.request(letter, given, config=config(), now=moment - timedelta(days=2))
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="sent", recipient=None, attempts=1))
    for _ in range(5):
        renewal.work(paced, clock=lambda: moment + timedelta(seconds=59))
    assert len(mails("renew")) == 2
    for _ in range(5):
        renewal.work(paced, clock=lambda: moment + timedelta(minutes=1))
    assert len(mails("renew")) == 6
    assert reminders.remind(paced, moment + timedelta(minutes=1)) == 0
    newsroom.follower(letter, "ben@example.org")
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=moment)
    while feeding.work(paced, moment + timedelta(minutes=1)):
        pass
    assert newsroom.queued("update") == []
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="sent", recipient=None, attempts=1))
    assert reminders.remind(paced, moment + timedelta(minutes=2)) == 1


def test_a_mail_that_comes_due_in_a_pause_waits_for_its_end(sqlite_app: Flask) -> None:
    factories.letter()
    sign(sqlite_app.test_client(), **ANA, **NEWS)
    found = new_version()
    ask_everybody(found)
    moment = now()
    letters.set_status(found, "paused", actor=COMMAND_LINE, now=moment)
    with served(config()) as (server, reaching):
        for quarters in range(3):
            at = moment + quarters * renewal.PAUSE
            deliver_due(reaching, clock=lambda at=at: at)
        assert [mail for mail in server.mails if "version" in str(mail.message["Subject"])] == []
        (waiting,) = mails("renew")
        assert (waiting.state, waiting.expires_at - waiting.queued_at) == ("queued", renewal.LIFETIME + 3 * renewal.PAUSE)
        letters.set_status(found, "open", actor=COMMAND_LINE, now=moment)
        deliver_due(reaching, clock=lambda: moment + 3 * renewal.PAUSE)
        assert len([mail for mail in server.mails if "version" in str(mail.message["Subject"])]) == 1
    assert [each.state for each in mails("renew")] == ["sent"]
