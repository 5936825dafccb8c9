"""`petition worker --once` delivers what is due and ends; a running one ends when told to."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.forked import run
from tests.running import environment, started


def test_once_ends_with_zero(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    found = run("worker", "--once", PETITION_MODE="development", PETITION_INSTANCE=str(tmp_path))
    assert found.returncode == 0, found.stderr


def test_a_worker_ends_well_when_told_to(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    with started("worker", environ=environment(tmp_path), cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Delivering mail (stop with Ctrl-C)\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)  # it goes on until it is told
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
