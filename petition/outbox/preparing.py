"""Lets those who queue a mail leave its values open until it is sent, without the outbox knowing what they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from petition.outbox.models import OutboxMail

Preparer = Callable[[Session, OutboxMail, datetime], dict[str, Any]]

# Whether a mail is wanted, or after how long to ask again.
Verdict = bool | timedelta

Guard = Callable[[Session, OutboxMail, datetime], Verdict]

_preparers: dict[str, Preparer] = {}
_guards: dict[str, Guard] = {}


def prepares(message: str) -> Callable[[Preparer], Preparer]:
    """Register the decorated function to make the values of this message just before it is first sent.

    It runs inside the transaction that claims the mail and returns plain JSON for the templates.
    """

    def register(preparer: Preparer) -> Preparer:
        _preparers[message] = preparer
        return preparer

    return register


def guards(message: str) -> Callable[[Guard], Guard]:
    """Register the decorated function to be asked before every try whether this message is still wanted, or should wait."""

    def register(guard: Guard) -> Guard:
        _guards[message] = guard
        return guard

    return register


def verdict(session: Session, mail: OutboxMail, now: datetime) -> Verdict:
    """Whether the mail should still go out, or after how long to ask again; what nobody guards should."""
    guard = _guards.get(mail.message)
    return guard is None or guard(session, mail, now)


def needs_preparing(mail: OutboxMail) -> bool:
    """Whether values are still open."""
    return mail.message in _preparers and (mail.values or {}).get("prepared") is not True


def prepared(session: Session, mail: OutboxMail, now: datetime) -> dict[str, Any]:
    """The values to render; made once and kept on the row, so that a second try sends the same links."""
    if needs_preparing(mail):
        mail.values = {**_preparers[mail.message](session, mail, now), "prepared": True}
    return mail.values or {}
