"""Delivers what is due: claims one mail, sends it outside any transaction, and records what became of it."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from secrets import SystemRandom
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from petition import addresses
from petition.config import Config
from petition.db import db, is_postgresql, reading, transaction
from petition.errors import Busy, PetitionError
from petition.outbox import LONGEST_WAIT, suppression, tally
from petition.outbox.models import EMPTIED, OutboxMail
from petition.outbox.preparing import prepared, verdict
from petition.outbox.rendering import FAULTS, render
from petition.outbox.transport import InDoubt, Permanent, Temporary, Transport, Unavailable, open_transport

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

LEASE = timedelta(seconds=60)
UNDELIVERED = ("failed", "dropped", "bounced")
DOUBTS = 3  # sends of unknown outcome after which one more would be a nuisance
GAVE_UP = "gave up after three attempts of unknown outcome"
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
JITTER = 0.2  # a refusal of many mails at once is not answered by as many at once
RECORDING = 120.0  # seconds for which a mail that is out already is worth recording as such

_chance = SystemRandom()


@dataclass(frozen=True)
class Counts:
    """What one round did, and the stage and code that kept the mail server from being used, if any."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Waiting:
    """How the queue stands: mails in it, for how long the oldest has been due, mails that never went out."""

    count: int
    oldest_age_seconds: float
    failed_count: int


@dataclass(frozen=True)
class FailedMail:
    """A mail that was given up, came too late or came back, as the team may see it: no address, no words."""

    id: int
    state: str
    message: str
    scope: str
    queued_at: datetime
    finished_at: datetime | None
    attempts: int
    last_error: str


def deliver_due(
    config: Config, *, clock: Clock, limit: int | None = None, stop: threading.Event | None = None,
) -> Counts:  # fmt: skip
    """Deliver what is due, oldest first, at most `limit` mails and until `stop`; raises Busy when the database is.

    When the mail server cannot be used it ends early and says so in `trouble`; no mail is charged for that.
    """
    _drop_expired(clock())
    done: Counter[str] = Counter()
    try:
        transport = open_transport(config)
        try:
            while (limit is None or done.total() < limit) and not (stop and stop.is_set()) and _is_due(clock()):
                transport.open()  # before the claim, so that a lease is spent on sending only
                outcome = _deliver_one(transport, config, clock)
                if outcome is None:
                    break  # others have claimed the rest
                done[outcome] += 1
        finally:
            transport.close()
    except Unavailable as failure:
        log.warning("mail cannot be sent at the moment: %s", failure)
        return _counts(done, str(failure))
    return _counts(done)


def waiting(now: datetime) -> Waiting:
    """How the queue stands, for probes and checks; a mail whose next try lies ahead does not count as late."""
    count = db.session.scalar(select(func.count()).where(OutboxMail.state == "queued"))
    failed = db.session.scalar(select(func.count()).where(OutboxMail.state.in_(UNDELIVERED)))
    oldest = db.session.scalar(select(func.min(OutboxMail.due_at)).where(OutboxMail.state == "queued"))
    age = max((now - oldest).total_seconds(), 0.0) if oldest else 0.0
    return Waiting(count or 0, age, failed or 0)


def recent(limit: int = 50) -> list[FailedMail]:
    """The mails that never arrived, as far as we know, or were reported as unwanted; newest first."""
    columns = [getattr(OutboxMail, name) for name in FailedMail.__dataclass_fields__]
    query = select(*columns).where(OutboxMail.state.in_((*UNDELIVERED, "complained"))).order_by(OutboxMail.id.desc()).limit(limit)
    return [FailedMail(*row) for row in db.session.execute(query)]


def _counts(done: Counter[str], trouble: str = "") -> Counts:
    return Counts(done["sent"], done["retried"], done["failed"], trouble)


def _due(now: datetime) -> ColumnElement[bool]:
    """What may be claimed now.

    A mail that was never tried waits a minute at most, whatever its date says, and a lease that outlasts twice its length
    is none: both come from a clock that was set back.
    """
    free = or_(
        OutboxMail.leased_until.is_(None), OutboxMail.leased_until <= now, OutboxMail.leased_until > now + 2 * LEASE
    )
    untried = and_(OutboxMail.attempts == 0, OutboxMail.due_at > now + LONGEST_WAIT)
    return and_(OutboxMail.state == "queued", or_(OutboxMail.due_at <= now, untried), free)


def _is_due(now: datetime) -> bool:
    with reading() as session:
        return session.scalar(select(OutboxMail.id).where(_due(now)).limit(1)) is not None


def _drop_expired(now: datetime) -> None:
    """Forget the addresses of mails that would come too late, even while nothing can be sent."""
    expired = and_(_due(now), OutboxMail.expires_at <= now)
    with reading() as session:
        if session.scalar(select(OutboxMail.id).where(expired).limit(1)) is None:
            return
    with transaction() as session:
        ids = tally.leaving(session, expired, "dropped", now)
        session.execute(update(OutboxMail).where(OutboxMail.id.in_(ids)).values(
            state="dropped", finished_at=now, leased_until=None, **EMPTIED
        ))  # fmt: skip


def _deliver_one(transport: Transport, config: Config, clock: Clock) -> str | None:
    """Claim one mail, send it, record it: what became of it, or None when there was none to claim."""
    mail = _claim(clock())
    if not isinstance(mail, OutboxMail):
        return mail
    try:
        message = render(mail, config)
    except FAULTS as error:
        _log_fault(mail, error)
        return _retry(mail, f"rendering {type(error).__name__}", clock())
    return _send(transport, message, mail, clock)


def _send(transport: Transport, message: EmailMessage, mail: OutboxMail, clock: Clock) -> str:
    try:
        transport.send(message)
    except InDoubt as failure:
        return _retry(mail, str(failure), clock(), doubts=mail.unknowns + 1)
    except Temporary as failure:
        return _retry(mail, str(failure), clock())
    except Permanent as failure:
        return _give_up(mail, str(failure), clock())
    except Unavailable as failure:
        _record(mail, clock(), leased_until=None, attempts=mail.attempts - 1, last_error=str(failure))
        raise
    now = clock()
    _record(mail, now, "sent", state="sent", finished_at=now, leased_until=None, last_error="", **EMPTIED)
    return "sent"


def _claim(now: datetime) -> OutboxMail | str | None:
    """Lease the oldest due mail, those in bulk last: the mail, or what became of it when it cannot be sent, or None when there is none."""
    with transaction() as session:
        query = select(OutboxMail).where(_due(now), OutboxMail.expires_at > now)
        query = query.order_by(OutboxMail.bulk, OutboxMail.due_at, OutboxMail.id).limit(1)
        if is_postgresql(session):
            query = query.with_for_update(skip_locked=True)
        mail = session.scalar(query.execution_options(populate_existing=True))
        if mail is None:
            return None
        unknown = mail.leased_until is not None  # somebody claimed it and never said how it went
        mail.leased_until, mail.attempts = now + LEASE, mail.attempts + 1
        mail.unknowns += unknown
        session.flush()
        wanted = not suppression.silences(session, mail.message, mail.recipient_fingerprint) and verdict(session, mail, now)
        if isinstance(wanted, timedelta):
            return _put_off(mail, wanted, now)
        if not wanted:
            # Its holder stopped all mail, or what this one is about, while it was queued.
            _record(mail, now, "stopped", state="stopped", finished_at=now, leased_until=None, **EMPTIED)
            return "stopped"
        if mail.unknowns >= DOUBTS:
            return _give_up(mail, GAVE_UP, now, attempts=mail.attempts - 1)
        fault = _prepare(session, mail, now)
        if fault:
            return _retry(mail, fault, now)
        session.flush()
        session.expunge(mail)  # what was read stays readable after the commit
        return mail


def _prepare(session: Session, mail: OutboxMail, now: datetime) -> str:
    """Let the values be filled in; a fault in that, named in the answer, must not undo the claim."""
    try:
        with session.begin_nested():
            prepared(session, mail, now)
    except (Busy, OperationalError, InterfaceError):
        raise  # the database's trouble, not this mail's
    except (PetitionError, SQLAlchemyError, *FAULTS) as error:
        _log_fault(mail, error)
        return f"preparing {type(error).__name__}"
    return ""


def _log_fault(mail: OutboxMail, error: Exception) -> None:
    # Where it happened, not what it said: the words of an exception can hold an address.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("mail %d (%s) is faulty: %s\n%s", mail.id, mail.message, type(error).__name__, where)


def _retry(mail: OutboxMail, why: str, now: datetime, doubts: int | None = None) -> str:
    """Put the mail back with a growing delay, unless it has been sent in doubt too often."""
    if doubts is not None and doubts >= DOUBTS:
        return _give_up(mail, GAVE_UP, now, unknowns=doubts)
    pause = BACKOFF[min(mail.attempts, len(BACKOFF)) - 1] * (1 + JITTER * _chance.random())
    # Never past its term: then it is due for being dropped, and the address must go.
    due_at = min(now + pause, max(mail.expires_at, now))
    unknowns = mail.unknowns if doubts is None else doubts
    _record(mail, now, "delayed" if mail.attempts == 1 else "", due_at=due_at, leased_until=None, last_error=why, unknowns=unknowns)
    return "retried"


def _put_off(mail: OutboxMail, pause: timedelta, now: datetime) -> str:
    """Let a mail wait for what it is about; that takes nothing of the time for which it is tried, nor of its tries."""
    # Not as one that nobody tried: those are looked at within a minute, and count as what the mail server does not take.
    tried = max(mail.attempts - 1, 1)
    _record(mail, now, leased_until=None, due_at=now + pause, expires_at=mail.expires_at + pause, attempts=tried)
    return "put off"


def _give_up(mail: OutboxMail, why: str, now: datetime, **more: Any) -> str:
    _record(mail, now, "failed", state="failed", finished_at=now, leased_until=None, last_error=why, **EMPTIED, **more)
    log.warning("mail %d (%s) failed for good: %s", mail.id, mail.message, why)
    return "failed"


def _record(mail: OutboxMail, now: datetime, outcome: str = "", **values: Any) -> None:
    """Write down what became of a claimed mail, insisting while the database is busy: the mail may be out already.

    An `outcome` is counted with it.
    """
    statement = update(OutboxMail).where(OutboxMail.id == mail.id, OutboxMail.state == "queued")
    if values.get("state") != "sent":
        # Should the lease have run out, another claim holds now and decides; but what was sent stays sent.
        statement = statement.where(OutboxMail.leased_until == mail.leased_until)
    deadline = time.monotonic() + RECORDING
    while True:
        try:
            with transaction() as session:
                done = session.execute(statement.values(**values).execution_options(synchronize_session=False))
                if outcome and done.rowcount:  # type: ignore[attr-defined]
                    tally.count(session, mail.scope, addresses.domain(mail.recipient or ""), outcome, now)
                return
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
