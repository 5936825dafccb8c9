"""What a mail needs to say may be found out just before it leaves: once, so that every try says the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from petition.config import Config
from petition.errors import NotFound
from petition.outbox import preparing
from petition.outbox.delivery import Counts, deliver_due
from petition.outbox.models import OutboxMail
from petition.outbox.preparing import prepares
from tests.mailing import START, Clock, mails, queue_mail, served


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A preparer of `find` that gives a new token each time it is asked, and when it was."""
    moments: list[datetime] = []
    monkeypatch.setattr(preparing, "_preparers", {})

    @prepares("find")
    def _links(_session: Session, mail: OutboxMail, now: datetime) -> dict[str, Any]:
        moments.append(now)
        return dict(mail.values or {}) | {"links": [{"token": f"made-{len(moments)}", "kind": "person"}]}

    return moments


def test_every_try_sends_the_same_links(app: Flask, petition_config: Config, asked: list[datetime]) -> None:
    queue_mail(message="find", links=[])
    clock = Clock()
    with served(petition_config) as (server, config):
        server.replies["recipient"] = 451
        assert deliver_due(config, clock=clock) == Counts(retried=1)
        clock.turn(hours=1)
        server.replies.clear()
        assert deliver_due(config, clock=clock) == Counts(sent=1)
    assert asked == [START]
    assert "/signature/made-1\n" in server.mails[0].text


def test_only_its_own_message_is_prepared(app: Flask, petition_config: Config, asked: list[datetime]) -> None:
    queue_mail(message="verify")
    with served(petition_config) as (_server, config):
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)
    assert asked == []


def test_nothing_is_prepared_while_no_server_can_be_reached(
    app: Flask, petition_config: Config, asked: list[datetime]
) -> None:  # fmt: skip
    queue_mail(message="find", links=[])
    with served(petition_config) as (server, config):
        server.replies["banner"] = 421
        assert deliver_due(config, clock=Clock()) == Counts(trouble="connect 421")
    assert asked == []


@pytest.mark.parametrize("error", [KeyError("ana@example.org"), NotFound()])
def test_a_preparer_that_fails_undoes_its_own_work_and_stops_nobody(
    app: Flask, petition_config: Config, error: Exception, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(preparing, "_preparers", {})

    @prepares("find")
    def _fails(session: Session, mail: OutboxMail, now: datetime) -> dict[str, Any]:
        session.execute(update(OutboxMail).values(scope="touched"))
        raise error

    queue_mail("ana@example.org", message="find")
    queue_mail("ben@example.org")
    with served(petition_config) as (server, config):
        assert deliver_due(config, clock=Clock()) == Counts(sent=1, retried=1)
    assert server.recipients == ["ben@example.org"]
    first = mails()[0]
    assert (first.state, first.attempts, first.leased_until) == ("queued", 1, None)
    assert first.last_error == f"preparing {type(error).__name__}"
    assert {row.scope for row in mails()} == {"verify:1"}
    assert type(error).__name__ in caplog.text
    assert "ana@" not in caplog.text
