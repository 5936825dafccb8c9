"""What signatories change about their own signature is in the trail by the names of its fields, and never what stands in them."""

from __future__ import annotations

import json

from flask.testing import FlaskClient
from sqlalchemy import select

from petition.audit import AuditEntry
from petition.db import db
from tests import factories


def change(client: FlaskClient, token: str, **fields: str) -> None:
    answer = client.post(f"/signature/{token}", data={"action": "change", **fields})
    assert answer.status_code == 303, answer.text[:2000]


def entries() -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signature.changed")))


def test_a_change_names_its_fields_and_not_the_words(client: FlaskClient) -> None:
    found = factories.letter()
    token = factories.sign(client, **factories.ANA)
    change(client, token, name="Ana Renamed", visibility="initials")
    (entry,) = entries()
    assert (entry.actor_kind, entry.team_id, entry.details["fields"]) == ("signatory", found.team_id, "name visibility")
    assert "Renamed" not in json.dumps(entry.details) + entry.reason


def test_what_changes_nothing_leaves_no_entry(client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(client, **factories.ANA)
    change(client, token, name=factories.ANA["name"])
    assert entries() == []


def test_what_waits_for_the_mailbox_is_on_record_once_it_agreed(client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(client, **factories.ANA | {"visibility": "initials"})
    change(client, token, visibility="public", email=factories.ANA["email"])
    assert entries() == []
    mailed = factories.last_token("expose")
    client.post(f"/signature/{mailed}", data={"action": "confirm"})
    assert [entry.details["fields"] for entry in entries()] == ["visibility"]
