"""Real databases, a real application: every test that takes `app` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine
from werkzeug.routing import Rule

from petition import config, create_app
from petition.config import Config
from petition.db import dispose
from tests import postgresql

CI = os.environ.get("CI") == "true"


def settings(tmp: Path, url: str = "", **more: str) -> Config:
    """The settings of a test: development, mail into a folder, no rate limits unless asked for."""
    values = {"mode": "development", "instance": str(tmp), "limits": "off", "base_url": "http://localhost", **more}
    if url:
        values["database_url"] = url
    return config.load({}, **values)


def migrate(app: Flask) -> None:
    """Bring a database to this version's schema."""
    from flask_migrate import upgrade

    with app.app_context():
        upgrade()
        dispose()


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every application of the run shares what was compiled of the templates; by itself each would compile its own."""
    with pytest.MonkeyPatch.context() as patch:
        cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": cache})
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_routes() -> Iterator[None]:
    """Every application of the run shares what was compiled of the routes: most of what making one costs."""
    compile_one = Rule._compile_builder
    known: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        # The compiled function is given its rule when it is called; these are all that it is made of.
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = compile_one(rule, append_unknown)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compile_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_statements() -> Iterator[None]:
    """Every database of the run shares what was compiled of the statements; an engine of its own would compile them anew."""
    make_one = SQLAlchemy._make_engine
    first: dict[str, Engine] = {}

    def make_sharing(self: SQLAlchemy, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        made = make_one(self, bind_key, options, app)
        shared = first.get(made.dialect.name)
        if shared is None or shared.dialect.server_version_info is None:  # it has never spoken to a server
            first[made.dialect.name] = made
        else:  # what is compiled is found by its dialect, which holds nothing of one database
            made.dialect, made._compiled_cache = shared.dialect, shared._compiled_cache
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLAlchemy, "_make_engine", make_sharing)
        yield


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgresql.Server]:
    """A PostgreSQL of this run's own, on a socket in a temporary folder."""
    try:
        server = postgresql.start()
    except postgresql.NotFound as error:
        if CI:
            raise
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated empty SQLite database, to be copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    migrate(create_app(settings(folder)))
    return folder / "petition.sqlite3"


@pytest.fixture(scope="session")
def postgres_database(postgres_server: postgresql.Server, tmp_path_factory: pytest.TempPathFactory) -> postgresql.Reused:
    """The PostgreSQL database of this run, migrated once."""
    postgres_server.execute("CREATE DATABASE template_petition")
    migrate(create_app(settings(tmp_path_factory.mktemp("pg"), postgres_server.url("template_petition"))))
    return postgresql.Reused(postgres_server, "template_petition", f"t{os.getpid()}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated database."""
    if request.param == "postgresql":
        database: postgresql.Reused = request.getfixturevalue("postgres_database")
        return database.url()
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "petition.sqlite3")
    return f"sqlite:///{tmp_path / 'petition.sqlite3'}"


@pytest.fixture
def petition_config(database_url: str, tmp_path: Path) -> Config:
    """The settings of the application under test."""
    return settings(tmp_path, database_url)


@pytest.fixture
def app(petition_config: Config) -> Iterator[Flask]:
    """The application, on a fresh database, inside an application context."""
    app = create_app(petition_config)
    app.testing = True
    with app.app_context():
        yield app
        dispose()


@pytest.fixture
def sqlite_app(sqlite_template: Path, tmp_path: Path) -> Iterator[Flask]:
    """The application on SQLite alone, for behaviour that no database decides."""
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    app = create_app(settings(tmp_path))
    app.testing = True
    with app.app_context():
        yield app
        dispose()


class _Checking(FlaskClient):
    """A client whose every HTML answer is checked for what all pages owe their readers."""

    def open(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        from tests.checks import check_page

        response = super().open(*args, **kwargs)
        check_page(response)
        return response


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a database, a cookie jar apart."""
    app.test_client_class = _Checking
    return app.test_client()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="p", dir="/tmp") as folder:
        yield Path(folder)


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the installed package with a clean environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PETITION_")}
    return subprocess.run(command, capture_output=True, text=True, env=clean | environ, timeout=120, check=False)
