"""An application whose limits are on and change at once, at a moment that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from petition import challenge, create_app
from petition.db import dispose
from petition.limits import counters
from petition.limits import limiter as limiter_module
from tests.conftest import _Checking, settings
from tests.factories import letter
from tests.public.door import NOON


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def guarded(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller, request: pytest.FixtureRequest
) -> Iterator[Flask]:
    """On SQLite, or with `indirect` parameters on the database that `database_url` gives."""
    import shutil

    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(limiter_module, "READ_EVERY", 0.0)
    monkeypatch.setattr(challenge, "TRIES", 100)
    options = dict(getattr(request, "param", {}))
    if "url" not in options:
        shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    app = create_app(settings(tmp_path, **({"limits": "on"} | options)))
    app.testing = True
    app.test_client_class = _Checking
    with app.app_context():
        letter()
        yield app
        app.extensions["limiter"].close()
        dispose()
