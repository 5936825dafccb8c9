"""Where prepared files lie until they are fetched: a private folder of the instance, under names that nobody can guess."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from petition.config import Config

KEPT = timedelta(hours=24)


def folder(config: Config) -> Path:
    """The folder, made on first use, for its owner's eyes only."""
    found = config.instance / "prepared"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def place(config: Config, public_id: str) -> Path:
    """The file of a prepared one."""
    return folder(config) / public_id


def drop(config: Config, public_id: str) -> None:
    """Delete the file, if it is there."""
    place(config, public_id).unlink(missing_ok=True)


def sweep(config: Config, now: datetime, known: set[str]) -> int:
    """Delete what no row knows any more, and what a worker that was killed left behind; how many."""
    old = (now - KEPT).timestamp()
    strays = [each for each in folder(config).iterdir() if each.name not in known and (each.is_file() or each.stat().st_mtime < old)]
    for each in strays:
        if each.is_dir():
            for inside in each.rglob("*"):
                inside.unlink(missing_ok=True)
            each.rmdir()
        else:
            each.unlink(missing_ok=True)
    return len(strays)
