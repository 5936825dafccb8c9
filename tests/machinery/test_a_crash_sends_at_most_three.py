"""A worker that dies between claiming and recording leaves a lease; it runs out, and the sends in doubt are counted."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from petition.config import Config
from petition.db import transaction
from petition.outbox import delivery, recording
from petition.outbox.claiming import HANDFUL, LEASE
from petition.outbox.delivery import Counts, deliver_due
from petition.outbox.models import OutboxMail
from petition.outbox.recording import GAVE_UP
from tests.mailing import START, Clock, mail, mails, queue_mail, served
from tests.smtp_server import NONSENSE


class KilledError(BaseException):
    """Stands for the moment in which a process is gone: nothing after it is written down."""


def _crash(config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send what is due and be gone before the outcome is recorded."""

    def die(*_args: object, **_values: object) -> None:
        raise KilledError

    with monkeypatch.context() as moment:
        moment.setattr(recording, "sent", die)
        with pytest.raises(KilledError):
            deliver_due(config, clock=clock)


def test_a_claimed_mail_belongs_to_its_worker_until_the_lease_runs_out(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        _crash(config, clock, monkeypatch)
        assert mail().leased_until == START + LEASE
        clock.turn(seconds=59)
        assert deliver_due(config, clock=clock) == Counts()
        clock.turn(seconds=1)
        assert deliver_due(config, clock=clock) == Counts(sent=1)
    assert len(server.mails) == 2
    assert server.mails[0].content == server.mails[1].content
    assert (mail().state, mail().unknowns) == ("sent", 1)


def test_a_lease_lasts_at_most_a_minute() -> None:
    assert timedelta(seconds=60) >= LEASE


def test_after_three_sends_of_unknown_outcome_a_mail_is_given_up(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        for _ in range(3):
            _crash(config, clock, monkeypatch)
            clock.turn(minutes=1)
        assert deliver_due(config, clock=clock) == Counts(failed=1)
        clock.turn(days=1)
        assert deliver_due(config, clock=clock) == Counts()
    assert len(server.mails) == 3
    assert len(set(server.message_ids)) == 1
    row = mail()
    assert (row.state, row.last_error, row.recipient, row.values) == ("failed", GAVE_UP, None, None)
    assert (row.attempts, row.unknowns) == (3, 3)


def test_what_was_sent_stays_sent_when_another_worker_claimed_it_meanwhile(app: Flask, petition_config: Config) -> None:
    queue_mail()
    clock = Clock()

    def claim_again() -> None:
        with app.app_context(), transaction() as session:
            session.get_one(OutboxMail, 1).leased_until = START + 2 * LEASE

    with served(petition_config) as (server, config):
        server.on_mail = claim_again
        assert deliver_due(config, clock=clock) == Counts(sent=1)
    assert mail().state == "sent"


def test_a_worker_that_lost_its_lease_leaves_the_claim_of_the_next_alone(app: Flask, petition_config: Config) -> None:
    queue_mail()

    def claim_again() -> None:
        with app.app_context(), transaction() as session:
            session.get_one(OutboxMail, 1).leased_until = START + 2 * LEASE

    with served(petition_config) as (server, config):
        server.on_mail = claim_again
        server.replies["dot"] = NONSENSE
        deliver_due(config, clock=Clock())
    assert mail().state == "queued"
    assert mail().leased_until == START + 2 * LEASE


def test_a_clock_that_was_set_back_keeps_no_mail_waiting(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_mail("ana@example.org")
    clock = Clock()
    clock.turn(hours=1)
    queue_mail("ben@example.org", at=clock.now)
    with served(petition_config) as (_server, config):
        _crash(config, clock, monkeypatch)
        clock.turn(hours=-1)
        assert deliver_due(config, clock=clock) == Counts(sent=2)
    assert [row.state for row in mails()] == ["sent", "sent"]


def test_a_mail_that_would_come_too_late_is_dropped_unsent(app: Flask, petition_config: Config) -> None:
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        server.replies["recipient"] = 451
        for _ in range(40):
            deliver_due(config, clock=clock)
            if mail().state != "queued":
                break
            clock.now = mail().due_at
    row = mail()
    assert (row.state, row.recipient, row.values) == ("dropped", None, None)
    assert row.finished_at == START + timedelta(days=7), "to the moment, so that the address stays no longer"
    assert server.mails == []


def _queue_in_bulk(number: int) -> None:
    for each in range(number):
        queue_mail(f"reader{each}@example.org")
    with transaction() as session:
        session.execute(update(OutboxMail).values(bulk=True))


def test_a_crash_repeats_at_most_a_handful_of_a_mailing_and_each_goes_alone_then(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _queue_in_bulk(HANDFUL + 2)
    clock = Clock()
    with served(sqlite_app.config["PETITION"]) as (server, config):
        _crash(config, clock, monkeypatch)
        assert len(server.mails) == HANDFUL
        assert deliver_due(config, clock=clock) == Counts(sent=2), "the leased ones belong to the worker that is gone"
        clock.turn(minutes=1)
        for _ in range(2):
            _crash(config, clock, monkeypatch)
            clock.turn(minutes=1)
        assert len(server.mails) == HANDFUL + 4, "one in doubt takes no other with it"
        assert deliver_due(config, clock=clock).sent >= HANDFUL - 1
    assert {row.state for row in mails()} <= {"sent", "failed"}
    often = Counter(server.recipients)
    assert set(often) == {f"reader{each}@example.org" for each in range(HANDFUL + 2)}
    assert max(often.values()) <= 3
    assert len(set(server.message_ids)) == HANDFUL + 2


def test_a_slow_mail_server_gets_no_mail_whose_lease_may_run_out(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "START_WITHIN", 0.0)
    _queue_in_bulk(3)
    with served(sqlite_app.config["PETITION"]) as (server, config):
        assert deliver_due(config, clock=Clock(), limit=1) == Counts(sent=1)
        stop = threading.Event()
        server.on_mail = stop.set
        assert deliver_due(config, clock=Clock(), stop=stop) == Counts(sent=1)
        assert [(row.state, row.attempts, row.leased_until, row.unknowns) for row in mails()][2] == ("queued", 0, None, 0)
        server.on_mail = lambda: None
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)
    assert len(server.mails) == 3


def test_one_refused_of_a_handful_holds_up_no_other_and_an_outage_charges_none(sqlite_app: Flask) -> None:
    _queue_in_bulk(4)
    with served(sqlite_app.config["PETITION"]) as (server, config):
        server.refused = {"reader1@example.org": 550}
        server.on_mail = lambda: server.replies.update(sender=421) if len(server.mails) == 2 else None
        assert deliver_due(config, clock=Clock()).sent == 2
        assert [(row.state, row.attempts, row.leased_until) for row in mails()] == [
            ("sent", 1, None), ("failed", 1, None), ("sent", 1, None), ("queued", 0, None),
        ]  # fmt: skip
