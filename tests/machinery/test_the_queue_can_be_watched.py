"""Probes and the team see how the queue stands, and what never arrived, without an address."""

from __future__ import annotations

import dataclasses

from flask import Flask

from petition.config import Config
from petition.outbox.delivery import Waiting, deliver_due, recent, waiting
from petition.outbox.recording import GAVE_UP
from tests.mailing import START, Clock, mails, queue_mail, served


def test_waiting_counts_the_queue_and_how_long_its_oldest_has_been_due(app: Flask, petition_config: Config) -> None:
    clock = Clock()
    assert waiting(clock.now) == Waiting(0, 0.0, 0)
    queue_mail("ana@example.org")
    queue_mail("gone@example.org")
    clock.turn(seconds=90)
    assert waiting(clock.now) == Waiting(2, 90.0, 0)
    with served(petition_config) as (server, config):
        server.refused = {"ana@example.org": 451, "gone@example.org": 550}
        deliver_due(config, clock=clock)
    assert waiting(clock.now) == Waiting(1, 0.0, 1), "what is put off is not late"


def test_recent_shows_what_never_arrived_newest_first_and_no_address(app: Flask, petition_config: Config) -> None:
    for name in ("ana", "ben", "eva"):
        queue_mail(f"{name}@example.org")
    clock = Clock()
    with served(petition_config) as (server, config):
        server.refused = {"ana@example.org": 550, "eva@example.org": 553}
        deliver_due(config, clock=clock)
    shown = recent()
    assert [(each.id, each.state, each.last_error) for each in shown] == [
        (mails()[2].id, "failed", "recipient 553"), (mails()[0].id, "failed", "recipient 550"),
    ]  # fmt: skip
    assert all(each.queued_at == START for each in shown)
    assert "@" not in repr(shown)
    assert len(recent(limit=1)) == 1
    assert GAVE_UP not in repr(shown)


def test_a_mail_dropped_unsent_is_shown_too(app: Flask, petition_config: Config) -> None:
    queue_mail()
    clock = Clock()
    clock.turn(days=8)
    deliver_due(dataclasses.replace(petition_config, mail_url=""), clock=clock)
    assert [each.state for each in recent()] == ["dropped"]
    assert waiting(clock.now) == Waiting(0, 0.0, 1)
