"""The database: one write transaction at a time that is either whole on disk or never happened."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, event, text
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from petition.errors import Busy

LOCK_WAIT = 5.0  # seconds a writer waits before it says so
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of every model."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on the way in and out, on SQLite as on PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class WriterQueue:
    """Lets SQLite writers queue instead of racing: first the threads of a process, then the processes.

    SQLite's own busy handler sleeps and retries, which costs a third of the throughput and most of the fairness.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        self._file = path.with_name(path.name + ".writers").open("a")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the writers' turn; raises Busy after LOCK_WAIT seconds."""
        deadline = time.monotonic() + LOCK_WAIT
        if not self._threads.acquire(timeout=LOCK_WAIT):
            raise Busy
        try:
            self._wait_for_file(deadline)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _wait_for_file(self, deadline: float) -> None:
        pause = 0.0005
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Busy from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.01)
            else:
                return

    def close(self) -> None:
        """Give the lock file back."""
        self._file.close()


_queues: dict[int, WriterQueue] = {}
_SILENT = {"hide_parameters": True}  # an error must not carry names and addresses into a log


def init_app(app: Flask, url: str) -> None:
    """Bind the database to the application and make its connections durable."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    if url.startswith("sqlite"):
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"timeout": LOCK_WAIT}, **_SILENT}
    else:
        options = "-c synchronous_commit=on -c timezone=UTC -c lock_timeout=5000"
        connect = {"options": options, "connect_timeout": 5}
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": connect, "pool_pre_ping": True, **_SILENT}
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)


def is_there() -> bool:
    """Whether there is a database to look at; a SQLite file that is not there would be made, empty, by looking."""
    return db.engine.dialect.name != "sqlite" or Path(str(db.engine.url.database)).exists()


def _prepare_sqlite(engine: Engine) -> None:
    path = Path(str(engine.url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    _queues[id(engine)] = WriterQueue(path)
    event.listen(engine, "connect", _durable)
    event.listen(engine, "begin", _begin)


def _durable(connection: Any, _record: Any) -> None:
    # The driver would open transactions late, as readers that cannot become writers; we open them ourselves.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    # The wait in our own queue and the wait for programs that do not queue are one wait.
    left = max(options.get("deadline", math.inf) - time.monotonic(), 0.05)
    driver.execute(f"PRAGMA busy_timeout = {int(min(left, LOCK_WAIT) * 1000)}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(LOCK_WAIT * 1000)}")


def keyed(purpose: str, words: str) -> str:
    """HMAC-SHA256 under the installation's key, 64 hex digits: for what is kept only to be known again, without whoever has a copy."""
    key: bytes = current_app.config["PETITION"].fingerprint_bytes
    return hmac.new(key, f"{purpose}:{words}".encode(), hashlib.sha256).hexdigest()


@contextmanager
def transaction() -> Iterator[Session]:
    """One write transaction, committed at the end or rolled back whole; an inner one joins the outer.

    Raises Busy (503) when the database cannot be written within LOCK_WAIT seconds; nothing is stored then.
    """
    session = db.session()
    if session.info.get("writing"):
        yield session
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("something was changed outside a transaction")
    session.rollback()  # ends the read that may have begun: a read cannot become a write on SQLite
    deadline = time.monotonic() + LOCK_WAIT
    try:
        with _turn(session):
            session.info["writing"] = True
            try:
                session.connection(execution_options={"writes": True, "deadline": deadline})
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.info["writing"] = False
    except (OperationalError, InterfaceError) as error:
        raise Busy from error


@contextmanager
def reading() -> Iterator[Session]:
    """Read without keeping a transaction open, which would hold back the database's own upkeep; raises Busy."""
    try:
        yield db.session()
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()


@contextmanager
def _turn(session: Session) -> Iterator[None]:
    queue = _queues.get(id(session.get_bind()))
    if queue is None:
        yield
    else:
        with queue.turn():
            yield


def for_another_thread() -> Callable[[], AbstractContextManager[Any]]:
    """What another thread enters to work on the current application's database, with a session of its own."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.app_context


def dispose() -> None:
    """Close the connections and the writers' lock of the current application."""
    queue = _queues.pop(id(db.engine), None)
    db.session.remove()
    db.engine.dispose()
    if queue is not None:
        queue.close()


def is_postgresql(session: Session) -> bool:
    """Whether the session speaks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def serialise(session: Session, *key: object) -> None:
    """Make transactions that name the same key wait for each other; SQLite has one writer anyway."""
    if is_postgresql(session):
        digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(digest, "big", signed=True)})


def violated(error: IntegrityError, name: str, *columns: str) -> bool:
    """Whether this error is the named constraint's; SQLite names the columns instead."""
    words = str(error.orig)
    return name in words or (bool(columns) and all(column in words for column in columns))
