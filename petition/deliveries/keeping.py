"""Where prepared files lie until they are fetched: a private folder of the instance, under names that nobody can guess."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from petition.config import Config
from petition.exports import workplace

KEPT = timedelta(hours=24)
_BEGINNING = timedelta(minutes=1)  # before a folder can be known to be left


def place(config: Config, public_id: str) -> Path:
    """The file of a prepared one."""
    return workplace.folder(config) / public_id


def drop(config: Config, public_id: str) -> None:
    """Delete the file, if it is there."""
    place(config, public_id).unlink(missing_ok=True)


def sweep(config: Config, now: datetime, known: set[str]) -> int:
    """Delete what no row knows any more, and what a process that was killed left behind; how many."""
    begun = (now - _BEGINNING).timestamp()
    swept = 0
    for each in workplace.folder(config).iterdir():
        if each.is_dir() and each.stat().st_mtime < begun and workplace.is_left(each):
            shutil.rmtree(each, ignore_errors=True)
            swept += 1
        elif each.is_file() and each.name not in known:
            each.unlink(missing_ok=True)
            swept += 1
    return swept
