"""A real `petition serve` or `petition demo` for tests: its processes, found and killed by their number."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("petition"))
PATIENCE = 60.0  # seconds; a busy machine starts Python slowly


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(instance: Path, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PETITION_")}
    return clean | {"PETITION_MODE": "development", "PETITION_INSTANCE": str(instance), "PETITION_LIMITS": "off"} | more


@contextmanager
def started(*arguments: str, environ: dict[str, str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Run it in a process group of its own, and leave nothing of it behind."""
    process = subprocess.Popen(
        [COMMAND, *arguments],
        env=environ,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)
        eventually(lambda: not group(process.pid), 20)


def eventually(true: Callable[[], object], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def answers(port: int, path: str = "/healthz") -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _processes() -> Iterator[tuple[int, int, int, str]]:
    """(number, parent, group, command) of every living process."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,pgid=,stat=,args="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        pid, parent, its_group, state, command = line.split(None, 4)
        if not state.startswith("Z"):
            yield int(pid), int(parent), int(its_group), command


def group(leader: int) -> list[int]:
    """The living processes of a process group."""
    return [pid for pid, _, its_group, _ in _processes() if its_group == leader]


def mail_worker(main: int) -> int:
    """The number of the mail worker, 0 while there is none."""
    return next((pid for pid, parent, _, command in _processes() if parent == main and " worker " in f"{command} "), 0)


def web_server(main: int) -> int:
    return next((pid for pid, parent, _, command in _processes() if parent == main and "webserver.py" in command), 0)


def web_workers(main: int) -> list[int]:
    """The web processes; none while there is no web server, whose place process 0 must never take."""
    server = web_server(main)
    children = [pid for pid, parent, _, command in _processes() if parent == server and "resource_tracker" not in command]
    return children if server else []


def kill(pid: int, main: int) -> None:
    """Kill one process of the server's group, and no other by mistake."""
    assert pid in group(main)
    os.kill(pid, signal.SIGKILL)
