"""What a bulk decision over many signatures takes, there and back, on SQLite and PostgreSQL: the figures of docs/moderation.md."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask_migrate import upgrade

from petition import create_app
from petition.accounts import Member
from petition.db import dispose
from petition.letters.models import Letter
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from tests import factories, postgresql
from tests.admin import people
from tests.conftest import settings
from tests.waves import faults, sweep, wave

ROWS = 77_000
WAYS = {"by domain": Criteria(domain="catchall.example"), "by name pattern": Criteria(name="fake person *")}


@contextmanager
def timed(words: str) -> Iterator[None]:
    """Print how long something took, and how much of it this process was at work (the rest is waiting)."""
    began, worked = time.perf_counter(), time.process_time()
    yield
    print(f"{words:40} {time.perf_counter() - began:7.1f} s, {time.process_time() - worked:5.1f} s at work", flush=True)


def measure(url: str, rows: int) -> None:
    """Reject so many signatures in each way, and reverse it."""
    folder = Path(tempfile.mkdtemp())
    app = create_app(settings(folder, url))
    with app.app_context():
        upgrade()
        letter = factories.letter()
        one, two = people.member(), people.member("owner")
        wave(letter, 50, start=rows, mail_domain="honest.example", name="An Honest Person")
        wave(letter, rows)
        for words, criteria in WAYS.items():
            _there_and_back(letter, one, two, words, criteria)
        dispose()
    shutil.rmtree(folder)


def _there_and_back(letter: Letter, one: Member, two: Member, words: str, criteria: Criteria) -> None:
    with timed(f"{words}: preview"):
        bulk.preview(one, letter, criteria)
    found = bulk.prepare(one, letter, criteria, "reject", reason="Fakes.", reason_class="fake", now=factories.now())
    seen = bulk.look(one, found.public_id, factories.now()).matched
    bulk.confirm(one, found.public_id, seen=seen, now=factories.now())
    bulk.second(two, found.public_id, seen=seen, now=factories.now())
    with timed(f"{words}: rejected {seen:,}"):
        sweep(factories.now)
    bulk.reverse(one, found.public_id, now=factories.now())
    with timed(f"{words}: reversed {seen:,}"):
        sweep(factories.now)
    print(*faults() or ["every count equals its rows"], sep="\n")


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(prog="python -m tests.bulk_benchmark", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    print("SQLite")
    measure("", rows)
    print("PostgreSQL")
    server = postgresql.start()
    try:
        server.execute("CREATE DATABASE bench")
        measure(server.url("bench"), rows)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
