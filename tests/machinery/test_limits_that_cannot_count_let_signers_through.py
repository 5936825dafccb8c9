"""A limiter whose counters fail says so to the operator and stands in nobody's way."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import time_machine

from petition import config, limits
from petition.config import Config
from petition.errors import TooMany
from petition.limits import FIND, Limiter, counters
from petition.limits import limiter as limiter_module

ADDRESS = "203.0.113.7"
MOMENT = limits.KEPT * 6000 + 12.5 * 3600
FULL_DISK = """
import logging, resource, sys
from pathlib import Path
import time_machine
from petition import config, limits
from petition.errors import TooMany
from petition.limits import counters
logging.basicConfig(format="%(levelname)s %(message)s")
counters.SHARED_MEMORY = Path(sys.argv[1])
time_machine.travel(limits.KEPT * 6000 + 12.5 * 3600, tick=False).start()  # no hour ends meanwhile
limiter = limits.Limiter(config.load({}, instance=sys.argv[2], mode="development"))
if sys.argv[3] == "later":
    limiter.spend(limits.FIND, "203.0.113.7")
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
for _ in range(30):
    limiter.spend(limits.FIND, "203.0.113.7")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
refused = 0
for _ in range(30):
    try:
        limiter.spend(limits.FIND, "203.0.113.7")
    except TooMany:
        refused += 1
print(refused)
limiter.close()
"""


@pytest.fixture(autouse=True)
def shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shm"
    folder.mkdir()
    monkeypatch.setattr(counters, "SHARED_MEMORY", folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    return config.load({}, instance=str(tmp_path / "instance"), mode="development")


@pytest.fixture
def limiter(settings: Config) -> Iterator[Limiter]:
    made = Limiter(settings)
    yield made
    made.close()


def spend_all(limiter: Limiter) -> None:
    for _ in range(10):
        limiter.spend(FIND, ADDRESS)


def holds(limiter: Limiter) -> bool:
    """Whether a spent ration is refused."""
    try:
        limiter.spend(FIND, ADDRESS)
    except TooMany:
        return True
    return False


def test_a_locked_file_lets_through_at_once_and_counts_again_when_it_is_free(
    limiter: Limiter, shared_memory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with time_machine.travel(MOMENT, tick=False):
        spend_all(limiter)
    (path,) = shared_memory.rglob("*.sqlite3")
    with closing(sqlite3.connect(path, isolation_level=None)) as thief:
        thief.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with time_machine.travel(MOMENT, tick=False):
            limiter.spend(FIND, ADDRESS)
        assert time.monotonic() - began < 1
        thief.execute("ROLLBACK")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    with time_machine.travel(MOMENT, tick=False):
        assert holds(limiter)


class Dial:
    """A steady clock that is turned by hand."""

    shows = 1000.0

    def monotonic(self) -> float:
        return self.shows

    def time(self) -> float:
        return time.time()


def test_the_warning_comes_once_a_minute_and_names_nobody(
    limiter: Limiter, shared_memory: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Dial()
    monkeypatch.setattr(limiter_module, "time", clock)
    shared_memory.rmdir()
    instance = limiter._config.instance
    (instance / "limits").write_text("a file where the folder should be")
    for second in (0, 1, 30, 59.9):
        clock.shows = 1000 + second
        limiter.spend(FIND, ADDRESS)
        limiter.check(FIND, ADDRESS)
    assert len(caplog.records) == 1
    clock.shows = 1060
    limiter.spend(FIND, ADDRESS)
    assert len(caplog.records) == 2
    assert "203.0.113" not in caplog.text
    assert "rate limits cannot be counted" in caplog.text


@pytest.mark.parametrize("when", ["before", "later"])
def test_a_full_disk_lets_through_and_counts_again_when_there_is_room(tmp_path: Path, when: str) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "shm"), str(tmp_path / "instance"), when]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("WARNING") == len(done.stderr.splitlines()) == 1
    already = 1 if when == "later" else 0
    assert int(done.stdout) == 20 + already


def test_a_damaged_file_lets_through(settings: Config, shared_memory: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = Limiter(settings)
    first.spend(FIND, ADDRESS)
    first.close()
    (path,) = shared_memory.rglob("*.sqlite3")
    path.write_bytes(b"no database at all" * 1000)
    second = Limiter(settings)
    for _ in range(30):
        second.spend(FIND, ADDRESS)
    second.close()
    assert len(caplog.records) == 1


def test_without_shared_memory_the_instance_folder_keeps_the_counters(
    limiter: Limiter, settings: Config, shared_memory: Path
) -> None:
    shared_memory.rmdir()
    with time_machine.travel(MOMENT, tick=False):
        spend_all(limiter)
        assert holds(limiter)
    assert list((settings.instance / "limits").glob("*.sqlite3"))
    assert (settings.instance / "limits").stat().st_mode & 0o777 == 0o700


def foreign(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 54321, -1)


def open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def led_elsewhere(folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")


@pytest.mark.parametrize("laid", [pytest.param(foreign, marks=only_root), open_to_others, led_elsewhere])
def test_a_folder_that_somebody_else_laid_out_is_not_used(
    limiter: Limiter, settings: Config, laid: object, tmp_path: Path
) -> None:
    folder = counters.homes(settings.instance)[0]
    assert callable(laid)
    laid(folder)
    with time_machine.travel(MOMENT, tick=False):
        spend_all(limiter)
        assert holds(limiter)
    limiter.close()
    assert list(folder.iterdir()) == []
    assert list((settings.instance / "limits").glob("*.sqlite3"))


def test_what_others_put_into_their_folder_is_not_removed(limiter: Limiter, settings: Config) -> None:
    folder = counters.homes(settings.instance)[0]
    open_to_others(folder)
    (folder / "theirs").write_text("kept")
    limiter.forget()
    assert (folder / "theirs").read_text() == "kept"
