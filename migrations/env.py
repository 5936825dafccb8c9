"""Runs migrations on the application's own engine."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from petition.db import db

context.config.attributes.setdefault("configure_logger", False)


@contextmanager
def references_rest(connection: Connection) -> Iterator[None]:
    """Let SQLite tables be made anew: while references are enforced, dropping the old one deletes what refers to it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection  # below SQLAlchemy: no transaction may be open
    assert driver is not None
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"after the migration rows refer to nothing: {broken[:5]}; restore the backup")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    """Upgrade or downgrade in one transaction where the database can."""
    with db.engine.connect().execution_options(writes=True) as connection, references_rest(connection):
        migrate = current_app.extensions["migrate"]
        context.configure(connection=connection, target_metadata=db.metadata, **migrate.configure_args)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations need the database: run `petition db upgrade`")
run()
