"""Models and migrations say the same, up and down, on SQLite and on PostgreSQL."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from petition.config import data_folder
from petition.db import db


def test_a_migrated_database_is_what_the_models_describe(app):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_migrations_go_down_and_up_again(app):
    db.session.remove()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert "signature" in inspect(db.engine).get_table_names()


def test_there_is_one_head():
    config = Config()
    config.set_main_option("script_location", str(data_folder("migrations")))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
