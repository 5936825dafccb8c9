"""Where files with names are put together: a private folder of the instance, in one that is known for dead once its process is."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from petition.config import Config

_LOCK = "lock"


def folder(config: Config) -> Path:
    """The folder, made on first use, for its owner's eyes only."""
    found = config.instance / "prepared"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


@contextmanager
def work(where: Path | None) -> Iterator[Path]:
    """An empty folder (0700) inside the one given, or the system's temporary one; it is removed afterwards."""
    made = Path(tempfile.mkdtemp(prefix="work-", dir=where))
    try:
        with (made / _LOCK).open("w") as lock:
            # Whoever holds it lives: it is let go of by the system however the process ends.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def is_left(found: Path) -> bool:
    """Whether no process works in the folder any more."""
    try:
        with (found / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
