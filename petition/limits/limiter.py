"""Counts what comes in against the policies, under a key that all processes share and that dies after 72 hours."""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from limits.errors import StorageError

from petition.config import Config
from petition.errors import Busy, TooMany
from petition.limits import nodes
from petition.limits.counters import SqliteStorage, counters, generation, homes, ours
from petition.limits.nodes import NodeStorage
from petition.limits.policies import POLICIES, Policy, Rate, network_prefix

WARN_EVERY = 60.0  # seconds between two warnings that nothing can be counted
READ_EVERY = 5.0  # seconds between two looks at what the team changed
ASK_EVERY = 60.0  # seconds between two looks at the key that the nodes share
UNLIMITED = 10**9

_log = logging.getLogger(__name__)
_FAILURES = (StorageError, sqlite3.DatabaseError, OSError)


@dataclass(frozen=True)
class Use:
    """How much of a policy is used now: how many are counted, the busiest one's share, and how many were refused."""

    policy: Policy
    rate: Rate
    subjects: int
    busiest: int
    refused: int


@dataclass(frozen=True)
class _Generation:
    """The key and the counters of one span of 72 hours."""

    number: int
    key: bytes
    storage: SqliteStorage | NodeStorage
    asked_at: float

    def digest(self, purpose: str, subject: str) -> str:
        """A subject's keyed hash; nobody can tell the subject without the key."""
        return hmac.new(self.key, f"{purpose}\0{subject}".encode(), hashlib.sha256).hexdigest()

    def name(self, policy: Policy, rate: Rate, subject: str) -> str:
        """What a subject's counter is called; a changed period begins a new one, a changed count does not."""
        return f"{policy.name}/{rate.seconds}/{self.digest(policy.name, subject)}"


class Limiter:
    """Counts against the policies; safe to share between threads, opened on first use.

    `changed` tells the rates that differ from the defaults. Switched off, everything is still counted, so that bursts
    are noted, and nothing is refused.
    """

    def __init__(self, config: Config, changed: Callable[[], Mapping[str, Rate]] = dict) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._current: _Generation | None = None
        self._warned = -math.inf
        self._redis = nodes.connect(config) if config.redis_url else None
        self._changed = changed
        self._rates: dict[str, Rate] = {}
        self._read_at = -math.inf

    def spend(self, policy: Policy, subject: str, of: str = "") -> bool:
        """Count one hit of the subject, at one thing alone where `of` names it; whether that can be relied on.

        Raises TooMany, uncounted, when the policy is spent.
        """
        seconds = self._ask(policy, subject, of, counting=True)
        self._refuse(seconds or 0)
        return seconds is not None and self._config.limits

    def check(self, policy: Policy, subject: str) -> None:
        """Look without counting; raises TooMany when the policy is spent."""
        self._refuse(self._ask(policy, subject, counting=False) or 0)

    def count(self, policy: Policy, subject: str) -> int:
        """Count one hit and return 0, or, when the policy is spent, the seconds until one is free again."""
        return self._ask(policy, subject, counting=True) or 0

    def load(self, policy: Policy, subject: str, amount: int = 1) -> float:
        """Count hits whatever the policy says, and return how many times its count they make; with 0 only look."""
        rate, subject = self.rate(policy), policy.subject(subject)
        try:
            present = self._generation()
            name = present.name(policy, rate, subject)
            if amount:
                present.storage.acquire_sliding_window_entry(name, UNLIMITED, rate.seconds, amount)
            before, fading, hits, _ = present.storage.get_sliding_window(name, rate.seconds)
            share = (before * fading / rate.seconds + hits) / rate.count
            if amount and share > 1:
                self._note_refusal(present, policy, rate)
        except _FAILURES as error:
            self._warn(error)
            return 0.0
        return share

    def network_hash(self, address: str) -> str | None:
        """The keyed hash of an address's network, the same at every node until the key dies; None without a key."""
        try:
            return self._generation().digest("network", network_prefix(address))
        except _FAILURES as error:
            self._warn(error)
            return None

    def rate(self, policy: Policy) -> Rate:
        """The policy's rate as it stands, re-read every few seconds; without the database as it stood last."""
        now = time.monotonic()
        if now - self._read_at >= READ_EVERY:
            self._read_at = now  # first, so that only one thread waits for a slow database
            try:
                self._rates = dict(self._changed())
            except Busy:
                _log.warning("the limits could not be read again; those read last stay in force")
        return self._rates.get(policy.name, policy.default)

    def usage(self) -> list[Use]:
        """How much of each policy is used at this moment; nothing, where nothing can be counted."""
        try:
            return [self._use(self._generation(), policy) for policy in POLICIES]
        except _FAILURES as error:
            self._warn(error)
            return []

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

    def _refuse(self, seconds: int) -> None:
        if seconds and self._config.limits:
            raise TooMany(retry_after=seconds)

    def _ask(self, policy: Policy, subject: str, of: str = "", *, counting: bool) -> int | None:
        """Seconds until a hit is free, 0 when one was counted (or would be), None when nothing can be counted."""
        rate, subject = self.rate(policy), policy.subject(subject) + (f"\0{of}" if of else "")
        try:
            present = self._generation()
            name = present.name(policy, rate, subject)
            if counting and present.storage.acquire_sliding_window_entry(name, rate.count, rate.seconds):
                return 0
            seconds = _until_free(rate, *present.storage.get_sliding_window(name, rate.seconds))
            if counting:
                self._note_refusal(present, policy, rate)
            return max(1, seconds) if counting else seconds
        except _FAILURES as error:
            # Uncounted rather than refused: otherwise filling a disk or stopping Redis would be the cheapest way to
            # silence a letter. What protects mailboxes, the mail caps, stands in the database and still holds.
            self._warn(error)
            return None

    def _note_refusal(self, present: _Generation, policy: Policy, rate: Rate) -> None:
        present.storage.acquire_sliding_window_entry(_refusals(policy, rate), UNLIMITED, rate.seconds)

    def _use(self, present: _Generation, policy: Policy) -> Use:
        rate = self.rate(policy)
        subjects, busiest = present.storage.busiest(f"{policy.name}/{rate.seconds}/", rate.seconds)
        _, _, refused, _ = present.storage.get_sliding_window(_refusals(policy, rate), rate.seconds)
        return Use(policy, rate, subjects, busiest, refused)

    def _generation(self) -> _Generation:
        number, now = generation(), time.monotonic()
        with self._lock:
            present = self._current
            if present is not None and present.number == number and (self._redis is None or now - present.asked_at < ASK_EVERY):
                return present
            old, self._current = present, self._begin(number, present)
            present = self._current
        # A thread still counting in the old span finds its file closed; its hit passes uncounted, once in 72 hours.
        _close(old)
        self.forget()
        return present

    def _begin(self, number: int, old: _Generation | None) -> _Generation:
        now = time.monotonic()
        if self._redis is not None:
            # A Redis that was emptied gets the key back from whoever still has it.
            own = old.key if old is not None and old.number == number else secrets.token_bytes(32)
            return _Generation(number, self._redis.key_of(number, own), self._redis, now)
        storage = SqliteStorage(
            f"sqlite://{counters(self._config.instance, number, shared=self._config.limits)}", wrap_exceptions=True
        )
        try:
            return _Generation(number, storage.secret, storage, now)
        except sqlite3.DatabaseError:
            storage.close()
            raise

    def _warn(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned >= WARN_EVERY:
            self._warned = now
            # No address, prefix or key is in the message: the storages name only themselves and their file or server.
            _log.warning("rate limits cannot be counted, requests pass without: %s: %s", type(error).__name__, error)


def _refusals(policy: Policy, rate: Rate) -> str:
    return f"refused/{policy.name}/{rate.seconds}"


def _until_free(rate: Rate, before: int, fading: float, hits: int, left: float) -> int:
    """Whole seconds, never too few, until one more hit is allowed; 0 when it is now.

    `before` counts for `fading` seconds more, `hits` for `left` seconds, of which the last `rate.seconds` they fade too.
    """
    if int(before * fading / rate.seconds) + hits < rate.count:
        return 0
    if hits < rate.count:
        seconds = fading - (rate.count - hits) * rate.seconds / before
    else:
        seconds = max(0.0, left - rate.seconds) + rate.seconds * (1 - rate.count / hits)
    return max(0, math.floor(seconds)) + 1


def _close(generation: _Generation | None) -> None:
    if generation is not None and isinstance(generation.storage, SqliteStorage):
        generation.storage.close()
