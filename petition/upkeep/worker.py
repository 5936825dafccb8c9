"""The worker: rounds of mail and scheduled jobs, until told to stop; any number of workers may run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from secrets import SystemRandom

from petition import audit
from petition.config import Config
from petition.errors import Busy
from petition.limits import Limiter
from petition.outbox.delivery import Counts, deliver_due
from petition.upkeep import retention

log = logging.getLogger(__name__)

BATCH = 100  # mails a round, so that scheduled jobs get their turn
IDLE = 1.0  # seconds between rounds with nothing to do
LONGEST_WAIT = 60.0  # seconds between tries of a mail server or database that cannot be used
PURGE_EVERY = 3600.0  # seconds
SEAL_EVERY = 30.0  # seconds

_chance = SystemRandom()


def run(config: Config, *, once: bool, clock: Callable[[], datetime], stop: threading.Event) -> Counts:
    """Do what is due, again and again until `stop`, or once: what the last round of mail did.

    Inside an application context. Raises Busy only with `once`; otherwise a busy database is waited for.
    """
    if once:
        counts = deliver_due(config, clock=clock, stop=stop)
        audit.seal(clock())
        _tidy(config, clock())
        return counts
    counts, setbacks, purge_at = Counts(), 0, time.monotonic()
    seal_at = purge_at
    while not stop.is_set():
        try:
            counts = deliver_due(config, clock=clock, limit=BATCH, stop=stop)
            # The steady clock, since the other one may be set back or forth.
            if time.monotonic() >= seal_at:
                audit.seal(clock())
                seal_at = time.monotonic() + SEAL_EVERY
            if time.monotonic() >= purge_at:
                _tidy(config, clock())
                purge_at = time.monotonic() + PURGE_EVERY
        except Busy:
            log.warning("the database is busy or away; nothing is lost, the worker tries again")
            setbacks += 1
        else:
            setbacks = setbacks + 1 if counts.trouble else 0
        stop.wait(_pause(counts, setbacks))
    return counts


def _tidy(config: Config, now: datetime) -> None:
    """Forget what has been kept long enough, the counters of past floods included."""
    retention.purge(now)
    limiter = Limiter(config)
    limiter.forget()
    limiter.close()


def _pause(counts: Counts, setbacks: int) -> float:
    """Seconds until the next round: longer with each setback in a row, none while a backlog is being worked off."""
    if setbacks:
        longest = min(IDLE * 2.0 ** min(setbacks, 10), LONGEST_WAIT)
        return longest * (0.5 + _chance.random() / 2)  # workers that failed together do not return together
    return 0.0 if counts.sent + counts.retried + counts.failed >= BATCH else IDLE
