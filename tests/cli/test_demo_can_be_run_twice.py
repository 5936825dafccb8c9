"""`petition demo`: everything from one command, and the second run finds what the first one left."""

from __future__ import annotations

import re
import signal
import urllib.request
from pathlib import Path

from tests.conftest import run
from tests.running import COMMAND, answers, environment, eventually, free_port, started


def _run(folder: Path, port: int, signatories: int) -> tuple[str, str]:
    """What it prints, and its letter's page."""
    environ = {name: value for name, value in environment(folder).items() if not name.startswith("PETITION_")}
    environ["PETITION_DATABASE_URL"] = "postgresql://a-real-one@127.0.0.1:1/x"  # a demo keeps its hands off it
    with started("demo", "--port", str(port), "--signatories", str(signatories), environ=environ, cwd=folder) as process:
        assert eventually(lambda: answers(port) or process.poll() is not None, 90)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/letters/artsakh-ngos", timeout=10) as response:
            page = response.read().decode()
        assert answers(port, "/mailbox")
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=30)
        assert process.returncode == 0, printed
    return printed, page


def test_twice(tmp_path: Path) -> None:
    port = free_port()
    first, page = _run(tmp_path, port, 60)
    password = re.search(r"owner@example.org, password (\S+)\)", first)
    assert password is not None
    assert f"http://127.0.0.1:{port}/mailbox" in first
    second, same = _run(tmp_path, port, 60)
    assert password[1] in second
    counted = r"<dd data-count=\"\w+\">(\d+)</dd>"
    assert re.findall(counted, page) == re.findall(counted, same) != []
    found = run(COMMAND, "check", PETITION_MODE="demo", PETITION_INSTANCE=str(tmp_path / "instance" / "demo"))
    assert found.returncode == 0, found.stdout + found.stderr
    assert "FAIL" not in found.stdout
