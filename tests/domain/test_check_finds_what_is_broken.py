# ruff: noqa: E501 (one statement a line)
"""`petition check`: each invariant is broken on purpose, and the check says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from petition import config, create_app
from petition.db import dispose, transaction
from petition.upkeep import invariants
from petition.upkeep.invariants import Result
from tests.conftest import settings
from tests.sampled import NOW, signed_letter


def failures(app: Flask) -> list[Result]:
    return [each for each in invariants.check(app.config["PETITION"], NOW) if not each.ok and not each.warning]


BREAKAGES = {
    "tallies": "UPDATE tally SET count = count + 1 WHERE state = 'held' AND kind = 'person' AND shard = (SELECT min(shard) FROM tally WHERE state = 'held' AND kind = 'person')",
    "tallies of countries": "DELETE FROM country_tally WHERE country = 'AM'",
    "tallies of languages": "UPDATE language_tally SET count = count + 1 WHERE language = 'hy'",
    "flow": "UPDATE flow_tally SET count = count + 1 WHERE series = 'confirmed' AND key = (SELECT min(key) FROM flow_tally WHERE series = 'confirmed')",
    "forgetting": "UPDATE signature SET email = 'ana@example.org' WHERE id = (SELECT min(id) FROM signature WHERE kind = 'person' AND state = 'published')",
    "forgetting a withdrawal": "UPDATE signature SET state = 'withdrawn' WHERE id = (SELECT min(id) FROM signature WHERE kind = 'person')",
    "forgetting the counted": "UPDATE signature SET name = 'Ana Sample' WHERE visibility = 'counted'",
    "orphans": "INSERT INTO link_token (id, digest, purpose) VALUES (1, 'x', 'confirm')",
    "schema": "UPDATE alembic_version SET version_num = '0000'",
}


@pytest.mark.parametrize("what", BREAKAGES)
def test_a_broken_invariant_is_found(app: Flask, what: str) -> None:
    signed_letter(app, 200)
    assert failures(app) == []
    with transaction() as session:
        assert session.execute(text(BREAKAGES[what])).rowcount > 0  # type: ignore[attr-defined]
    assert what.split()[0] in {each.name for each in failures(app)}


def test_a_duplicate_is_found_where_the_constraint_is_missing(app: Flask) -> None:
    signed_letter(app, 30)
    with transaction() as session:
        session.execute(text("DROP INDEX uq_signature_person"))
        session.execute(text("UPDATE signature SET address_fingerprint = 'same' WHERE kind = 'person'"))
    assert "duplicates" in {each.name for each in failures(app)}


def test_mail_that_waits_for_over_an_hour_is_found(app: Flask) -> None:
    from petition import outbox

    with transaction() as session:
        outbox.queue(session, "verify", to="ana@example.org", fingerprint="f", language="en", values={}, scope="x", now=NOW)
    assert "outbox" not in {each.name for each in failures(app)}
    late = [each.name for each in invariants.check(app.config["PETITION"], NOW + timedelta(minutes=61)) if not each.ok]
    assert "outbox" in late


def test_unwise_settings_are_remarks_and_no_failures(app: Flask) -> None:
    remarks = [each for each in invariants.check(app.config["PETITION"], NOW) if each.name == "settings"]
    assert remarks
    assert all(each.warning and "PETITION_LIMITS" in each.sentence for each in remarks)


def test_secrets_are_masked(sqlite_app: Flask, tmp_path) -> None:  # type: ignore[no-untyped-def]
    given = settings(tmp_path, "postgresql://me:hunter2@db/x", secret_key="s" * 40)
    shown = "\n".join(f"{name}={value}" for name, value in config.masked(given))
    assert "hunter2" not in shown
    assert "ssss" not in shown


def test_looking_for_a_database_that_is_not_there_makes_none(tmp_path):
    app = create_app(settings(tmp_path, f"sqlite:///{tmp_path / 'mistyped.sqlite3'}"))
    with app.app_context():
        assert [each.name for each in failures(app)] == ["schema"]
        dispose()
    assert not (tmp_path / "mistyped.sqlite3").exists()
