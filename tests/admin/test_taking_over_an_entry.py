"""A second representative of an organisation asks to answer for its entry; the team decides, and the old links die."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from petition import audit
from petition.db import db
from petition.signatures.models import LinkToken, Signature, SigningRequest, Takeover
from petition.signatures.takeovers import CLAIM, MOST
from tests import factories
from tests.admin import people
from tests.factories import UNION, last_token, letter, mails, sign

SECOND = UNION | {"name": "Second Speaker", "email": "second@bakers.example.org"}


def every(model):  # type: ignore[no-untyped-def]
    db.session.rollback()
    return list(db.session.scalars(select(model).order_by(model.id)))


def asked(client: FlaskClient, **fields: str) -> str:
    """Ask to take over; returns the request's token."""
    token = sign(client, **SECOND | fields)
    answer = client.post(f"/signature/{token}", data={"action": "take-over"})
    assert answer.status_code == 200
    assert "The team has your request" in answer.text
    return token


def decide(number: int, decision: str, entry: str = "", **fields: str):  # type: ignore[no-untyped-def]
    team = people.browser(people.member())
    entry = entry or people.signature().public_id
    return people.post(team, f"/admin/takeovers/{number}/decision", "/admin/letters", decision=decision, entry=entry, **fields)


def test_the_offer_stands_where_the_entry_was_found_to_be_taken(client: FlaskClient) -> None:
    letter()
    sign(client, **UNION)
    token = sign(client, **SECOND)
    assert "Ask to take over" in client.get(f"/signature/{token}?done=taken").text
    assert "Ask to take over" not in client.get(f"/signature/{token}").text


def test_asking_keeps_the_asker_for_the_team_and_forgets_the_request(client: FlaskClient) -> None:
    letter()
    sign(client, **UNION)
    factories.ask(client, **SECOND | {"comment": "Another attempt"})
    token = asked(client)
    (row,) = every(Takeover)
    assert (row.name, row.email, row.language) == ("Second Speaker", "second@bakers.example.org", "en")
    assert every(SigningRequest) == []
    assert client.get(f"/signature/{token}").status_code == 404
    assert CLAIM in people.signature().flags
    for page in ("/letters/open-the-road", "/letters/open-the-road/signatories", "/api/v1/letters/open-the-road/signatories"):
        assert "Second" not in client.get(page).text


def test_asking_twice_is_asking_once(client: FlaskClient) -> None:
    letter()
    sign(client, **UNION)
    asked(client)
    asked(client, name="Second Speaker-Sample")
    (row,) = every(Takeover)
    assert row.name == "Second Speaker-Sample"


def test_nobody_takes_over_what_is_not_taken(client: FlaskClient) -> None:
    letter()
    token = factories.ask(client, **SECOND)
    assert client.post(f"/signature/{token}", data={"action": "take-over"}).status_code == 409
    person = factories.ask(client, **factories.ANA)
    assert client.post(f"/signature/{person}", data={"action": "take-over"}).status_code == 404
    mine = sign(client, **SECOND)
    assert client.post(f"/signature/{mine}", data={"action": "take-over"}).status_code == 404
    assert every(Takeover) == []
    assert len(every(SigningRequest)) == 1


def test_a_flood_of_mailboxes_cannot_bury_the_team(client: FlaskClient) -> None:
    letter()
    sign(client, **UNION)
    for number in range(MOST):
        asked(client, email=f"second{number}@bakers.example.org")
    token = sign(client, **SECOND)
    assert client.post(f"/signature/{token}", data={"action": "take-over"}).status_code == 409
    assert len(every(Takeover)) == MOST


def test_the_entrys_page_shows_who_asks_and_only_an_owner_the_address(client: FlaskClient) -> None:
    entry = people.held_union(client)
    asked(client)
    page = people.browser(people.member()).get(f"/admin/signatures/{entry}").text
    assert "Second Speaker" in page
    assert "second@bakers.example.org" not in page
    assert "bakers.example.org" in page
    assert "second@bakers.example.org" in people.browser(people.member("owner")).get(f"/admin/signatures/{entry}").text
    viewer = people.browser(people.member("viewer"))
    assert "Second Speaker" not in viewer.get(f"/admin/signatures/{entry}").text
    assert "Sample Union of Bakers" in people.browser(people.member()).get("/admin/letters/open-the-road").text
    assert "take over" not in viewer.get("/admin/letters/open-the-road").text


def test_an_approved_representative_has_the_entry_and_the_only_link(client: FlaskClient) -> None:
    letter()
    old = sign(client, **UNION)
    factories.sign(client, **factories.ANA)
    other = last_token()
    asked(client)
    (row,) = every(Takeover)
    entry = people.signature("Sample Union of Bakers").public_id
    assert decide(row.id, "approve", entry).status_code == 303
    found = people.signature("Sample Union of Bakers")
    assert (found.name, found.email, found.level) == ("Second Speaker", "second@bakers.example.org", "domain")
    assert every(Takeover) == []
    assert CLAIM not in found.flags
    assert client.get(f"/signature/{old}").status_code == 404
    told_old, told_new = mails("takeover")
    assert (told_old.recipient, (told_old.values or {})["outcome"]) == ("rita@bakers.example.org", "replaced")
    assert "Second" not in str(told_old.values)
    assert "second@" not in str(told_old.values)
    assert (told_old.values or {})["token"] is None
    assert told_new.recipient == "second@bakers.example.org"
    assert client.get(f"/signature/{last_token('takeover')}").status_code == 200
    assert client.get(f"/signature/{other}").status_code == 200
    client.post(f"/signature/{last_token('takeover')}", data={"action": "withdraw"})
    assert factories.count(client)["held"] == 0


def test_a_change_that_waited_for_the_earlier_mailbox_dies_with_its_links(client: FlaskClient) -> None:
    letter()
    sign(client, **UNION)
    asked(client)
    (row,) = every(Takeover)
    decide(row.id, "approve")
    assert len([each for each in every(LinkToken) if each.signature_id is not None]) == 1
    again = sign(client, **UNION)
    assert client.get(f"/signature/{again}?done=taken").status_code == 200
    assert people.signature().name == "Second Speaker"


def test_a_refusal_tells_the_asker_why_and_changes_nothing(client: FlaskClient) -> None:
    letter()
    old = sign(client, **UNION)
    asked(client)
    (row,) = every(Takeover)
    assert decide(row.id, "refuse").status_code == 422
    assert decide(row.id, "refuse", reason="The union names another speaker.").status_code == 303
    (mail,) = mails("takeover")
    assert mail.recipient == "second@bakers.example.org"
    assert (mail.values or {})["reason"] == "The union names another speaker."
    assert client.get(f"/signature/{old}").status_code == 200
    assert every(Takeover) == []
    assert people.signature().name == "Rita Representative"


def test_the_second_moderator_learns_who_decided(client: FlaskClient) -> None:
    letter()
    sign(client, **UNION)
    asked(client)
    (row,) = every(Takeover)
    number = row.id
    decide(number, "approve")
    answer = decide(number, "refuse", reason="Unknown.")
    assert answer.status_code == 409
    assert "moderator@team.example.org decided this" in answer.text
    assert decide(number + 7, "approve").status_code == 404
    assert decide(2**63 - 1, "approve").status_code == 404
    entry = audit.of("signature", people.signature().public_id)[-1]
    assert (entry.action, entry.details["takeover"]) == ("signature.represented", number)


def test_a_withdrawn_entry_takes_the_requests_with_it(client: FlaskClient) -> None:
    letter()
    old = sign(client, **UNION)
    asked(client)
    client.post(f"/signature/{old}", data={"action": "withdraw"})
    assert every(Takeover) == []


def test_a_rejected_entry_is_taken_over_by_nobody(client: FlaskClient) -> None:
    entry = people.held_union(client)
    asked(client)
    (row,) = every(Takeover)
    number = row.id
    people.decision(people.browser(people.member()), entry, "reject", reason="No such union.")
    assert decide(number, "approve").status_code == 409
    assert every(Signature)[0].name == "Rita Representative"
