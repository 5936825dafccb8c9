"""A worker killed in the middle of a mailing: the next one goes on, and only the handful in flight at the kill comes twice."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from petition.db import db
from petition.outbox.claiming import HANDFUL
from petition.updates.models import MailingRecipient
from tests.mailing_benchmark import LATE, addresses, mail_out

READERS = 60


def test_killed_midway_everybody_gets_one_mail_but_those_in_flight(sqlite_app: Flask, tmp_path: Path) -> None:
    told = mail_out(sqlite_app, tmp_path, READERS, kills=1, wait_for_leases=False)
    assert set(told.often) == {*addresses(READERS), LATE}
    assert 1 <= len(told.twice) <= HANDFUL, "the kill came after the mail was taken and before that was recorded"
    assert max(told.often.values()) == 2
    assert all(len(ids) == 1 for ids in told.ids.values())
    assert (told.state, told.sent) == ("done", READERS)
    assert db.session.scalar(select(func.count()).select_from(MailingRecipient)) == READERS
