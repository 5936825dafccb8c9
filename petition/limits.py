"""Limits on what one network may do within a time: named policies, counted under keys that die after 72 hours."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import math
import os
import secrets
import sqlite3
import stat
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.errors import ConfigurationError, StorageError
from limits.storage import RedisStorage, SlidingWindowCounterSupport, Storage
from limits.strategies import SlidingWindowCounterRateLimiter

from petition.config import Config
from petition.errors import BadSetting, TooMany

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own in it, refused unless it is ours alone)
KEPT = 72 * 3600  # seconds that a key and what was counted under it may live
WAIT = 0.1  # seconds a counter may keep a visitor waiting
WARN_EVERY = 60.0  # seconds between two warnings that nothing can be counted
TIDY_EVERY, TIDY_AT_MOST = 100, 500  # hits between two tidyings, and rows that each removes at most

_log = logging.getLogger(__name__)
_FAILURES = (StorageError, sqlite3.DatabaseError, OSError)

_TABLES = """
CREATE TABLE secret (key BLOB NOT NULL);
CREATE TABLE counter (
    key TEXT PRIMARY KEY, slot INTEGER NOT NULL, hits INTEGER NOT NULL, before INTEGER NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX counter_expires ON counter (expires);
"""
# `slot` numbers the window that `hits` counts; `before` is the count of the window before it. A process that read the
# clock just before a window ended may write just after another one began the next: it counts into the newer window.
_HITS = "CASE WHEN :slot - slot IN (0, -1) THEN hits ELSE 0 END"
_BEFORE = "CASE :slot - slot WHEN 0 THEN before WHEN -1 THEN before WHEN 1 THEN hits ELSE 0 END"
_SPEND = f"""
INSERT INTO counter (key, slot, hits, before, expires) VALUES (:key, :slot, :amount, 0, :expires)
ON CONFLICT (key) DO UPDATE SET
    hits = {_HITS} + :amount, before = {_BEFORE}, expires = :expires,
    slot = CASE :slot - slot WHEN -1 THEN slot ELSE :slot END
WHERE CAST({_BEFORE} * :fading + {_HITS} AS INTEGER) + :amount <= :limit
RETURNING hits
"""  # noqa: S608 (put together from the constants above)
_LOOK = f"SELECT {_BEFORE}, {_HITS} FROM counter WHERE key = :key"  # noqa: S608 (as above)
_TIDY = "DELETE FROM counter WHERE key IN (SELECT key FROM counter WHERE expires < :now LIMIT :most)"


@dataclass(frozen=True)
class Policy:
    """One limit: its name, the sentence that explains it, and the rate that it allows."""

    name: str
    sentence: str
    rate: RateLimitItem


SIGN_BURST = Policy("sign_burst", "20 signing posts a minute from one network", RateLimitItemPerMinute(20))
SIGN_SUSTAINED = Policy("sign_sustained", "300 signing posts an hour from one network", RateLimitItemPerHour(300))
LINK_GUESSES = Policy("link_guesses", "30 unknown links a minute from one network", RateLimitItemPerMinute(30))
FIND = Policy("find", "10 lost-link requests an hour from one network", RateLimitItemPerHour(10))
LOGIN = Policy("login", "20 log-in attempts in 5 minutes from one network", RateLimitItemPerMinute(20, 5))
POLICIES = (SIGN_BURST, SIGN_SUSTAINED, LINK_GUESSES, FIND, LOGIN)


def network_prefix(address: str) -> str:
    """The network that an address counts for: /24 of IPv4, /48 of IPv6, `unknown` for what is no address."""
    if not isinstance(address, str):
        raise TypeError("an address is text")  # ipaddress would read a number as an address
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(found), 48), strict=False))
        found = found.ipv4_mapped
    return str(ipaddress.IPv4Network((int(found), 24), strict=False))


class SqliteStorage(Storage, SlidingWindowCounterSupport):
    """Counters of the `limits` library in one SQLite file that the processes of a machine share."""

    STORAGE_SCHEME = ["sqlite"]  # noqa: RUF012 (the library's own form)

    def __init__(self, uri: str, wrap_exceptions: bool = False) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._turn = threading.Lock()
        self._hits = 0
        self._connection = _connect(Path(uri.removeprefix("sqlite://")))

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library takes for a failure of the storage."""
        return sqlite3.DatabaseError

    @property
    def secret(self) -> bytes:
        """The key that lives and dies with these counters."""
        row = self._one("SELECT key FROM secret", {})
        if row is None:
            raise sqlite3.DatabaseError("the file of the counters holds no key")
        return bytes(row[0])

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` hits unless they would exceed the limit, in one statement so that no race lets one through."""
        if amount > limit:
            return False
        slot, passed = divmod(time.time() / expiry, 1)
        values = {"key": key, "slot": int(slot), "amount": amount, "limit": limit, "fading": 1 - passed}
        granted = self._one(_SPEND, {**values, "expires": (slot + 2) * expiry}) is not None
        self._hits += 1
        if self._hits % TIDY_EVERY == 0:
            self.tidy()
        return granted

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Hits of the window before and the seconds it still counts, hits of this window and the seconds it counts."""
        slot, passed = divmod(time.time() / expiry, 1)
        left = (1 - passed) * expiry
        before, hits = self._one(_LOOK, {"key": key, "slot": int(slot)}) or (0, 0)
        return before, left if before else 0.0, hits, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget what was counted under this key."""
        self.clear(key)

    def tidy(self) -> None:
        """Remove some counters that count no more: always more than can have come since the last time."""
        self._one(_TIDY, {"now": time.time(), "most": TIDY_AT_MOST})

    def clear(self, key: str) -> None:
        """Forget what was counted under this key."""
        self._one("DELETE FROM counter WHERE key = :key", {"key": key})

    def reset(self) -> int | None:
        """Forget everything that was counted."""
        self._one("DELETE FROM counter", {})
        return None

    def check(self) -> bool:
        """Whether the counters can be read; raises StorageError or sqlite3.DatabaseError when not."""
        return self._one("SELECT 1 FROM secret", {}) is not None

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Refused: the fixed window, which lets twice the rate through around its border, is not kept here."""
        raise NotImplementedError("only the sliding window is kept in SQLite")

    def get(self, key: str) -> int:
        """Refused, as `incr`."""
        raise NotImplementedError("only the sliding window is kept in SQLite")

    def get_expiry(self, key: str) -> float:
        """Refused, as `incr`."""
        raise NotImplementedError("only the sliding window is kept in SQLite")

    def close(self) -> None:
        """Give the file back."""
        with self._turn:
            self._connection.close()

    def _one(self, statement: str, values: dict[str, object]) -> tuple[int, ...] | None:
        # Threads wait no longer for each other than processes do, or a stuck file would line them all up.
        if not self._turn.acquire(timeout=WAIT):
            raise sqlite3.OperationalError("the counters are busy")
        try:
            rows: list[tuple[int, ...]] = self._connection.execute(statement, values).fetchall()
        finally:
            self._turn.release()
        return rows[0] if rows else None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    # NORMAL costs nothing on tmpfs and, on a disk, one flush in a thousand writes; with OFF a power cut could leave a
    # damaged file there, and nothing would be counted until it is 72 hours old.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _generation() -> int:
    """The number of the present 72 hours, the same for every process and node that has the right time."""
    return int(time.time() // KEPT)


def _counters(instance: Path, number: int) -> Path:
    """The file of this generation, made with a fresh key on first use; processes that race end up with the same."""
    path = _home(instance) / f"{number}.sqlite3"
    if not path.exists():
        fresh = path.with_name(f"{number}.{secrets.token_hex(8)}")
        try:
            with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(_TABLES)
                connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
            with suppress(FileExistsError):
                path.hardlink_to(fresh)  # whole or not at all, and never over a file that is there
        finally:
            fresh.unlink(missing_ok=True)
    return path


def _home(instance: Path) -> Path:
    """The folder of the counters: memory shared by the processes of this machine, else the instance folder."""
    preferred, fallback = _homes(instance)
    if os.access(SHARED_MEMORY, os.W_OK):
        with suppress(FileExistsError):
            preferred.mkdir(mode=0o700)
        if _ours(preferred):
            return preferred
    fallback.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        fallback.mkdir(mode=0o700)
    if not _ours(fallback):
        raise PermissionError(f"{fallback} does not belong to this user alone")
    return fallback


def _homes(instance: Path) -> tuple[Path, Path]:
    name = hashlib.sha256(str(instance).encode()).hexdigest()[:12]
    return SHARED_MEMORY / f"petition-{name}", instance / "limits"


def _ours(folder: Path) -> bool:
    try:
        found = folder.lstat()  # a link is not followed: it leads where somebody else wants us
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


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

    def name(self, policy: Policy, prefix: str) -> str:
        """What the counter of a network is called; nobody can tell the network without the key."""
        return hmac.new(self.key, f"{policy.name}\0{prefix}".encode(), hashlib.sha256).hexdigest()


class Limiter:
    """Counts what networks do against the policies; safe to share between threads, opened on first use."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._current: _Generation | None = None
        self._warned = -math.inf
        self._redis = _redis(config.redis_url) if config.limits and config.redis_url else None

    def spend(self, policy: Policy, address: str) -> None:
        """Count one hit of the address's network; raises TooMany, uncounted, when the policy is spent."""
        self._ask(policy, address, counting=True)

    def check(self, policy: Policy, address: str) -> None:
        """Look without counting; raises TooMany when the policy is spent."""
        self._ask(policy, address, counting=False)

    def forget(self) -> None:
        """Throw away the keys and counters of other spans of 72 hours; a scheduled job does it where nobody visits."""
        # The next span stays as well: a process whose clock was read just before the border must not remove what
        # another has begun just after it.
        stay = {str(_generation()), str(_generation() + 1)}
        for folder in filter(_ours, _homes(self._config.instance)):
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

    def _ask(self, policy: Policy, address: str, *, counting: bool) -> None:
        rate, prefix = policy.rate, network_prefix(address)
        if not self._config.limits:
            return
        try:
            generation = self._generation()
            strategy = SlidingWindowCounterRateLimiter(generation.storage)
            name = generation.name(policy, prefix)
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
        number = _generation()
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
        storage = SqliteStorage(f"sqlite://{_counters(self._config.instance, number)}", wrap_exceptions=True)
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
