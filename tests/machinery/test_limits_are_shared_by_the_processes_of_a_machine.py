"""However many processes and threads serve, a network has one ration."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine

from petition import config, limits
from petition.errors import TooMany
from petition.limits import FIND, Limiter, counters

HOUR = 3600
MOMENT = limits.KEPT * 6000 + 12.5 * HOUR  # midway through an hour and a span of 72 hours
SERVER = """
import sys
from pathlib import Path
import time_machine
from petition import config, limits
from petition.limits import counters
from petition.errors import TooMany
counters.SHARED_MEMORY = Path(sys.argv[1])
counters.WAIT = 5.0  # none may pass uncounted because this machine is busy
limiter = limits.Limiter(config.load({}, instance=sys.argv[2], mode="development"))
for line in sys.stdin:
    moment, times = line.split()
    with time_machine.travel(float(moment), tick=False):
        passed = 0
        for _ in range(int(times)):
            try:
                limiter.spend(limits.FIND, "203.0.113.7")
            except TooMany:
                continue
            passed += 1
    print(passed, flush=True)
limiter.close()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the machine's shared memory."""
    return tmp_path_factory.mktemp("shm")


@pytest.fixture(scope="module")
def servers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[subprocess.Popen[str]]]:
    """Four processes that each wait for a line and then sign as often as it says."""
    instance = tmp_path_factory.mktemp("instance")
    command = [sys.executable, "-W", "error", "-c", SERVER, str(folder), str(instance)]
    root, pipe = Path(__file__).parents[2], subprocess.PIPE
    running = [subprocess.Popen(command, cwd=root, text=True, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(4)]
    yield running
    complaints = [process.communicate(timeout=60)[1] for process in running]
    assert complaints == [""] * 4
    assert [process.returncode for process in running] == [0] * 4


def at_once(servers: list[subprocess.Popen[str]], moment: float, times: int) -> list[int]:
    """How many requests each process lets through when all are asked at the same time."""
    for process in servers:
        assert process.stdin is not None
        process.stdin.write(f"{moment} {times}\n")
        process.stdin.flush()
    return [int(process.stdout.readline()) for process in servers if process.stdout is not None]


def test_four_processes_give_a_network_one_ration(servers: list[subprocess.Popen[str]]) -> None:
    assert sum(at_once(servers, MOMENT, 10)) == 10


def test_processes_that_begin_a_new_span_at_once_end_up_with_the_same_key(
    servers: list[subprocess.Popen[str]], folder: Path
) -> None:
    for span in range(1, 16):
        assert sum(at_once(servers, MOMENT + span * limits.KEPT, 10)) == 10
    left = {path.name.partition("-")[0] for path in next(folder.iterdir()).iterdir()}
    assert left == {f"{6000 + 15}.sqlite3"}


def test_twenty_threads_give_a_network_one_ration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path / "none")
    monkeypatch.setattr(counters, "WAIT", 5.0)  # none may pass uncounted because this machine is busy
    limiter = Limiter(config.load({}, instance=str(tmp_path), mode="development"))

    def one(_number: int) -> bool:
        try:
            limiter.spend(FIND, "203.0.113.7")
        except TooMany:
            return False
        return True

    with time_machine.travel(MOMENT, tick=False), ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(one, range(200))) == 10
    limiter.close()


def test_two_processes_know_a_network_by_the_same_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path / "none")
    settings = config.load({}, instance=str(tmp_path), mode="development")
    one, two = Limiter(settings), Limiter(settings)
    with time_machine.travel(MOMENT, tick=False) as clock:
        first = one.network_hash("203.0.113.7")
        assert first == two.network_hash("::ffff:203.0.113.99")
        assert first != one.network_hash("203.0.114.7")
        clock.shift(limits.KEPT)
        later = two.network_hash("203.0.113.7")
        assert later == one.network_hash("203.0.113.7")
    one.close()
    two.close()
    assert first != later
    assert first is not None
    assert later is not None
    assert len(first) == len(later) == 64
