"""A mailing: everybody who wants it once, in their language, at a pace, behind other mail, until somebody says stop."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, select, text, update

from petition import outbox
from petition.addresses import fingerprint
from petition.audit import COMMAND_LINE
from petition.config import Config
from petition.db import db, is_postgresql, transaction
from petition.letters.models import Letter
from petition.outbox import bounces, suppression
from petition.outbox.delivery import deliver_due
from petition.outbox.models import OutboxMail
from petition.signatures.models import Signature
from petition.updates import feeding, followers, mailing, writing
from petition.updates.models import Follower, Mailing, MailingRecipient
from petition.upkeep import retention
from tests import factories, newsroom
from tests.admin.people import recorded
from tests.mailing import queue_mail, served
from tests.smtp_server import body
from tests.waves import wave

NOON = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def signed(letter: Letter, *addresses: str, **values: object) -> None:
    """Signatories who asked for news."""
    key = factories.config().fingerprint_bytes
    given = {"state": "published", "updates": True, "email": lambda n: addresses[n]} | values
    wave(letter, len(addresses), address_fingerprint=lambda n: fingerprint(addresses[n], key), **given)


def to() -> list[str]:
    return sorted(str(mail.recipient) for mail in newsroom.queued())


def the_mailing() -> Mailing:
    db.session.rollback()
    return db.session.scalars(select(Mailing).execution_options(populate_existing=True)).one()


def progress() -> mailing.Progress:
    found = mailing.progress(the_mailing().update)
    assert found is not None
    return found


def setting(app: Flask, **values: int) -> None:
    app.config["PETITION"] = dataclasses.replace(app.config["PETITION"], **values)


def test_each_mailbox_that_wants_it_is_mailed_once_in_its_language(app: Flask, petition_config: Config) -> None:
    letter = factories.letter()
    factories.load(factories.ARMENIAN)
    signed(letter, "ana@example.org", "aram@example.org", language=lambda n: ("en", "hy")[n])
    key = petition_config.fingerprint_bytes
    wave(letter, 2, start=10, updates=False, email=None, address_fingerprint=lambda n: fingerprint(f"{n}@example.org", key))
    wave(letter, 1, "held", start=20, updates=True, email="held@example.org", address_fingerprint="ab" * 32)
    for address, language in (("ANA@example.org", "fr"), ("nour@example.org", "ar"), ("stopped@example.org", "en")):
        newsroom.follower(letter, address, language=language)
    suppression.stop_address("stopped@example.org", actor=COMMAND_LINE, config=petition_config, now=factories.now())
    with transaction() as session:  # asked, but never confirmed
        session.add(Follower(
            letter_id=letter.id, email="pending@example.org", address_fingerprint="cd" * 32, language="en", digest="d",
            expires_at=NOON + timedelta(days=7),
        ))  # fmt: skip
    made = newsroom.update(letter, hy={"title": "Խորհուրդը պատասխանեց", "body": "Ճանապարհը բացվում է։"})
    mailing.start(made, actor=COMMAND_LINE, now=factories.now())
    with pytest.raises(mailing.MailedAlready):
        mailing.start(made, actor=COMMAND_LINE, now=factories.now())
    newsroom.feed(factories.now())
    assert to() == ["ana@example.org", "aram@example.org", "nour@example.org"]
    with served(petition_config) as (server, reaching):
        deliver_due(reaching, clock=factories.now)
        newsroom.feed(factories.now())
    mails = {mail.recipients[0]: mail for mail in server.mails}
    assert sorted(server.recipients) == sorted(mails) == ["ana@example.org", "aram@example.org", "nour@example.org"]
    ana, aram, nour = (mails[f"{name}@example.org"] for name in ("ana", "aram", "nour"))
    assert (ana.message["Subject"], aram.message["Subject"]) == ("The council answers", "Խորհուրդը պատասխանեց")
    assert "Your signature stands" in ana.text
    assert "http://localhost/hy/letters/open-the-road/updates/1" in aram.text
    assert '<div lang="en" dir="ltr">' in body(nour.message, "html"), "the original where there is no translation"
    assert nour.message["Content-Language"] == "ar"
    links = set()
    for mail in mails.values():
        header = next(line for line in mail.content.decode().split("\r\n") if line.startswith("List-Unsubscribe:"))
        assert header.endswith(">"), "in one piece"
        assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = header.removeprefix("List-Unsubscribe: <").removesuffix(">")
        assert link in mail.text
        links.add(link)
        path = link.removeprefix("http://localhost")
        assert app.test_client().post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert len(links) == 3
    found = progress()
    assert (found.state, found.total, found.sent, found.failed, found.left_out) == ("done", 4, 3, 0, 1)
    assert db.session.scalar(select(func.count()).where(Signature.updates, Signature.state == "published")) == 0
    assert [entry.details["sent"] for entry in recorded("mailing.done")] == [3]


def test_a_busy_domain_holds_back_no_other_and_the_pace_is_kept_by_all_workers(app: Flask) -> None:
    setting(app, mail_rate=30, mail_domain_rate=10)
    letter = factories.letter()
    people = [f"p{n}@gmail.com" for n in range(25)] + [f"q{n}@googlemail.com" for n in range(5)] + [f"p@d{n}.example" for n in range(12)]
    signed(letter, *people)
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON)
    domains = Counter("gmail.com" if "mail.com" in address else "other" for address in to())
    assert domains == {"gmail.com": 10, "other": 12}
    newsroom.feed(NOON + MINUTE - timedelta(seconds=1))
    assert len(to()) == 22
    newsroom.feed(NOON + MINUTE)
    assert len(to()) == 30, "no more than a minute's mails wait where the mail server takes none"
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="sent", finished_at=NOON, recipient=None))
    newsroom.feed(NOON + 2 * MINUTE)
    newsroom.feed(NOON + 3 * MINUTE)
    assert len(newsroom.queued()) == 12
    assert (the_mailing().gathered, the_mailing().fed) == (42, 42)


def test_workers_side_by_side_hand_each_over_once(app: Flask) -> None:
    letter = factories.letter()
    signed(letter, *(f"p{n}@d{n % 40}.example" for n in range(150)))
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=NOON)
    config, broke = app.config["PETITION"], []

    def work() -> None:
        try:
            with app.app_context():
                while feeding.work(config, NOON):
                    pass
        except BaseException as error:
            broke.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert broke == []
    assert len(to()) == len(set(to())) == 150


def test_what_somebody_asked_for_just_now_goes_before_a_mailing(sqlite_app: Flask) -> None:
    letter = factories.letter()
    signed(letter, *(f"p{n}@example.org" for n in range(5)))
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=factories.now())
    newsroom.feed(factories.now())
    queue_mail("late@example.org", at=factories.now())
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=factories.now, limit=1)
    assert server.recipients == ["late@example.org"]


def test_a_claim_looks_at_few_rows_while_many_wait(app: Flask) -> None:
    if is_postgresql(db.session()):
        db.session.execute(text("SET enable_seqscan = off"))  # too few rows here for it to choose by itself
    claim = "SELECT id FROM outbox_mail WHERE state = 'queued' ORDER BY bulk, due_at LIMIT 1"
    explain = "EXPLAIN " if is_postgresql(db.session()) else "EXPLAIN QUERY PLAN "
    plan = str(db.session.execute(text(explain + claim)).all())
    assert "ix_outbox_mail_due" in plan
    assert "SORT" not in plan.upper().replace("INCREMENTAL SORT", "")
    assert "TEMP B-TREE" not in plan


def test_whoever_stops_or_withdraws_after_it_was_queued_gets_nothing_and_leaves_no_address(
    app: Flask, petition_config: Config
) -> None:
    letter = factories.letter()
    factories.sign(app.test_client(), **factories.ANA | {"updates": "1"})
    token = factories.sign(app.test_client(), **factories.ARAM | {"updates": "1"})
    newsroom.follower(letter, "ben@example.org")
    newsroom.follower(letter, "last@example.org")
    db.session.execute(text("DELETE FROM outbox_mail"))
    db.session.commit()
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=factories.now())
    newsroom.feed(factories.now())
    assert to() == ["ana@example.org", "aram@example.org", "ben@example.org", "last@example.org"]
    app.test_client().post(f"/signature/{token}", data={"action": "withdraw"})
    for address in ("ana@example.org", "ben@example.org"):
        mailbox = fingerprint(address, petition_config.fingerprint_bytes)
        followers.stop(followers.token(letter.id, mailbox, petition_config), config=petition_config, now=factories.now())
        assert address not in str(db.session.execute(text("SELECT recipient FROM outbox_mail")).all())
    with served(petition_config) as (server, reaching):
        deliver_due(reaching, clock=factories.now)
    assert server.recipients == ["last@example.org"]
    newsroom.feed(factories.now())
    assert (progress().state, progress().sent, progress().left_out) == ("done", 1, 3)


def test_a_stopped_mailing_sends_nothing_and_goes_on_where_it_was(sqlite_app: Flask) -> None:
    setting(sqlite_app, mail_rate=3)
    letter = factories.letter()
    signed(letter, *(f"p{n}@d{n}.example" for n in range(8)))
    made = newsroom.update(letter)
    mailing.start(made, actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON)
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=lambda: NOON, limit=1)
        mailing.stop(made, actor=COMMAND_LINE, now=NOON)
        for minutes in range(3):
            newsroom.feed(NOON + minutes * MINUTE)
            deliver_due(reaching, clock=lambda: NOON)
        assert len(server.mails) == 1
        assert (progress().state, progress().sent) == ("stopped", 1)
        assert db.session.scalar(select(func.count()).where(OutboxMail.recipient.is_not(None))) == 0
        with pytest.raises(mailing.NothingRuns):
            mailing.stop(made, actor=COMMAND_LINE, now=NOON)
        mailing.resume(made, actor=COMMAND_LINE, now=NOON)
        for minutes in range(1, 5):
            newsroom.feed(NOON + minutes * MINUTE)
            deliver_due(reaching, clock=lambda minutes=minutes: NOON + minutes * MINUTE)
        newsroom.feed(NOON + 5 * MINUTE)
    assert len(server.recipients) == len(set(server.recipients)) == 8
    assert (progress().state, progress().sent) == ("done", 8)


def test_an_update_that_is_taken_down_stops_its_mailing_and_says_how_far_it_came(sqlite_app: Flask) -> None:
    letter = factories.letter()
    signed(letter, "ana@example.org", "ben@example.org")
    made = newsroom.update(letter)
    mailing.start(made, actor=COMMAND_LINE, now=factories.now())
    newsroom.feed(factories.now())
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=factories.now, limit=1)
        writing.take_down(made, actor=COMMAND_LINE, now=factories.now())
        newsroom.feed(factories.now())
        deliver_due(reaching, clock=factories.now)
    assert len(server.mails) == 1
    assert (progress().state, progress().sent, progress().waiting) == ("stopped", 1, 1)
    assert [(entry.details["sent"], entry.actor_kind) for entry in recorded("mailing.stopped")] == [(1, "platform")]
    with pytest.raises(writing.NotPublished):
        mailing.resume(made, actor=COMMAND_LINE, now=factories.now())


def test_a_faulty_mailing_stops_no_other(sqlite_app: Flask) -> None:
    broken, sound = factories.letter("broken"), factories.letter("sound")
    for letter in (broken, sound):
        signed(letter, "ana@example.org")
        mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON, steps=2)
    db.session.execute(text("DELETE FROM update_text WHERE update_id = 1"))
    db.session.commit()
    newsroom.feed(NOON)
    assert to() == ["ana@example.org"]


def test_whom_it_went_to_is_forgotten_thirty_days_after_its_end(sqlite_app: Flask) -> None:
    letter = factories.letter()
    signed(letter, "ana@example.org")
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON)
    with transaction() as session:
        outbox.stop(session, the_mailing().scope, NOON)
    newsroom.feed(NOON)
    assert the_mailing().state == "done"
    words = "fingerprints and mail domains of mailings that ended 30 days ago"
    assert dict(retention.purge(NOON + timedelta(days=30) - timedelta(seconds=1)))[words] == 0
    assert dict(retention.purge(NOON + timedelta(days=30)))[words] == 1
    assert db.session.scalar(select(func.count()).select_from(MailingRecipient)) == 0
    assert dict(retention.purge(NOON + timedelta(days=31)))[words] == 0


def test_what_is_left_of_an_old_mailing_is_not_sent(sqlite_app: Flask) -> None:
    setting(sqlite_app, mail_rate=1)
    letter = factories.letter()
    signed(letter, "ana@example.org", "ben@example.org")
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON)
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="sent", finished_at=NOON, recipient=None))
    for minutes in range(3):
        newsroom.feed(NOON + mailing.TERM + minutes * MINUTE)
    assert newsroom.queued() == []
    assert (progress().state, progress().sent, progress().left_out, progress().waiting) == ("done", 1, 1, 0)


def test_what_came_back_and_what_was_complained_of_is_counted_apart_and_outlives_the_outbox(app: Flask) -> None:
    letter = factories.letter()
    people = [f"p{n}@d{n}.example" for n in range(6)]
    signed(letter, *people)
    now = factories.now()
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=now)
    newsroom.feed(now)
    waiting = newsroom.queued()
    suppression.stop_address(str(waiting[5].recipient), actor=COMMAND_LINE, config=factories.config(), now=now)
    with served(factories.config()) as (server, reaching):
        server.refused = {str(waiting[4].recipient): 550}
        deliver_due(reaching, clock=lambda: now)
    bounces.record(bounces.Report(waiting[0].message_id, "bounce", "5.1.1"), now=now)
    newsroom.feed(now)
    bounces.record(bounces.Report(waiting[1].message_id, "complaint"), now=now)

    def numbers() -> tuple[int, ...]:
        found = progress()
        return found.total, found.sent, found.returned, found.complained, found.failed, found.left_out, found.waiting

    assert numbers() == (6, 2, 1, 1, 1, 1, 0)
    db.session.remove()
    downgrade(revision="0011")
    upgrade()
    assert numbers() == (6, 2, 1, 1, 1, 1, 0), "a mailing of before this release is counted once"
    retention.purge(now + timedelta(days=31))
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 0
    assert numbers() == (6, 2, 1, 1, 1, 1, 0)


def test_a_mailing_stopped_long_ago_is_not_gone_on_with(sqlite_app: Flask) -> None:
    letter = factories.letter()
    signed(letter, "ana@example.org")
    made = newsroom.update(letter)
    mailing.start(made, actor=COMMAND_LINE, now=NOON)
    newsroom.feed(NOON)
    mailing.stop(made, actor=COMMAND_LINE, now=NOON)
    with pytest.raises(mailing.StoppedLongAgo):
        mailing.resume(made, actor=COMMAND_LINE, now=NOON + mailing.KEPT)
    mailing.resume(made, actor=COMMAND_LINE, now=NOON + mailing.KEPT - MINUTE)
    newsroom.feed(NOON + mailing.KEPT - MINUTE)
    assert to() == ["ana@example.org"]


def test_whoever_leaves_is_forgotten_by_the_mailings_too_and_is_not_mailed_twice_on_coming_back(app: Flask) -> None:
    letter, config, now = factories.letter(), factories.config(), factories.now()
    client = app.test_client()
    ana = factories.sign(client, **factories.ANA | {"updates": "1"})
    aram = factories.sign(client, **factories.ARAM | {"updates": "1"})
    for address in (factories.ARAM["email"], "ben@example.org", "eva@example.org"):
        newsroom.follower(letter, address)
    with transaction() as session:
        session.execute(text("DELETE FROM outbox_mail"))
    setting(app, mail_rate=3)
    made = newsroom.update(letter)
    mailing.start(made, actor=COMMAND_LINE, now=now)
    newsroom.feed(now)
    with served(config) as (server, reaching):
        deliver_due(reaching, clock=lambda: now)
    assert len(server.mails) == 3

    def among() -> dict[str, str]:
        db.session.rollback()
        return {each.fingerprint: each.source for each in db.session.scalars(select(MailingRecipient))}

    mailbox = {each: fingerprint(each, config.fingerprint_bytes) for each in (
        factories.ANA["email"], factories.ARAM["email"], "ben@example.org", "eva@example.org",
    )}  # fmt: skip
    assert set(among()) == set(mailbox.values())
    client.post(f"/signature/{ana}", data={"action": "withdraw"})
    client.post(f"/signature/{aram}", data={"action": "withdraw"})
    for address in ("ben@example.org", "eva@example.org"):
        followers.stop(followers.token(letter.id, mailbox[address], config), config=config, now=now)
    assert among() == {mailbox[factories.ARAM["email"]]: "follower"}, "Aram still follows"
    assert progress().waiting <= 1
    mailing.stop(made, actor=COMMAND_LINE, now=now)
    newsroom.follower(letter, "ben@example.org")
    factories.sign(client, **factories.ANA | {"updates": "1"})
    mailing.resume(made, actor=COMMAND_LINE, now=now)
    newsroom.feed(now + MINUTE)
    every = [*server.recipients, *to()]
    assert factories.ARAM["email"] in every
    assert len(every) == len(set(every)), "nobody who came back is mailed it again"
