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
from petition.deliveries import preparing
from petition.errors import Busy
from petition.limits import Limiter
from petition.moderation import spikes, sweeping
from petition.outbox.delivery import Counts, deliver_due
from petition.upkeep import retention
from petition.upkeep.press import Press

log = logging.getLogger(__name__)

BATCH = 100  # mails a round, so that scheduled jobs get their turn
IDLE = 1.0  # seconds between rounds with nothing to do
LONGEST_WAIT = 60.0  # seconds between tries of a mail server or database that cannot be used
SHARED = 20  # mails a round while a bulk decision is carried out

_chance = SystemRandom()

Job = Callable[[Config, datetime], object]


def run(config: Config, *, once: bool, clock: Callable[[], datetime], stop: threading.Event) -> Counts:
    """Do what is due, again and again until `stop`, or once: what the last round of mail did.

    Inside an application context. Raises Busy only with `once`; otherwise a busy database is waited for.
    """
    if once:
        counts = deliver_due(config, clock=clock, stop=stop)
        spikes.notice(config, clock())
        while sweeping.work(config, clock=clock, stop=stop):
            pass
        preparing.work(config, clock=clock, stop=stop)
        audit.seal(clock())
        _tidy(config, clock())
        return counts
    counts, setbacks, more = Counts(), 0, False
    due, press = dict.fromkeys(EVERY, 0.0), Press()
    while not stop.is_set():
        try:
            # While a bulk decision is carried out, mail and decision take turns of about the same length.
            counts = deliver_due(config, clock=clock, limit=SHARED if more else BATCH, stop=stop)
            more = sweeping.work(config, clock=clock, stop=stop)
            _scheduled(due, config, clock)
            press.look(clock())
        except Busy:
            log.warning("the database is busy or away; nothing is lost, the worker tries again")
            setbacks += 1
        else:
            setbacks = setbacks + 1 if counts.trouble else 0
        _rest(0.0 if more and not setbacks else _pause(counts, setbacks), config, clock, stop)
    press.end()
    return counts


def _rest(seconds: float, config: Config, clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Wait for the next round of mail; what the team confirms meanwhile is carried out at once."""
    until = time.monotonic() + seconds
    while not stop.is_set() and (left := until - time.monotonic()) > 0:
        try:
            worked = sweeping.work(config, clock=clock, stop=stop, seconds=left)
        except Busy:
            worked = False
        if not worked:
            stop.wait(min(IDLE, left))


def _scheduled(due: dict[Job, float], config: Config, clock: Callable[[], datetime]) -> None:
    """Do what is to be done every so often."""
    for job, at in due.items():
        # The steady clock, since the other one may be set back or forth.
        if time.monotonic() >= at:
            job(config, clock())
            due[job] = time.monotonic() + EVERY[job]


def _tidy(config: Config, now: datetime) -> None:
    """Forget what has been kept long enough, the counters of past floods included."""
    retention.purge(now)
    preparing.sweep(config, now)
    limiter = Limiter(config)
    limiter.forget()
    limiter.close()


def _seal(_config: Config, now: datetime) -> None:
    audit.seal(now)


EVERY: dict[Job, float] = {_tidy: 3600.0, spikes.notice: 300.0, _seal: 30.0}  # seconds between two times, in each worker


def _pause(counts: Counts, setbacks: int) -> float:
    """Seconds until the next round: longer with each setback in a row, none while a backlog is being worked off."""
    if setbacks:
        longest = min(IDLE * 2.0 ** min(setbacks, 10), LONGEST_WAIT)
        return longest * (0.5 + _chance.random() / 2)  # workers that failed together do not return together
    return 0.0 if counts.sent + counts.retried + counts.failed >= BATCH else IDLE
