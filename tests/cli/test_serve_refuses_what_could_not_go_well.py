"""`petition serve` does not start on an old schema, without mail, or on a port in use, and says what to do."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from tests.conftest import run
from tests.running import COMMAND, free_port

HERE = {"PETITION_MODE": "development", "PETITION_LIMITS": "off"}


def test_an_old_schema(tmp_path: Path) -> None:
    found = run(COMMAND, "serve", "--port", str(free_port()), **HERE, PETITION_INSTANCE=str(tmp_path))
    assert found.returncode == 1
    assert "petition db upgrade" in found.stderr


def test_no_mail(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    found = run(COMMAND, "serve", "--port", str(free_port()), PETITION_SECRET_KEY="s" * 32, PETITION_INSTANCE=str(tmp_path))
    assert found.returncode == 1
    assert "PETITION_MAIL_URL" in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_port_in_use(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        found = run(COMMAND, "serve", "--port", port, **HERE, PETITION_INSTANCE=str(tmp_path))
    assert found.returncode == 1
    assert f"Port {port}" in found.stderr
    assert "--port" in found.stderr
