"""A decision is about what its page showed: changed words, a withdrawal or another's decision are told, not overruled."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from petition.db import transaction
from petition.moderation import row
from petition.signatures import transitions
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people


def seen(client: FlaskClient, public_id: str) -> str:
    """What the signature's page says it shows."""
    found = re.search(r'name="seen" value="([^"]+)"', client.get(f"/admin/signatures/{public_id}").text)
    assert found is not None
    return found[1]


def waiting(client: FlaskClient) -> tuple[str, str]:
    """Ana waits with a comment that is looked at; her link and her public id."""
    factories.letter(more="review: all\n")
    token = factories.sign(client, **factories.ANA, comment="Mine")
    return token, people.signature().public_id


def test_words_that_changed_meanwhile_are_not_approved(sqlite_client: FlaskClient) -> None:
    token, found = waiting(sqlite_client)
    team = people.browser(people.member())
    before = seen(team, found)
    sqlite_client.post(f"/signature/{token}", data={"action": "change", "comment": "Buy my watches"})
    answer = people.decision(team, found, "approve", seen=before)
    assert answer.status_code == 409
    assert "changed by its signatory since you opened it" in answer.text
    assert people.signature().state == "held"
    assert people.decision(team, found, "approve", seen=seen(team, found)).status_code == 303


def test_every_word_that_readers_would_see_counts(sqlite_client: FlaskClient) -> None:
    waiting(sqlite_client)
    member = people.member()
    seen_before = {row(member, people.signature()).seen}
    for field, value in (("name", "Eve"), ("organisation", "Sample"), ("role", "nurse"), ("country", "FR"), ("visibility", "initials")):
        with transaction() as session:
            transitions.reshape(session, session.query(Signature).one(), {field: value}, now=factories.now())
        now = row(member, people.signature()).seen
        assert now not in seen_before, field
        seen_before.add(now)


def test_one_more_flag_is_no_change_of_words(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    team = people.browser(people.member())
    before = seen(team, found)
    factories.sign(sqlite_client, **(factories.UNION | {"email": "second@bakers.example.org"}))
    assert people.decision(team, found, "approve", seen=before).status_code == 303


def test_a_withdrawn_signature_says_so(sqlite_client: FlaskClient) -> None:
    token, found = waiting(sqlite_client)
    team = people.browser(people.member())
    before = seen(team, found)
    sqlite_client.post(f"/signature/{token}", data={"action": "withdraw"})
    page = team.get("/admin/")
    given = {"csrf_token": people.token(page), "decision": "approve", "seen": before}
    answer = team.post(f"/admin/signatures/{found}/decision", data=given)
    assert answer.status_code == 409
    assert "withdrawn by its signatory" in answer.text


def test_what_the_signatory_did_is_not_said_of_a_moderator(sqlite_client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(sqlite_client, **factories.UNION)
    found, team = people.signature().public_id, people.browser(people.member())
    people.decision(team, found, "approve")
    before = seen(team, found)
    sqlite_client.post(f"/signature/{token}", data={"action": "change", "organisation": "Sample Union of Bankers"})
    answer = people.decision(team, found, "hold", seen=before)
    assert answer.status_code == 409
    assert "decided this" not in answer.text
    assert people.signature().decided_at is None
    assert "Undo the decision" not in team.get(f"/admin/signatures/{found}").text


def test_a_digest_tells_nothing_of_hidden_words(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA, visibility="counted", deliver="1")
    member = people.member()
    one = row(member, people.signature()).seen
    with transaction() as session:
        session.query(Signature).one().name = "Somebody Else"
    assert row(member, people.signature()).seen == one


def test_the_queues_script_is_told_in_json_who_decided(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    one, two = people.browser(people.member()), people.browser(people.member("owner"))
    page = two.get("/admin/")
    people.decision(one, found, "approve", seen="held")
    given = {"csrf_token": people.token(page), "decision": "approve", "seen": "held"}
    answer = two.post(f"/admin/signatures/{found}/decision", data=given, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "already_decided")
    assert "moderator@team.example.org decided this on 20" in answer.json["error"]["message"]


def test_the_queues_script_gets_what_it_shows_and_what_undoing_needs(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    team = people.browser(people.member())
    given = {"csrf_token": people.token(team.get("/admin/")), "decision": "reject", "template": "fake"}
    answer = team.post(f"/admin/signatures/{found}/decision", data=given, headers={"Accept": "application/json"})
    assert answer.json["message"] == "Rejected. It does not count."
    assert answer.json["lead"].startswith("0 signatures")
    undone = given | {"decision": "restore", "seen": answer.json["seen"]}
    assert team.post(f"/admin/signatures/{found}/decision", data=undone, headers={"Accept": "application/json"}).json["state"] == "held"
    missing = {"csrf_token": given["csrf_token"], "decision": "reject"}
    answer = team.post(f"/admin/signatures/{found}/decision", data=missing, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid")
