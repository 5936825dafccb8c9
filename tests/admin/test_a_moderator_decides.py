"""Approving publishes and mails, rejecting needs a reason, every decision can be undone, and nobody decides twice."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from petition import audit
from petition.db import db
from petition.outbox import suppression
from tests import factories
from tests.admin import people


def test_the_queue_shows_what_waits_and_why(client: FlaskClient) -> None:
    people.held_union(client)
    page = people.browser(people.member()).get("/admin/")
    assert "Sample Union of Bakers" in page.text
    assert "Organisations are checked by the team" in page.text
    assert "1 signature is held" in page.text


def test_approving_publishes_the_entry_and_tells_its_representative(client: FlaskClient) -> None:
    found = people.held_union(client)
    answer = people.decision(people.browser(people.member()), found, "approve", seen="held")
    assert answer.status_code == 303
    assert people.signature().state == "published"
    assert "Sample Union of Bakers" in client.get("/letters/open-the-road/signatories").text
    assert factories.count(client)["organisations"] == 1
    (mail,) = factories.mails("decision")
    assert mail.recipient == "rita@bakers.example.org"
    assert (mail.values or {})["decision"] == "published"
    assert client.get(f"/signature/{factories.last_token('decision')}").status_code == 200


def test_whoever_stopped_all_mail_sees_the_decision_on_their_page_and_gets_none(client: FlaskClient) -> None:
    factories.letter()
    link = factories.sign(client, **factories.UNION)
    found, config = people.signature(), factories.config()
    client.post(f"/mail/stop/{suppression.token(found.address_fingerprint or '', config)}", data={"action": "stop"})
    people.decision(people.browser(people.member()), found.public_id, "reject", reason="No such union is known.")
    assert factories.mails("decision") == []
    assert "No such union is known." in client.get(f"/signature/{link}").text


def test_a_decision_is_on_record_with_who_and_why(client: FlaskClient) -> None:
    found = people.held_union(client)
    people.decision(people.browser(people.member()), found, "reject", reason="No such union is known.")
    db.session.rollback()
    entry = audit.of("signature", found)[-1]
    assert (entry.action, entry.actor_name) == ("signature.rejected", "moderator@team.example.org")
    assert entry.reason == "No such union is known."


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 1001, "a\x00b"])
def test_rejecting_needs_a_reason_that_can_be_sent(client: FlaskClient, reason: str) -> None:
    found = people.held_union(client)
    answer = people.decision(people.browser(people.member()), found, "reject", reason=reason)
    assert answer.status_code == 422
    assert "fault" in answer.text
    assert people.signature().state == "held"


def test_rejecting_a_person_forgets_their_address_after_telling_them(client: FlaskClient) -> None:
    factories.letter(more="review: all\n")
    factories.sign(client, **factories.ANA)
    found = people.signature()
    people.decision(people.browser(people.member()), found.public_id, "reject", reason="Not a person.")
    assert people.signature().email is None
    assert factories.mails("decision")[-1].recipient == "ana@example.org"


def test_a_rejection_can_be_undone(client: FlaskClient) -> None:
    found = people.held_union(client)
    team = people.browser(people.member())
    people.decision(team, found, "reject", reason="A mistake.")
    assert people.signature().organisation_key is None
    assert people.decision(team, found, "restore").status_code == 303
    assert people.signature().state == "held"
    assert people.signature().organisation_key == "sample union of bakers"


def test_an_approval_can_be_undone(client: FlaskClient) -> None:
    found = people.held_union(client)
    team = people.browser(people.member())
    people.decision(team, found, "approve")
    people.decision(team, found, "restore")
    assert people.signature().state == "held"
    assert factories.count(client)["organisations"] == 0


def test_a_published_entry_can_be_held_again(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    people.decision(people.browser(people.member()), people.signature().public_id, "hold")
    assert people.signature().state == "held"


def test_a_rejected_fake_does_not_block_the_real_organisation(client: FlaskClient) -> None:
    fake = people.held_union(client)
    team = people.browser(people.member())
    people.decision(team, fake, "reject", reason="Not from the union.")
    factories.sign(client, **(factories.UNION | {"email": "real@bakers.example.org"}))
    assert people.signature().state == "held"
    assert people.signature().public_id != fake
    answer = people.decision(team, fake, "restore")
    assert answer.status_code == 409
    assert "already has an entry" in answer.text


@pytest.mark.parametrize("second", ["approve", "reject"])
def test_the_second_moderator_learns_who_decided_and_when(client: FlaskClient, second: str) -> None:
    found = people.held_union(client)
    one, two = people.browser(people.member()), people.browser(people.member("owner"))
    page = two.get("/admin/")
    assert people.decision(one, found, "approve", seen="held").status_code == 303
    given = {"csrf_token": people.token(page), "decision": second, "reason": "Unknown.", "seen": "held"}
    answer = two.post(f"/admin/signatures/{found}/decision", data=given)
    assert answer.status_code == 409
    assert "moderator@team.example.org decided this on 20" in answer.text
    assert "published now" in answer.text
    assert people.signature().state == "published"


def test_the_same_decision_twice_is_refused(client: FlaskClient) -> None:
    found = people.held_union(client)
    team = people.browser(people.member())
    people.decision(team, found, "approve")
    assert people.decision(team, found, "approve").status_code == 409
    assert len(factories.mails("decision")) == 1


def test_a_decision_nobody_knows_is_refused(client: FlaskClient) -> None:
    found = people.held_union(client)
    assert people.decision(people.browser(people.member()), found, "delete").status_code == 422
