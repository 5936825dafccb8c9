"""The measurements of docs/performance.md: what pages cost at few and at many signatures, as ratios of one run."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from petition import create_app
from petition.db import dispose
from petition.letters import operations
from petition.upkeep import sample
from tests.conftest import settings
from tests.factories import ANA, SIGN, last_token, letter, now

FEW, MANY, ROUNDS = 1_000, 50_000, 60
PAGES = ("/letters/open-the-road", "/letters/open-the-road/signatories", "/api/v1/letters/open-the-road/count")


def milliseconds(work: Callable[[], object]) -> float:
    """The median of ROUNDS calls."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def filled(folder: Path, signatories: int) -> Flask:
    """An application whose letter has so many signatories."""
    app = create_app(settings(folder))
    with app.app_context():
        upgrade()
        letter()
        sample.sign(operations.find("open-the-road"), signatories, now=now(), config=app.config["PETITION"], progress=lambda _: None)
        dispose()
    return app


def measure(app: Flask) -> dict[str, float]:
    """Milliseconds of each page, of a signing post and of a confirmation."""
    client = app.test_client()
    found = {page: milliseconds(lambda page=page: client.get(page)) for page in PAGES}  # type: ignore[misc]
    numbers = iter(range(10_000))
    found["sign"] = milliseconds(lambda: client.post(SIGN, data=ANA | {"email": f"bench{next(numbers)}@example.org"}))
    with app.app_context():
        tokens = []
        for number in range(ROUNDS):
            client.post(SIGN, data=ANA | {"email": f"confirm{number}@example.org", "name": f"Bench {number}"})
            tokens.append(last_token())
        dispose()
    found["confirm"] = milliseconds(lambda: client.post(f"/signature/{tokens.pop()}", data={"action": "confirm"}))
    return found


def main() -> None:
    """Print one line a measurement: at few, at many, and their ratio."""
    folder = Path(tempfile.mkdtemp())
    try:
        few, many = (measure(filled(folder / str(number), number)) for number in (FEW, MANY))
    finally:
        shutil.rmtree(folder)
    print(f"{'median ms':45} {FEW:>8,} {MANY:>8,}   ratio")
    for name, cost in few.items():
        print(f"{name:45} {cost:8.2f} {many[name]:8.2f} {many[name] / cost:7.2f}")


if __name__ == "__main__":
    main()
