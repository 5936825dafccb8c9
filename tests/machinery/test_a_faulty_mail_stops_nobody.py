"""A mail that cannot be rendered waits and is told of in the log, without its address; the others go out."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from petition.config import Config
from petition.outbox.delivery import Counts, deliver_due
from tests.mailing import Clock, mail, mails, queue_mail, served


@pytest.mark.parametrize(
    ("message", "values", "error"),
    [
        ("unheard-of", {}, "TemplateNotFound"),
        ("verify", {"token": ""}, "ValueError"),
        ("verify", {"token": 5}, "TypeError"),
    ],
)
def test_a_faulty_mail_waits_while_the_others_go_out(
    app: Flask, petition_config: Config, message: str, values: dict[str, Any], error: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    queue_mail("ana@example.org", message=message, **values)
    queue_mail("ben@example.org")
    with served(petition_config) as (server, config):
        assert deliver_due(config, clock=Clock()) == Counts(sent=1, retried=1)
        assert deliver_due(config, clock=Clock()) == Counts(), "and the loop does not run hot"
    assert server.recipients == ["ben@example.org"]
    assert mails()[0].last_error == f"rendering {error}"
    assert "templates/mail" in caplog.text or "rendering.py" in caplog.text
    assert "ana@" not in caplog.text


def test_an_address_that_would_begin_a_header_is_not_sent_to(app: Flask, petition_config: Config) -> None:
    queue_mail("ana@example.org\r\nBcc: ben@example.org")
    with served(petition_config) as (server, config):
        assert deliver_due(config, clock=Clock()) == Counts(retried=1)
    assert server.mails == []
    assert mail().last_error == "rendering ValueError"


def test_a_mail_in_a_language_nobody_knows_waits(app: Flask, petition_config: Config) -> None:
    queue_mail(language="qq")
    with served(petition_config) as (_server, config):
        assert deliver_due(config, clock=Clock()) == Counts(retried=1)
    assert mail().last_error == "rendering UnknownLocaleError"
