"""The worker: rounds of mail and scheduled jobs, until told to stop; any number of workers may run."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from datetime import datetime
from secrets import SystemRandom

from petition import audit
from petition.config import Config
from petition.deliveries import preparing
from petition.imports import landing
from petition.letters import publishing
from petition.limits import Limiter
from petition.moderation import digests, spikes, sweeping
from petition.outbox.delivery import Counts, deliver_due
from petition.signatures import milestones, reminders, renewal
from petition.updates import feeding, mailing
from petition.upkeep import retention, returned
from petition.upkeep.courier import Courier
from petition.upkeep.guarding import Round
from petition.upkeep.press import Press
from petition.webhooks import delivering

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
        return _run_once(config, clock, stop)
    counts, setbacks, more = Counts(), 0, False
    due, press, courier = dict.fromkeys(EVERY, 0.0), Press(), Courier(config, clock, stop)
    while not stop.is_set():
        turn = Round()
        turn.do(_feed, config, clock, otherwise=0)
        # While a bulk decision is carried out, mail and decision take turns of about the same length.
        counts = turn.do(deliver_due, config, clock=clock, limit=SHARED if more else BATCH, stop=stop, otherwise=Counts())
        more = _in_the_background(turn, config, clock, stop)
        _scheduled(turn, due, config, clock)
        turn.do(_look, press, clock, otherwise=None)
        setbacks = setbacks + 1 if counts.trouble or turn.is_over else 0
        _rest(0.0 if more and not setbacks else _pause(counts, setbacks), config, clock, stop)
    press.end()
    courier.end()
    return counts


def _run_once(config: Config, clock: Callable[[], datetime], stop: threading.Event) -> Counts:
    """Do what is due until nothing is left that could be done now; raises Busy."""
    turn = Round(strict=True)
    turn.do(_begin_mail, config, clock(), otherwise=None)
    counts = deliver_due(config, clock=clock, stop=stop)
    while turn.do(_feed, config, clock, otherwise=0) and not stop.is_set():
        counts = _together(counts, deliver_due(config, clock=clock, stop=stop))
    while _in_the_background(turn, config, clock, stop) or turn.do(renewal.work, config, clock=clock, stop=stop, otherwise=False):
        pass
    for job in EVERY:
        turn.do(job, config, clock(), otherwise=None)
    turn.do(preparing.work, config, clock=clock, stop=stop, otherwise=None)
    while turn.do(delivering.work, config, clock=clock, stop=stop, otherwise=False):  # last, since a receiver may be slow
        pass
    return counts


def _feed(config: Config, clock: Callable[[], datetime]) -> int:
    return feeding.work(config, clock())


def _look(press: Press, clock: Callable[[], datetime]) -> None:
    press.look(clock())


def _in_the_background(
    turn: Round, config: Config, clock: Callable[[], datetime], stop: threading.Event, seconds: float | None = None,
) -> bool:  # fmt: skip
    """Go on with bulk decisions, imports, for so many seconds each; whether there is more to do at once."""
    more = turn.do(sweeping.work, config, clock=clock, stop=stop, seconds=seconds, otherwise=False)
    return turn.do(landing.work, clock=clock, stop=stop, seconds=seconds, otherwise=False) or more


def _rest(seconds: float, config: Config, clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Wait for the next round of mail; what the team confirms meanwhile is carried out at once."""
    until = time.monotonic() + seconds
    while not stop.is_set() and (left := until - time.monotonic()) > 0:
        worked = _in_the_background(Round(), config, clock, stop, left)
        if not worked:
            stop.wait(min(IDLE, left))


def _scheduled(turn: Round, due: dict[Job, float], config: Config, clock: Callable[[], datetime]) -> None:
    """Do what is to be done every so often; what the database had no time for comes again in the next round."""
    for job, at in due.items():
        # The steady clock, since the other one may be set back or forth.
        if time.monotonic() >= at:
            before = turn.busy
            turn.do(_at(job, clock), config, otherwise=None)
            if turn.busy == before:
                due[job] = time.monotonic() + EVERY[job]


def _at(job: Job, clock: Callable[[], datetime]) -> Callable[[Config], object]:
    @functools.wraps(job)
    def done(config: Config) -> object:
        return job(config, clock())

    return done


def _tidy(config: Config, now: datetime) -> None:
    """Forget what has been kept long enough, the counters of past floods included."""
    retention.purge(now)
    limiter = Limiter(config)
    limiter.forget()
    limiter.close()


def _begin_mail(config: Config, now: datetime) -> None:
    """Remind those who did not confirm, and begin the last calls whose time has come."""
    reminders.remind(config, now)
    mailing.call_last(now)


def _together(one: Counts, other: Counts) -> Counts:
    return Counts(one.sent + other.sent, one.retried + other.retried, one.failed + other.failed, other.trouble or one.trouble)


def _seal(_config: Config, now: datetime) -> None:
    audit.seal(now)


def _publish(_config: Config, now: datetime) -> None:
    publishing.publish_due(now)


def _ask_again(config: Config, now: datetime) -> None:
    renewal.work(config, clock=lambda: now)


# What is done every so often, in this order, and the seconds between two times in each worker.
EVERY: dict[Job, float] = {
    _publish: 15.0, spikes.notice: 300.0, milestones.notice: 60.0, digests.send: 300.0, _ask_again: renewal.EVERY, _begin_mail: 60.0,
    returned.work: 60.0, _seal: 30.0, _tidy: 3600.0, preparing.sweep: 60.0,
}  # fmt: skip


def _pause(counts: Counts, setbacks: int) -> float:
    """Seconds until the next round: longer with each setback in a row, none while a backlog is being worked off."""
    if setbacks:
        longest = min(IDLE * 2.0 ** min(setbacks, 10), LONGEST_WAIT)
        return longest * (0.5 + _chance.random() / 2)  # workers that failed together do not return together
    return 0.0 if counts.sent + counts.retried + counts.failed >= BATCH else IDLE
