"""The trail is a chain: every entry is sealed once and in order, and what is changed or removed afterwards is named."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from petition import audit
from petition.audit import COMMAND_LINE, PLATFORM, SIGNATORY, Actor, AuditEntry, AuditSeal, seals
from petition.db import db, transaction
from petition.upkeep import invariants, retention

NOW = datetime(2026, 11, 24, 12, 30, 15, 250, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OWNER = Actor("member", "owner@team.example.org", 7)


def write(number: int, at: datetime = NOW - DAY, actor: Actor = OWNER) -> None:
    with transaction() as session:
        for each in range(number):
            audit.record(
                session, at=at, actor=actor, action="letter.status", thing=("letter", each), team_id=1, reason="Fürs Protokoll 🖋",
                after="open", order={"z": 1, "a": [1, 2.5, None, True]},
            )  # fmt: skip


def faults(now: datetime = NOW) -> list[str]:
    db.session.rollback()
    return list(audit.verify(db.session(), now))


def behind_its_back(statement: str) -> None:
    with transaction() as session:
        assert session.execute(text(statement)).rowcount > 0  # type: ignore[attr-defined]


def count(model: type) -> int:
    db.session.rollback()
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def test_no_seal_excuses_its_missing_entry_by_another_day(app: Flask) -> None:
    write(3)
    audit.seal(NOW)
    behind_its_back("UPDATE audit_seal SET day = '2020-01-01' WHERE number = 2")
    assert [each[:6] for each in faults()] == ["The da"]
    behind_its_back("DELETE FROM audit_entry WHERE id = 2")
    assert faults() == ["Entry 2 (seal 2, 2020-01-01) was removed"]


def test_each_entry_is_sealed_once_and_the_chain_holds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BATCH", 4)
    write(10)
    assert audit.seal(NOW) == 10
    assert audit.seal(NOW) == 0
    write(3)
    assert audit.seal(NOW) == 3
    assert faults() == []
    assert list(db.session.scalars(select(AuditSeal.entry_id).order_by(AuditSeal.number))) == list(range(1, 14))


def test_the_digest_can_be_computed_by_anybody(app: Flask) -> None:
    write(2)
    audit.seal(NOW)
    previous = "0" * 64
    for each in audit.sealed(None):
        assert each.previous == previous
        words = json.dumps(each.words, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        previous = hashlib.sha256((previous + words).encode()).hexdigest()
        assert each.digest == previous
    assert audit.newest() == (2, previous)


def test_an_entry_settles_for_a_minute(sqlite_app: Flask) -> None:
    write(1, at=NOW)
    assert audit.seal(NOW + 59 * timedelta(seconds=1)) == 0
    assert audit.seal(NOW + MINUTE) == 1


def test_an_entry_committed_late_is_sealed_after_its_neighbours(sqlite_app: Flask) -> None:
    write(3)
    with transaction() as session:
        late = session.get_one(AuditEntry, 2)
        values = {column.name: getattr(late, column.name) for column in AuditEntry.__table__.columns}
        session.delete(late)
    assert audit.seal(NOW) == 2
    with transaction() as session:
        session.add(AuditEntry(**values))
    assert audit.seal(NOW) == 1
    assert list(db.session.scalars(select(AuditSeal.entry_id).order_by(AuditSeal.number))) == [1, 3, 2]
    assert faults() == []


def test_an_entry_of_a_clock_that_ran_ahead_is_sealed(sqlite_app: Flask) -> None:
    write(1, at=NOW + 400 * DAY)
    assert audit.seal(NOW) == 1


def test_workers_side_by_side_seal_nothing_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BATCH", 5)
    write(60)
    together = threading.Barrier(4)

    def work(_: int) -> int:
        with app.app_context():
            together.wait()
            return audit.seal(NOW)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert sum(done) == 60
    assert faults() == []


BREAKAGES = {
    "UPDATE audit_entry SET reason = 'something else' WHERE id = 5": ["Entry 5 (seal 5, 2026-11-23) was changed, or its seal was"],
    "UPDATE audit_entry SET actor_name = 'another' WHERE id = 10": ["Entry 10 (seal 10, 2026-11-23) was changed, or its seal was"],
    "UPDATE audit_entry SET details = '{}' WHERE id = 1": ["Entry 1 (seal 1, 2026-11-23) was changed, or its seal was"],
    "DELETE FROM audit_entry WHERE id = 1": ["Entry 1 (seal 1, 2026-11-23) was removed"],
    "DELETE FROM audit_entry WHERE id IN (4, 5)": [
        "Entry 4 (seal 4, 2026-11-23) was removed", "Entry 5 (seal 5, 2026-11-23) was removed",
    ],
    "DELETE FROM audit_seal WHERE number = 3": ["Seals 3 to 3 are missing"],
}  # fmt: skip


@pytest.mark.parametrize("statement", BREAKAGES)
def test_what_was_changed_or_removed_is_named(app: Flask, statement: str) -> None:
    write(10)
    audit.seal(NOW)
    behind_its_back(statement)
    assert faults() == BREAKAGES[statement]
    failed = [each for each in invariants.check(app.config["PETITION"], NOW) if each.name == "trail" and not each.ok]
    assert [each.sentence.partition(". Compare")[0] for each in failed] == BREAKAGES[statement]
    assert not any(each.warning for each in failed)


def test_check_pins_the_newest_seal_and_warns_of_what_waits_for_days(sqlite_app: Flask) -> None:
    def check() -> list[tuple[bool, str]]:
        results = invariants.check(sqlite_app.config["PETITION"], NOW)
        return [(each.ok or each.warning, each.sentence) for each in results if each.name == "trail"]

    write(2, at=NOW - 3 * DAY)
    assert check()[-1] == (True, "2 entries are not sealed yet. See that `petition worker` runs.")
    audit.seal(NOW)
    number, digest = audit.newest() or (0, "")
    assert check() == [(True, f"Every sealed entry stands as it was written; seal {number} is {digest}.")]


def test_what_retention_forgets_leaves_its_seal_and_the_chain_goes_on(app: Flask) -> None:
    write(5, at=NOW - 731 * DAY)
    write(5)
    audit.seal(NOW)
    assert ("audit entries older than 24 months", 5) in retention.purge(NOW)
    assert (count(AuditEntry), count(AuditSeal)) == (5, 10)
    assert faults() == []
    behind_its_back("UPDATE audit_entry SET reason = 'x' WHERE id = 6")
    assert len(faults()) == 1


@pytest.mark.parametrize(("actor", "kept"), [(SIGNATORY, False), (PLATFORM, False), (OWNER, True), (COMMAND_LINE, True)])
def test_of_what_follows_from_a_signing_only_the_day_is_kept(sqlite_app: Flask, actor: Actor, kept: bool) -> None:
    write(1, at=NOW, actor=actor)
    (entry,) = audit.trail(None)
    assert entry.at == (NOW if kept else datetime(2026, 11, 24, tzinfo=UTC))
    assert entry.by_person == kept
