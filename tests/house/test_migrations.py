"""Models and migrations say the same, up and down, on SQLite and on PostgreSQL."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from petition.config import data_folder
from petition.db import db
from tests.admin import people
from tests.factories import ANA, UNION, ask, count, letter, now, sign
from tests.importing import bring
from tests.waves import faults


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


def everything() -> dict[str, int]:
    """How many rows each table of the first schema holds."""
    tables = ("letter", "letter_text", "signature", "signing_request", "link_token", "member", "membership", "tally", "audit_entry")
    with db.engine.connect() as connection:
        return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables}


def test_going_down_and_up_again_loses_nothing_that_the_first_schema_holds(app):
    letter()
    client = app.test_client()
    sign(client, **ANA)
    ask(client, **UNION)
    people.member()
    before = everything()
    assert min(before.values()) > 0
    db.session.remove()
    for step in (lambda: downgrade(revision="0001"), upgrade):
        step()
        db.engine.dispose()
        assert everything() == before
    with db.engine.connect() as connection:
        days = connection.execute(text("SELECT kind, state, count FROM day_tally")).all()
    assert [tuple(row) for row in days] == [("person", "published", 1)]
    assert count(client)["total"] == 1


def test_countries_and_languages_are_counted_again_without_what_was_collected_elsewhere(app):
    found, client = letter(), app.test_client()
    sign(client, **ANA, country="FR")
    bring(found, "name,country\nPaula Paper,FR\nPiet Pencil,DE\n")
    numbers = text("SELECT country AS name, sum(count) FROM country_tally GROUP BY 1 "
                   "UNION SELECT language, sum(count) FROM language_tally GROUP BY 1 ORDER BY 1")  # fmt: skip
    seen = []
    for step in (lambda: None, lambda: downgrade(revision="0011"), upgrade):
        db.session.remove()
        step()
        db.engine.dispose()
        with db.engine.connect() as connection:
            seen.append([tuple(row) for row in connection.execute(numbers) if row[1]])
    assert seen == [[("FR", 1), ("en", 1)], [("DE", 1), ("FR", 2), ("en", 3)], [("FR", 1), ("en", 1)]]
    assert faults(now()) == []


def test_there_is_one_head():
    config = Config()
    config.set_main_option("script_location", str(data_folder("migrations")))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
