"""Counts what networks do against the policies, under a key that all processes share and that dies after 72 hours."""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import sqlite3
import threading
import time
from dataclasses import dataclass

from limits.errors import ConfigurationError, StorageError
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from petition.config import Config
from petition.errors import BadSetting, TooMany
from petition.limits.counters import WAIT, SqliteStorage, counters, generation, homes, ours
from petition.limits.policies import Policy, network_prefix

WARN_EVERY = 60.0  # seconds between two warnings that nothing can be counted

_log = logging.getLogger(__name__)
_FAILURES = (StorageError, sqlite3.DatabaseError, OSError)


def _redis(url: str) -> RedisStorage:
    try:
        return RedisStorage(
            url, key_prefix="petition", wrap_exceptions=True, socket_timeout=WAIT, socket_connect_timeout=WAIT
        )
    except ConfigurationError as error:
        reason = "the rate limits cannot reach Redis without its client; install the `redis` extra or unset it"
        raise BadSetting(name="PETITION_REDIS_URL", reason=reason) from error


@dataclass(frozen=True)
class _Generation:
    """The key and the counters of one span of 72 hours."""

    number: int
    key: bytes
    storage: SqliteStorage | RedisStorage

    def name(self, policy: Policy, prefix: str, about: str = "") -> str:
        """What the counter of a network is called; nobody can tell the network without the key."""
        about = f"\0{about}" if about else ""
        return hmac.new(self.key, f"{policy.name}\0{prefix}{about}".encode(), hashlib.sha256).hexdigest()


class Limiter:
    """Counts what networks do against the policies; safe to share between threads, opened on first use."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._current: _Generation | None = None
        self._warned = -math.inf
        self._redis = _redis(config.redis_url) if config.limits and config.redis_url else None

    def spend(self, policy: Policy, address: str, about: str = "") -> None:
        """Count one hit of the address's network, at one thing if named; raises TooMany, uncounted, when it is spent."""
        self._ask(policy, address, counting=True, about=about)

    def check(self, policy: Policy, address: str) -> None:
        """Look without counting; raises TooMany when the policy is spent."""
        self._ask(policy, address, counting=False)

    def forget(self) -> None:
        """Throw away the keys and counters of other spans of 72 hours; a scheduled job does it where nobody visits."""
        # The next span stays as well: a process whose clock was read just before the border must not remove what
        # another has begun just after it.
        stay = {str(generation()), str(generation() + 1)}
        for folder in filter(ours, homes(self._config.instance)):
            for path in folder.iterdir():
                if path.name.partition(".")[0] not in stay:
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the file or the connections of the counters back; the next use opens them again."""
        with self._lock:
            old, self._current = self._current, None
        _close(old)
        if self._redis is not None:
            self._redis.storage.close()

    def _ask(self, policy: Policy, address: str, *, counting: bool, about: str = "") -> None:
        rate, prefix = policy.rate, network_prefix(address)
        if not self._config.limits:
            return
        try:
            generation = self._generation()
            strategy = SlidingWindowCounterRateLimiter(generation.storage)
            name = generation.name(policy, prefix, about)
            if strategy.hit(rate, name) if counting else strategy.test(rate, name):
                return
            wait = strategy.get_window_stats(rate, name).reset_time - time.time()
        except _FAILURES as error:
            # Uncounted rather than refused: otherwise filling a disk or stopping Redis would be the cheapest way to
            # silence a letter. What protects mailboxes, the mail caps, stands in the database and still holds.
            self._warn(error)
            return
        raise TooMany(retry_after=max(0, math.floor(wait)) + 1)  # never a fraction of a second too early

    def _generation(self) -> _Generation:
        number = generation()
        with self._lock:
            if self._current is not None and self._current.number == number:
                return self._current
            old, self._current = self._current, self._begin(number)
            present = self._current
        # A thread still counting in the old span finds its file closed; its hit passes uncounted, once in 72 hours.
        _close(old)
        self.forget()
        return present

    def _begin(self, number: int) -> _Generation:
        if self._redis is not None:
            # Nodes share no folder, so the key follows from what they do share.
            key = hmac.new(self._config.secret_key.encode(), f"limits{number}".encode(), hashlib.sha256).digest()
            return _Generation(number, key, self._redis)
        storage = SqliteStorage(f"sqlite://{counters(self._config.instance, number)}", wrap_exceptions=True)
        try:
            return _Generation(number, storage.secret, storage)
        except sqlite3.DatabaseError:
            storage.close()
            raise

    def _warn(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned >= WARN_EVERY:
            self._warned = now
            # No address, prefix or key is in the message: the storages name only themselves and their file or server.
            _log.warning("rate limits cannot be counted, requests pass without: %s: %s", type(error).__name__, error)


def _close(generation: _Generation | None) -> None:
    if generation is not None and isinstance(generation.storage, SqliteStorage):
        generation.storage.close()
