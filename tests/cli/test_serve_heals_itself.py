"""`petition serve`: what is killed comes back by itself, and nothing outlives the main process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import (
    answers,
    environment,
    eventually,
    free_port,
    group,
    is_free,
    kill,
    mail_worker,
    started,
    web_server,
    web_workers,
)

PATIENCE = 45.0  # seconds; a bound for machines busy with other tests, the promise is measured elsewhere
_start = 0.0  # seconds that the server took to start here


def soon() -> float:
    """How long a machine may need that is busy with other tests."""
    return max(PATIENCE, 1.5 * _start)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def served(sqlite_template: Path, tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    global _start
    began = time.monotonic()
    with started("serve", "--port", str(port), environ=environment(tmp_path), cwd=tmp_path) as process:
        assert eventually(lambda: answers(port)), process.poll()
        assert eventually(lambda: len(web_workers(process.pid)) == 2 and mail_worker(process.pid))
        _start = time.monotonic() - began
        yield process


def test_a_killed_mail_worker_comes_back(served: subprocess.Popen[str]) -> None:
    before = mail_worker(served.pid)
    kill(before, served.pid)
    assert eventually(lambda: mail_worker(served.pid) not in (0, before), soon())


def test_a_killed_web_worker_comes_back_time_and_again(served: subprocess.Popen[str], port: int) -> None:
    for _ in range(3):  # quick deaths in a row make the server itself give up, and it must come back as well
        before = web_workers(served.pid)
        kill(before[0], served.pid)
        assert eventually(lambda b=before: len(web_workers(served.pid)) == 2 and b[0] not in web_workers(served.pid), soon())  # type: ignore[misc]
        assert eventually(lambda: answers(port), soon())
    assert served.poll() is None


def test_a_killed_web_server_comes_back_and_leaves_no_worker(served: subprocess.Popen[str], port: int) -> None:
    server, workers = web_server(served.pid), web_workers(served.pid)
    kill(server, served.pid)
    assert eventually(lambda: web_server(served.pid) not in (0, server) and answers(port), soon())
    assert eventually(lambda: not set(workers) & set(group(served.pid)), soon())


def test_after_the_main_process_is_killed_nothing_holds_the_port(served: subprocess.Popen[str], port: int) -> None:
    kill(served.pid, served.pid)
    served.wait(5)
    assert eventually(lambda: not group(served.pid), soon())
    assert is_free(port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_everything_ends_well(served: subprocess.Popen[str], port: int, number: signal.Signals) -> None:
    os.kill(served.pid, number)
    assert served.wait(30) == 0
    assert group(served.pid) == []
    assert is_free(port)


def test_children_are_in_the_servers_process_group(served: subprocess.Popen[str]) -> None:
    ours = {web_server(served.pid), mail_worker(served.pid), *web_workers(served.pid)}
    assert ours <= set(group(served.pid))


def test_a_web_process_that_is_still_starting_obeys_a_stop(tmp_path: Path) -> None:
    # The server's own handler is inherited over the fork; nobody reads what it notes until the platform is imported.
    script = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: None)
from petition.cli import webserver
webserver.application(os.getppid())
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "True\n"
