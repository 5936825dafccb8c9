"""Undoing leads back to what was, at once without anybody being told, later with the right mail, and for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from petition import moderation
from petition.moderation.decisions import SECOND_THOUGHTS
from petition.outbox.delivery import deliver_due
from tests import factories
from tests.admin import people

UNDO = "Undo the decision"


def decided(client: FlaskClient, choice: str) -> str:
    """Decide about the newest signature as the queue does, with a moment for second thoughts."""
    found = people.signature()
    moderation.decide(
        people.member(), found.public_id, choice, template="fake", config=factories.config(), now=factories.now(),
        wait=SECOND_THOUGHTS,
    )  # fmt: skip
    return found.public_id


@pytest.mark.parametrize("choice", ["approve", "reject"])
def test_a_slip_is_told_to_nobody_and_leaves_the_address(client: FlaskClient, choice: str) -> None:
    factories.letter(more="review: all\n")
    factories.sign(client, **factories.ANA)
    found = decided(client, choice)
    assert people.signature().email is None
    decided(client, "restore")
    assert factories.mails("decision") == []
    assert (people.signature().state, people.signature().email) == ("held", "ana@example.org")
    decided(client, "approve")
    (mail,) = factories.mails("decision")
    assert (mail.recipient, (mail.values or {})["decision"]) == ("ana@example.org", "published")
    assert found


def test_a_decision_waits_for_second_thoughts_and_then_leaves(sqlite_client: FlaskClient) -> None:
    factories.letter(more="review: all\n")
    factories.sign(sqlite_client, **factories.ANA)
    decided(sqlite_client, "approve")
    assert factories.mails("decision")[0].due_at > factories.now()
    deliver_due(factories.config(), clock=factories.now)
    assert factories.mails("decision")[0].state == "queued"
    deliver_due(factories.config(), clock=lambda: factories.now() + SECOND_THOUGHTS)
    assert factories.mails("decision")[0].state == "sent"
    decided(sqlite_client, "restore")
    assert people.signature().email is None, "it was told and forgotten"


def test_who_was_told_before_is_told_again(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    team = people.browser(people.member())
    people.decision(team, found, "reject", template="fake")
    deliver_due(factories.config(), clock=factories.now)
    people.decision(team, found, "restore")
    assert [(mail.values or {}).get("decision") for mail in factories.mails("decision")] == [None, "held"]


def test_a_published_signature_whose_address_is_known_is_told_that_it_is_held(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA, updates="1")
    team = people.browser(people.member())
    people.decision(team, people.signature().public_id, "hold", reason="We have a question.")
    (mail,) = factories.mails("decision")
    assert (mail.recipient, (mail.values or {})["decision"]) == ("ana@example.org", "held")


def test_holding_can_be_undone(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    team = people.browser(people.member())
    found = people.signature().public_id
    people.decision(team, found, "hold")
    assert people.decision(team, found, "restore").status_code == 303
    assert people.signature().state == "published"
    assert factories.count(client)["total"] == 1


def test_a_rejection_from_the_list_leads_back_to_the_list(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA)
    team = people.browser(people.member())
    found = people.signature().public_id
    people.decision(team, found, "reject", template="fake")
    people.decision(team, found, "restore")
    assert people.signature().state == "published"
    assert people.decision(team, found, "restore").status_code == 409, "there is nothing left to undo"


def test_what_the_platform_held_is_nobodys_decision_to_undo(sqlite_client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(sqlite_client, **factories.ANA)
    sqlite_client.post(f"/signature/{token}", data={"action": "change", "comment": "Buy at www.example.com"})
    assert people.signature().state_before == "published"
    answer = people.decision(people.browser(people.member()), people.signature().public_id, "restore")
    assert answer.status_code == 409


def test_the_queue_offers_to_undo_right_after_a_decision_and_comes_back_to_its_group(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    team = people.browser(people.member())
    group = "/admin/letters/open-the-road/queue?flag=organisation"
    answer = people.post(team, f"/admin/signatures/{found}/decision", group, decision="approve", **{"from": group})
    assert answer.location == group
    page = team.get(group)
    assert UNDO in page.text
    undo = page.text.partition('class="notice"')[2].partition('name="seen" value="')[2].partition('"')[0]
    again = people.post(team, f"/admin/signatures/{found}/decision", group, decision="restore", seen=undo, **{"from": group})
    assert again.status_code == 303
    assert people.signature().state == "held"


def test_a_form_leads_nowhere_but_to_the_queue(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    team = people.browser(people.member())
    for elsewhere in (
        "https://evil.example/admin/", "//evil.example/admin/", "/admin/\\evil/queue", "/letters/x", "/admin/team", "/admin/x/queue?\n",
    ):  # fmt: skip
        answer = people.post(team, f"/admin/signatures/{found}/notes", note="Seen.", **{"from": elsewhere})
        assert answer.location == f"/admin/signatures/{found}", elsewhere


@pytest.mark.parametrize(("choice", "after_a_day"), [("approve", False), ("reject", True)])
def test_the_signatures_page_offers_it_for_a_day(sqlite_client: FlaskClient, choice: str, after_a_day: bool) -> None:
    found = people.held_union(sqlite_client)
    member = people.member()
    start = factories.now()
    with time_machine.travel(start, tick=False):
        people.decision(people.browser(member), found, choice, template="fake")
    for later, offered in ((timedelta(hours=23, minutes=59), True), (timedelta(hours=24), after_a_day)):
        with time_machine.travel(start + later, tick=False):
            assert (UNDO in people.browser(member).get(f"/admin/signatures/{found}").text) == offered


def test_a_viewer_is_offered_nothing(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    people.decision(people.browser(people.member()), found, "approve")
    assert UNDO not in people.browser(people.member("viewer")).get(f"/admin/signatures/{found}").text
