"""Delivers webhooks in threads of their own, so that no mail waits for a receiver that is slow to answer."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from petition.config import Config
from petition.db import db, for_another_thread
from petition.errors import Busy
from petition.webhooks import delivering

log = logging.getLogger(__name__)

THREADS = 2  # in each worker, so that one slow receiver keeps nobody else waiting either
IDLE = 1.0  # seconds between looks with nothing to send
SETBACK = 10.0  # seconds after a fault, or while the database cannot be used
NAME = "webhooks"


class Courier:
    """Goes about while a worker runs; what it holds when it is told to stop is sent by another one later."""

    def __init__(self, config: Config, clock: Callable[[], datetime], stop: threading.Event) -> None:
        given = (for_another_thread(), config, clock, stop)
        # Daemons: a receiver may let us wait for ten seconds, for which no worker stays.
        self._threads = [threading.Thread(target=_go, args=given, name=NAME, daemon=True) for _ in range(THREADS)]
        for each in self._threads:
            each.start()

    def end(self, patience: float = 1.0) -> None:
        """Wait a moment for what is being sent, once told to stop."""
        until = time.monotonic() + patience
        for each in self._threads:
            each.join(max(until - time.monotonic(), 0))


def _go(
    context: Callable[[], AbstractContextManager[Any]], config: Config, clock: Callable[[], datetime], stop: threading.Event,
) -> None:  # fmt: skip
    with context():
        while not stop.is_set():
            stop.wait(_round(config, clock, stop))


def _round(config: Config, clock: Callable[[], datetime], stop: threading.Event) -> float:
    """Send what is due: the seconds until the next look."""
    try:
        return 0.0 if delivering.work(config, clock=clock, stop=stop) else IDLE
    except Busy:
        return SETBACK
    except Exception as error:  # noqa: BLE001 (whatever it is, other messages go on)
        db.session.rollback()
        # Where it happened, not what it said: the words of an exception can hold a name.
        where = "".join(traceback.format_tb(error.__traceback__, limit=-20))
        log.error("a message to a webhook failed and is tried again later: %s\n%s", type(error).__name__, where)
        return SETBACK
