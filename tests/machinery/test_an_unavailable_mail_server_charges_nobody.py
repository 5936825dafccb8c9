"""While the mail server cannot be used, mails wait as they were: no attempt is counted, nothing is lost."""

from __future__ import annotations

import dataclasses
import socket
from datetime import timedelta

import pytest
from flask import Flask

from petition.config import Config
from petition.errors import BadSetting
from petition.outbox import transport
from petition.outbox.delivery import Counts, deliver_due
from tests.mailing import START, Clock, mail, mails, queue_mail, reaching, served
from tests.smtp_server import HANG, NONSENSE, RESET, free_port


def _untouched() -> bool:
    return all(
        (row.state, row.attempts, row.unknowns, row.leased_until, row.due_at) == ("queued", 0, 0, None, START)
        and row.recipient is not None
        for row in mails()
    )


def test_a_server_that_is_down_is_found_out_before_any_mail_is_claimed(app: Flask, petition_config: Config) -> None:
    queue_mail("ana@example.org")
    queue_mail("ben@example.org")
    assert deliver_due(reaching(petition_config, free_port()), clock=Clock()) == Counts(trouble="connect")
    assert _untouched()
    with served(petition_config) as (_server, config):
        assert deliver_due(config, clock=Clock()) == Counts(sent=2)


@pytest.mark.parametrize(
    ("stage", "reply", "trouble"),
    [
        ("banner", 421, "connect 421"), ("banner", 554, "connect 554"), ("banner", RESET, "connect"),
        ("banner", NONSENSE, "connect"), ("banner", HANG, "connect"), ("greeting", 554, "connect 554"),
        ("greeting", HANG, "connect"), ("sender", 451, "sender 451"), ("sender", 550, "sender 550"),
        ("sender", RESET, "sender"), ("sender", HANG, "sender"),
    ],
)  # fmt: skip
def test_a_server_that_serves_nobody_charges_nobody(
    app: Flask, petition_config: Config, stage: str, reply: int | str, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reply == HANG:
        monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    queue_mail("ana@example.org")
    queue_mail("ben@example.org")
    with served(petition_config) as (server, config):
        server.replies[stage] = reply
        assert deliver_due(config, clock=Clock()) == Counts(trouble=trouble)
        assert _untouched()
        server.replies.clear()
        assert deliver_due(config, clock=Clock()) == Counts(sent=2)
    assert [row.attempts for row in mails()] == [1, 1]


def test_a_port_where_nobody_speaks_is_left_in_time(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    queue_mail()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = reaching(petition_config, silent.getsockname()[1])
        assert deliver_due(config, clock=Clock()) == Counts(trouble="connect")
    assert _untouched()


def test_a_server_that_goes_away_between_two_mails_loses_neither(app: Flask, petition_config: Config) -> None:
    queue_mail("ana@example.org")
    queue_mail("ben@example.org")
    with served(petition_config) as (server, config):
        server.on_mail = lambda: server.replies.update(sender=RESET)
        assert deliver_due(config, clock=Clock()) == Counts(sent=1, trouble="sender")
        server.replies.clear()
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)
    assert server.recipients == ["ana@example.org", "ben@example.org"]


def test_a_server_that_stumbles_over_one_spelling_serves_the_others(app: Flask, petition_config: Config) -> None:
    queue_mail("jürgen@example.org")
    with served(petition_config) as (server, config):
        server.replies["sender"] = 555
        assert deliver_due(config, clock=Clock()) == Counts(failed=1)
    assert mail().last_error == "sender 555"


def test_without_a_mail_setting_mails_wait_until_their_term(app: Flask, petition_config: Config) -> None:
    config = dataclasses.replace(petition_config, mail_url="")
    queue_mail()
    clock = Clock()
    assert deliver_due(config, clock=clock) == Counts(trouble="setting")
    assert _untouched()
    clock.turn(days=7)
    assert deliver_due(config, clock=clock) == Counts(trouble="setting")
    row = mail()
    assert (row.state, row.recipient, row.values) == ("dropped", None, None)
    assert row.finished_at == START + timedelta(days=7)


def test_a_sender_that_servers_cannot_spell_is_refused_at_once(app: Flask, petition_config: Config) -> None:
    config = dataclasses.replace(reaching(petition_config, 25), mail_from="Ana <Анна@example.org>")
    with pytest.raises(BadSetting, match="PETITION_MAIL_FROM"):
        deliver_due(config, clock=Clock())
