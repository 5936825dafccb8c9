"""Runs migrations on the application's own engine."""

from alembic import context
from flask import current_app

from petition.db import db

context.config.attributes.setdefault("configure_logger", False)


def run() -> None:
    """Upgrade or downgrade in one transaction where the database can."""
    with db.engine.connect().execution_options(writes=True) as connection:
        migrate = current_app.extensions["migrate"]
        context.configure(connection=connection, target_metadata=db.metadata, **migrate.configure_args)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations need the database: run `petition db upgrade`")
run()
