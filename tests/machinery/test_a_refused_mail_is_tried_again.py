"""What a mail server says about one mail decides about that mail alone: later, or never."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from petition.config import Config
from petition.outbox import transport
from petition.outbox.delivery import Counts, deliver_due
from petition.outbox.recording import BACKOFF, GAVE_UP, JITTER
from tests.mailing import WORDS, Clock, mail, mails, queue_mail, served
from tests.smtp_server import HANG, NONSENSE, RESET


@pytest.mark.parametrize("stage", ["recipient", "data", "dot"])
def test_a_mail_put_off_is_tried_again_and_arrives(app: Flask, petition_config: Config, stage: str) -> None:
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        server.replies[stage] = 451
        assert deliver_due(config, clock=clock) == Counts(retried=1)
        assert deliver_due(config, clock=clock) == Counts(), "it waits first"
        row = mail()
        assert (row.state, row.attempts, row.unknowns, row.leased_until) == ("queued", 1, 0, None)
        assert row.last_error == ("data 451" if stage == "dot" else f"{stage} 451")
        server.replies.clear()
        clock.turn(minutes=2)
        assert deliver_due(config, clock=clock) == Counts(sent=1)
    assert server.recipients == ["ana@example.org"]


def test_each_delay_is_longer_than_the_one_before(app: Flask, petition_config: Config) -> None:
    queue_mail()
    clock, delays = Clock(), []
    with served(petition_config) as (server, config):
        server.replies["recipient"] = 450
        for _ in BACKOFF:
            assert deliver_due(config, clock=clock) == Counts(retried=1)
            delays.append(mail().due_at - clock.now)
            clock.now = mail().due_at
    for delay, least in zip(delays, BACKOFF, strict=True):
        assert least <= delay <= least * (1 + JITTER)
    assert delays == sorted(set(delays))


@pytest.mark.parametrize("stage", ["recipient", "data", "dot"])
def test_a_mail_refused_for_good_is_given_up_and_its_address_forgotten(
    app: Flask, petition_config: Config, stage: str
) -> None:  # fmt: skip
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        server.replies[stage] = 554
        assert deliver_due(config, clock=clock) == Counts(failed=1)
        server.replies.clear()
        clock.turn(days=1)
        assert deliver_due(config, clock=clock) == Counts()
    row = mail()
    assert (row.state, row.recipient, row.values) == ("failed", None, None)
    assert row.last_error == ("data 554" if stage == "dot" else f"{stage} 554")
    assert server.mails == []


def test_one_bad_recipient_keeps_nobody_elses_mail_back(app: Flask, petition_config: Config) -> None:
    for name in ("ana", "gone", "full", "eva"):
        queue_mail(f"{name}@example.org")
    with served(petition_config) as (server, config):
        server.refused = {"gone@example.org": 550, "full@example.org": 452}
        assert deliver_due(config, clock=Clock()) == Counts(sent=2, retried=1, failed=1)
    assert server.recipients == ["ana@example.org", "eva@example.org"]
    assert [row.state for row in mails()] == ["sent", "failed", "queued", "sent"]
    assert server.connections == 1


@pytest.mark.parametrize("stage", ["recipient", "data"])
@pytest.mark.parametrize("trouble", [RESET, NONSENSE, HANG])
def test_a_connection_lost_before_the_dot_leaves_no_doubt(
    app: Flask, petition_config: Config, stage: str, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", 0.2 if trouble == HANG else 5.0)
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        server.replies[stage] = trouble
        assert deliver_due(config, clock=clock) == Counts(retried=1)
        assert (mail().unknowns, mail().last_error) == (0, stage)
        server.replies.clear()
        clock.turn(minutes=2)
        assert deliver_due(config, clock=clock) == Counts(sent=1)
    assert len(server.mails) == 1


@pytest.mark.parametrize("trouble", [RESET, NONSENSE, HANG])
def test_after_a_connection_lost_behind_the_dot_the_same_mail_is_sent_at_most_three_times(
    app: Flask, petition_config: Config, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == HANG:
        monkeypatch.setattr(transport, "TIMEOUT", 0.1)
        monkeypatch.setattr(transport, "PATIENCE", 2)
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        server.replies["dot"] = trouble
        assert deliver_due(config, clock=clock) == Counts(retried=1)
        clock.turn(hours=1)
        assert deliver_due(config, clock=clock) == Counts(retried=1)
        clock.turn(hours=1)
        assert deliver_due(config, clock=clock) == Counts(failed=1)
        clock.turn(hours=12)
        assert deliver_due(config, clock=clock) == Counts()
    assert len(server.mails) == 3
    assert len({sent.content for sent in server.mails}) == 1
    assert server.message_ids == [f"<{mail().message_id}@localhost.localdomain>"] * 3
    assert all(WORDS["token"] in sent.text for sent in server.mails)
    assert (mail().state, mail().last_error, mail().recipient) == ("failed", GAVE_UP, None)


def test_after_a_doubt_a_taken_mail_ends_it(app: Flask, petition_config: Config) -> None:
    queue_mail()
    clock = Clock()
    with served(petition_config) as (server, config):
        server.replies["dot"] = RESET
        assert deliver_due(config, clock=clock) == Counts(retried=1)
        server.replies.clear()
        clock.turn(minutes=2)
        assert deliver_due(config, clock=clock) == Counts(sent=1)
    assert len(server.mails) == 2
    assert len(set(server.message_ids)) == 1
    assert (mail().state, mail().unknowns) == ("sent", 1)


def test_a_slow_answer_after_the_dot_is_waited_for(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(transport, "TIMEOUT", 0.25)
    monkeypatch.setattr(transport, "PATIENCE", 20)
    queue_mail()
    with served(petition_config) as (server, config):
        server.on_mail = lambda: time.sleep(0.6)
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)


def test_no_error_that_is_kept_holds_an_address(app: Flask, petition_config: Config) -> None:
    queue_mail("full@example.org")
    with served(petition_config) as (server, config):
        server.refused = {"full@example.org": 452}
        deliver_due(config, clock=Clock())
    assert mail().last_error == "recipient 452"


def test_an_address_beyond_ascii_needs_a_server_that_can_spell_it(app: Flask, petition_config: Config) -> None:
    queue_mail("jürgen@bücher.example")
    queue_mail("ana@bücher.example")
    with served(petition_config) as (server, config):
        assert deliver_due(config, clock=Clock()) == Counts(sent=2)
    assert server.recipients == ["jürgen@xn--bcher-kva.example", "ana@xn--bcher-kva.example"]
    queue_mail("jürgen@bücher.example")
    queue_mail("ana@bücher.example")
    with served(petition_config, international=False) as (server, config):
        assert deliver_due(config, clock=Clock()) == Counts(sent=1, failed=1)
    assert server.recipients == ["ana@xn--bcher-kva.example"]
    assert mails()[2].last_error == "recipient 553"
