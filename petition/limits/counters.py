"""Counters in one SQLite file that the processes of a machine share, with the key that lives and dies with them."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import stat
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from limits.storage import SlidingWindowCounterSupport, Storage

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own in it, refused unless it is ours alone)
KEPT = 72 * 3600  # seconds that a key and what was counted under it may live
WAIT = 0.1  # seconds a counter may keep a visitor waiting
TIDY_EVERY, TIDY_AT_MOST = 100, 500  # hits between two tidyings, and rows that each removes at most

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
# `/` is followed by `0`: every key that begins with `start/` stands before `start0`.
_BUSIEST = f"""
SELECT count(*), coalesce(max(weighted), 0) FROM (
    SELECT CAST({_BEFORE} * :fading + {_HITS} AS INTEGER) AS weighted FROM counter WHERE key >= :start AND key < :end
) WHERE weighted > 0
"""  # noqa: S608 (as above)
_TIDY = "DELETE FROM counter WHERE key IN (SELECT key FROM counter WHERE expires < :now LIMIT :most)"


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

    def busiest(self, start: str, seconds: int) -> tuple[int, int]:
        """How many counters begin like this, a name that ends in a slash, and count something; and the highest of them."""
        slot, passed = divmod(time.time() / seconds, 1)
        values = {"slot": int(slot), "fading": 1 - passed, "start": start, "end": start[:-1] + "0"}
        subjects, highest = self._one(_BUSIEST, values) or (0, 0)
        return subjects, highest

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


def generation() -> int:
    """The number of the present 72 hours, the same for every process and node that has the right time."""
    return int(time.time() // KEPT)


def counters(instance: Path, number: int, shared: bool = True) -> Path:
    """The file of this generation, made with a fresh key on first use; processes that race end up with the same."""
    path = _home(instance, shared) / f"{number}.sqlite3"
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


def _home(instance: Path, shared: bool) -> Path:
    """The folder of the counters: memory shared by the processes of this machine, else the instance folder.

    Tests and benchmarks, which switch the limits off, leave nothing outside their instance folder.
    """
    preferred, fallback = homes(instance)
    if shared and os.access(SHARED_MEMORY, os.W_OK):
        with suppress(FileExistsError):
            preferred.mkdir(mode=0o700)
        if ours(preferred):
            return preferred
    fallback.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        fallback.mkdir(mode=0o700)
    if not ours(fallback):
        raise PermissionError(f"{fallback} does not belong to this user alone")
    return fallback


def homes(instance: Path) -> tuple[Path, Path]:
    name = hashlib.sha256(str(instance).encode()).hexdigest()[:12]
    return SHARED_MEMORY / f"petition-{name}", instance / "limits"


def ours(folder: Path) -> bool:
    try:
        found = folder.lstat()  # a link is not followed: it leads where somebody else wants us
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
