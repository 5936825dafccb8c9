"""Delivers what is due: claims a mail, or a handful of a mailing, sends outside any transaction, and records what became of it."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, update

from petition.config import Config
from petition.db import db, reading, transaction
from petition.outbox import recording, tally
from petition.outbox.claiming import HANDFUL, claim, due
from petition.outbox.models import EMPTIED, OutboxMail
from petition.outbox.rendering import FAULTS, render
from petition.outbox.transport import InDoubt, Permanent, Temporary, Transport, Unavailable, open_transport

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

UNDELIVERED = ("failed", "dropped", "bounced")
START_WITHIN = 3.0  # seconds after a claim in which another of its mails is begun, so that the lease outlasts the slowest server
UNWRITTEN = 1.0  # seconds for which a mail that was taken may wait for others to be written down with it


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
                most = HANDFUL if limit is None else limit - done.total()
                if not _deliver_some(transport, config, clock, most, stop or threading.Event(), done):
                    break  # others have claimed the rest
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


def _is_due(now: datetime) -> bool:
    with reading() as session:
        return session.scalar(select(OutboxMail.id).where(due(now)).limit(1)) is not None


def _drop_expired(now: datetime) -> None:
    """Forget the addresses of mails that would come too late, even while nothing can be sent."""
    expired = and_(due(now), OutboxMail.expires_at <= now)
    with reading() as session:
        if session.scalar(select(OutboxMail.id).where(expired).limit(1)) is None:
            return
    with transaction() as session:
        ids = tally.leaving(session, expired, "dropped", now)
        session.execute(update(OutboxMail).where(OutboxMail.id.in_(ids)).values(
            state="dropped", finished_at=now, leased_until=None, **EMPTIED
        ))  # fmt: skip


class _Taken:
    """The mails that the mail server took and nobody wrote down yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._mails, self._since = clock, list[OutboxMail](), 0.0

    def add(self, mail: OutboxMail) -> None:
        """Keep one, and write all down when the first has waited long."""
        self._since = self._since if self._mails else time.monotonic()
        self._mails.append(mail)
        if time.monotonic() - self._since > UNWRITTEN:
            self.write()

    def write(self) -> None:
        """Write down that they were sent."""
        if self._mails:
            recording.sent(self._mails, self._clock())
            self._mails = []


def _deliver_some(
    transport: Transport, config: Config, clock: Clock, most: int, stop: threading.Event, done: Counter[str],
) -> bool:  # fmt: skip
    """Claim one mail or a handful, send them, record them and count them as done; False when there was none to claim."""
    began = time.monotonic()
    mails, settled = claim(clock(), most)
    done += settled
    taken, waiting = _Taken(clock), deque(mails)
    try:
        while waiting:
            if len(waiting) < len(mails):
                transport.open()
                if stop.is_set() or time.monotonic() - began > START_WITHIN:
                    break
            done[_deliver(transport, config, clock, waiting.popleft(), taken)] += 1
    finally:
        taken.write()
        if waiting:
            recording.release(list(waiting))
    return bool(mails or settled)


def _deliver(transport: Transport, config: Config, clock: Clock, mail: OutboxMail, taken: _Taken) -> str:
    try:
        message = render(mail, config)
    except FAULTS as error:
        recording.log_fault(mail, error)
        return recording.retry(mail, f"rendering {type(error).__name__}", clock())
    try:
        transport.send(message)
    except InDoubt as failure:
        return recording.retry(mail, str(failure), clock(), doubts=mail.unknowns + 1)
    except Temporary as failure:
        return recording.retry(mail, str(failure), clock())
    except Permanent as failure:
        return recording.give_up(mail, str(failure), clock())
    except Unavailable as failure:
        recording.record(mail, clock(), leased_until=None, attempts=mail.attempts - 1, last_error=str(failure))
        raise
    taken.add(mail)
    return "sent"
