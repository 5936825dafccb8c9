"""`petition mail stop` and `allow`: for whoever asked the operator, with nothing of the address kept or repeated."""

from __future__ import annotations

import pytest
from flask import Flask

from petition.audit import AuditEntry
from petition.db import db
from petition.outbox.suppression import Suppression
from tests.factories import ANA, SIGN, letter, mails


def test_mail_is_stopped_and_allowed_again(sqlite_app: Flask) -> None:
    letter()
    run, visitor = sqlite_app.test_cli_runner(), sqlite_app.test_client()
    assert "is stopped" in run.invoke(args=["mail", "stop", "ana@example.org"]).output
    visitor.post(SIGN, data=ANA)
    assert mails() == []
    assert "was stopped already" in run.invoke(args=["mail", "stop", "Ana@EXAMPLE.org"]).output
    allowed = run.invoke(args=["mail", "allow", " Ana@Example.org "])
    assert (allowed.exit_code, "is allowed again" in allowed.output) == (0, True)
    assert "nothing was changed" in run.invoke(args=["mail", "allow", "ana@example.org"]).output
    assert db.session.query(Suppression).count() == 0
    visitor.post(SIGN, data=ANA)
    assert len(mails()) == 1
    entries = db.session.query(AuditEntry).filter(AuditEntry.object_kind == "mailbox").order_by(AuditEntry.id).all()
    assert [(each.action, each.actor_kind) for each in entries] == [("mail.stopped", "command line"), ("mail.allowed", "command line")]
    assert "ana" not in str([(each.object_id, each.reason, each.details) for each in entries])


@pytest.mark.parametrize("command", ["stop", "allow"])
def test_what_is_no_address_is_refused(sqlite_app: Flask, command: str) -> None:
    found = sqlite_app.test_cli_runner().invoke(args=["mail", command, "nobody"])
    assert found.exit_code != 0
    assert db.session.query(Suppression).count() == 0
