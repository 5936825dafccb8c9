"""Writes down what became of claimed mails, each so that a worker whose lease ran out leaves the next one's claim alone."""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from petition import addresses
from petition.db import transaction
from petition.errors import Busy
from petition.outbox import tally
from petition.outbox.models import EMPTIED, OutboxMail

log = logging.getLogger(__name__)

DOUBTS = 3  # sends of unknown outcome after which one more would be a nuisance
GAVE_UP = "gave up after three attempts of unknown outcome"
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
JITTER = 0.2  # a refusal of many mails at once is not answered by as many at once
RECORDING = 120.0  # seconds for which a mail that is out already is worth recording as such

_chance = SystemRandom()


def sent(mails: list[OutboxMail], now: datetime) -> None:
    """Write down that these were taken by the mail server, all in one transaction."""
    statement = update(OutboxMail).where(OutboxMail.id.in_([mail.id for mail in mails]), OutboxMail.state == "queued")
    values = {"state": "sent", "finished_at": now, "leased_until": None, "last_error": "", **EMPTIED}
    statement = statement.values(values).returning(OutboxMail.id)

    def write(session: Session) -> None:
        # Should a lease have run out, another claim holds now; but what was sent stays sent.
        done = set(session.scalars(statement.execution_options(synchronize_session=False)))
        tally.add(session, Counter(
            (tally.about(mail.scope), now.date(), addresses.domain(mail.recipient or ""), "sent") for mail in mails if mail.id in done
        ))  # fmt: skip

    _insist(write)


def release(mails: list[OutboxMail]) -> None:
    """Give back what was claimed and not tried."""
    mine = update(OutboxMail).where(OutboxMail.id.in_([mail.id for mail in mails]), OutboxMail.state == "queued")
    mine = mine.where(OutboxMail.leased_until == mails[0].leased_until).values(leased_until=None, attempts=OutboxMail.attempts - 1)
    _insist(lambda session: session.execute(mine.execution_options(synchronize_session=False)))


def retry(mail: OutboxMail, why: str, now: datetime, doubts: int | None = None) -> str:
    """Put the mail back with a growing delay, unless it has been sent in doubt too often."""
    if doubts is not None and doubts >= DOUBTS:
        return give_up(mail, GAVE_UP, now, unknowns=doubts)
    pause = BACKOFF[min(mail.attempts, len(BACKOFF)) - 1] * (1 + JITTER * _chance.random())
    # Never past its term: then it is due for being dropped, and the address must go.
    due_at = min(now + pause, max(mail.expires_at, now))
    unknowns = mail.unknowns if doubts is None else doubts
    record(mail, now, "delayed" if mail.attempts == 1 else "", due_at=due_at, leased_until=None, last_error=why, unknowns=unknowns)
    return "retried"


def put_off(mail: OutboxMail, pause: timedelta, now: datetime) -> str:
    """Let a mail wait for what it is about; that takes nothing of the time for which it is tried, nor of its tries."""
    # Not as one that nobody tried: those are looked at within a minute, and count as what the mail server does not take.
    tried = max(mail.attempts - 1, 1)
    record(mail, now, leased_until=None, due_at=now + pause, expires_at=mail.expires_at + pause, attempts=tried)
    return "put off"


def give_up(mail: OutboxMail, why: str, now: datetime, **more: Any) -> str:
    record(mail, now, "failed", state="failed", finished_at=now, leased_until=None, last_error=why, **EMPTIED, **more)
    log.warning("mail %d (%s) failed for good: %s", mail.id, mail.message, why)
    return "failed"


def record(mail: OutboxMail, now: datetime, outcome: str = "", **values: Any) -> None:
    """Write down what became of a claimed mail; an `outcome` is counted with it."""
    statement = update(OutboxMail).where(OutboxMail.id == mail.id, OutboxMail.state == "queued")
    # Should the lease have run out, another claim holds now and decides.
    statement = statement.where(OutboxMail.leased_until == mail.leased_until).values(**values)

    def write(session: Session) -> None:
        done = session.execute(statement.execution_options(synchronize_session=False))
        if outcome and done.rowcount:  # type: ignore[attr-defined]
            tally.count(session, mail.scope, addresses.domain(mail.recipient or ""), outcome, now)

    _insist(write)


def _insist(write: Callable[[Session], object]) -> None:
    """Write in a transaction of its own, or in the caller's, insisting while the database is busy: the mail may be out already."""
    deadline = time.monotonic() + RECORDING
    while True:
        try:
            with transaction() as session:
                write(session)
                return
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def log_fault(mail: OutboxMail, error: Exception) -> None:
    # Where it happened, not what it said: the words of an exception can hold an address.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("mail %d (%s) is faulty: %s\n%s", mail.id, mail.message, type(error).__name__, where)
