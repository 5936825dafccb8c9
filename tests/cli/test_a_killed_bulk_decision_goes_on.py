"""A worker that is killed in the middle of a bulk decision: the next one goes on, no row is done twice, all is reversed."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, update

from petition.config import Config
from petition.db import db, transaction
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from petition.moderation.models import BulkDecision, BulkItem
from petition.signatures import arrival as ways
from tests import factories
from tests.admin import people
from tests.running import environment, eventually, started
from tests.waves import faults, states, wave

FAKES = 3_000  # six batches


def stands() -> BulkDecision:
    db.session.rollback()
    return db.session.scalars(select(BulkDecision).execution_options(populate_existing=True)).one()


def let_the_lease_run_out() -> None:
    with transaction() as session:
        session.execute(update(BulkDecision).values(leased_until=None))


def test_killed_midway_resumed_and_reversed(app: Flask, petition_config: Config, tmp_path: Path) -> None:
    letter = factories.letter()
    # Within the 72 hours, for a worker's own retention forgets where older ones came from, and they would be passed over;
    # but not of this hour, which would be noticed as a wave with a decision of its own.
    hour = ways.hour(factories.now() - timedelta(hours=48))
    wave(letter, 50, start=10_000, mail_domain="honest.example", hour=hour)
    wave(letter, FAKES, hour=hour)
    one, two = people.member(), people.member("owner")
    fakes = Criteria(domain="catchall.example")
    hold = bulk.prepare(one, letter, fakes, "reject", reason="Fakes.", reason_class="fake", now=factories.now())
    bulk.confirm(one, hold.public_id, seen=FAKES, now=factories.now())
    bulk.second(two, hold.public_id, seen=FAKES, now=factories.now())
    environ = environment(tmp_path, PETITION_DATABASE_URL=petition_config.database_url)
    with started("worker", environ=environ, cwd=tmp_path) as process:
        assert eventually(lambda: stands().done)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
    midway = stands().done
    assert 0 < midway < FAKES
    assert stands().state == "running"
    assert states(letter) == {"published": 50 + FAKES - midway, "rejected": midway}
    assert faults() == []
    let_the_lease_run_out()
    with started("worker", environ=environ, cwd=tmp_path):
        assert eventually(lambda: stands().state == "done")
        assert (stands().done, stands().skipped, states(letter)) == (FAKES, 0, {"published": 50, "rejected": FAKES})
        assert db.session.scalar(select(func.count()).select_from(BulkItem)) == FAKES
        assert faults() == []
        bulk.reverse(one, hold.public_id, now=factories.now())
        assert eventually(lambda: stands().state == "reversed")
    assert states(letter) == {"published": 50 + FAKES}
    assert faults() == []
