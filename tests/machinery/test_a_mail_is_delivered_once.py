"""A due mail leaves once, oldest first, whoever else is delivering, and its address does not stay behind."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from petition import db as database
from petition.config import Config
from petition.outbox import transport
from petition.outbox.delivery import Counts, deliver_due
from petition.outbox.rendering import render
from tests.mailing import START, WORDS, Clock, mail, mails, queue_mail, served


def test_a_due_mail_is_sent_and_its_address_and_words_are_forgotten(app: Flask, petition_config: Config) -> None:
    queue_mail("ana@example.org")
    clock = Clock()
    clock.turn(seconds=3)
    with served(petition_config) as (server, config):
        assert deliver_due(config, clock=clock) == Counts(sent=1)
        assert deliver_due(config, clock=clock) == Counts()
    assert server.recipients == ["ana@example.org"]
    assert server.mails[0].sender == "letters@localhost.localdomain"
    assert WORDS["token"] in server.mails[0].text
    row = mail()
    assert (row.state, row.attempts, row.finished_at) == ("sent", 1, START + timedelta(seconds=3))
    assert (row.recipient, row.values, row.leased_until, row.last_error) == (None, None, None, "")
    empty = database.db.session.execute(text('SELECT recipient IS NULL AND "values" IS NULL FROM outbox_mail'))
    assert empty.scalar() in (True, 1)


def test_it_arrives_as_it_was_rendered_to_the_byte(app: Flask, petition_config: Config) -> None:
    queue_mail(message="decision", decision="rejected", reason="Not a name.\n.\n..again\nFrom there on")
    with served(petition_config) as (server, config):
        rendered = render(mail(), config).as_bytes()
        assert b"\r\n.\r\n" in rendered, "a line that could end the mail before its time"
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)
    assert server.mails[0].content == rendered


def test_the_oldest_goes_first_and_a_limit_is_kept(app: Flask, petition_config: Config) -> None:
    queue_mail("ana@example.org", at=START + timedelta(minutes=2))
    queue_mail("ben@example.org", at=START)
    queue_mail("eva@example.org", at=START + timedelta(minutes=1))
    clock = Clock()
    clock.turn(minutes=3)
    with served(petition_config) as (server, config):
        assert deliver_due(config, clock=clock, limit=2) == Counts(sent=2)
        assert server.recipients == ["ben@example.org", "eva@example.org"]
        assert deliver_due(config, clock=clock) == Counts(sent=1)


def test_one_connection_carries_many_mails_and_is_renewed_in_time(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "REUSES", 3)
    for number in range(7):
        queue_mail(f"signer{number}@example.org")
    with served(petition_config) as (server, config):
        assert deliver_due(config, clock=Clock()) == Counts(sent=7)
    assert (len(server.mails), server.connections) == (7, 3)
    assert server.greetings == ["localhost.localdomain"] * 3


def test_workers_side_by_side_send_each_mail_once(app: Flask, petition_config: Config) -> None:
    for number in range(24):
        queue_mail(f"signer{number}@example.org")
    together = threading.Barrier(4)
    found: list[Counts] = []

    def work(config: Config) -> None:
        with app.app_context():
            together.wait()
            found.append(deliver_due(config, clock=Clock()))

    with served(petition_config) as (server, config):
        workers = [threading.Thread(target=work, args=(config,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        left = deliver_due(config, clock=Clock())  # what two of them looked at in the same instant
    assert sorted(server.recipients) == sorted(f"signer{number}@example.org" for number in range(24))
    assert sum(counts.sent for counts in [*found, left]) == 24
    assert {row.state for row in mails()} == {"sent"}


def test_no_transaction_is_open_while_a_mail_is_sent(app: Flask, petition_config: Config) -> None:
    queue_mail()
    written = []

    def write() -> None:
        with app.app_context(), database.transaction() as session:
            session.execute(text("UPDATE outbox_mail SET scope = 'verify:2'"))
            written.append(True)

    with served(petition_config) as (server, config):
        server.on_mail = write
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)
    assert written == [True]
    assert mail().scope == "verify:2"


def test_a_database_that_is_busy_after_sending_is_asked_until_it_takes_the_record(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT", 0.05)
    queue_mail()
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), database.transaction() as session:
            session.execute(text("UPDATE outbox_mail SET scope = 'verify:2'"))
            locked.set()
            release.wait(10)

    holder = threading.Thread(target=hold)

    def lock() -> None:
        holder.start()
        assert locked.wait(5)
        threading.Timer(0.5, release.set).start()

    with served(petition_config) as (server, config):
        server.on_mail = lock
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)
    holder.join()
    assert len(server.mails) == 1
    assert mail().state == "sent"
