"""The outbox as tests use it: a clock that is turned by hand, mails to queue, rows to look at."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from petition import outbox
from petition.addresses import fingerprint
from petition.config import Config
from petition.db import db, transaction
from petition.outbox.models import OutboxMail
from tests.smtp_server import SmtpServer

START = datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=UTC)
WORDS = {
    "letter_title": "The road is not a bargaining chip",
    "letter_address": "http://localhost/letters/road",
    "token": "q7-Zk_3mPw0Lr5Vt",
    "kind": "person",
    "protected": False,
    "expires_days": 7,
    "links": [{"token": "q7-Zk_3mPw0Lr5Vt", "kind": "person"}],
    "decision": "published",
    "reason": "",
    "question": "Which page names you as a member?\nA link is enough.",
}


class Clock:
    """Shows the same moment until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


def queue_mail(
    to: str = "ana@example.org", *, message: str = "verify", language: str = "en", at: datetime = START, **values: Any
) -> None:  # fmt: skip
    """Queue one mail, as an operation would."""
    with transaction() as session:
        outbox.queue(
            session, message, to=to, fingerprint=fingerprint(to, b"k" * 32), language=language, values=WORDS | values,
            scope="verify:1", now=at,
        )  # fmt: skip


def mails() -> list[OutboxMail]:
    """Every row of the outbox as it stands on disk, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def mail() -> OutboxMail:
    """The only row."""
    (only,) = mails()
    return only


def reaching(config: Config, port: int, scheme: str = "smtp", login: str = "") -> Config:
    """The settings, with mail going to a server on this machine."""
    return dataclasses.replace(config, mail_url=f"{scheme}://{login}127.0.0.1:{port}")


@contextmanager
def served(config: Config, **options: Any) -> Iterator[tuple[SmtpServer, Config]]:
    """A mail server and the settings that reach it."""
    with SmtpServer(**options) as server:
        yield server, reaching(config, server.port)
