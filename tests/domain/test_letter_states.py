"""A letter takes signatures only while it is open."""

from datetime import timedelta

import pytest

from petition.audit import COMMAND_LINE
from petition.letters import operations
from tests.factories import ANA, SIGN, ask, count, letter, now


def test_a_draft_is_not_there_for_the_public(client):
    letter(status="draft")
    for address in ("", "/sign", "/signatories", "/integrity", "/find", "/check-your-inbox"):
        assert client.get(f"/letters/open-the-road{address}").status_code == 404
    assert client.get("/api/v1/letters/open-the-road/count").status_code == 404
    assert client.get("/api/v1/letters").json["letters"] == []
    assert client.post(SIGN, data=ANA).status_code == 404


@pytest.mark.parametrize(("status", "words"), [("paused", "signing is paused"), ("closed", "closed")])
def test_a_letter_that_is_not_open_says_so_and_takes_nothing(client, status, words):
    found = letter()
    operations.set_status(found, status, actor=COMMAND_LINE, now=now())
    page = client.get("/letters/open-the-road").text
    assert words in page
    assert 'action="/letters/open-the-road/sign"' not in page
    assert client.post(SIGN, data=ANA).status_code == 409


@pytest.mark.parametrize(
    ("field", "days", "state"), [("opens", 1, "upcoming"), ("opens", -1, "open"), ("closes", 1, "open"), ("closes", -1, "closed")]
)
def test_opening_and_closing_times_count(client, field, days, state):
    moment = (now() + timedelta(days=days)).isoformat()
    found = letter(more=f"{field}: {moment}\n")
    assert found.state(now()) == state
    assert client.post(SIGN, data=ANA).status_code == (303 if state == "open" else 409)


def test_a_closed_letter_cannot_be_opened_again(app):
    found = letter()
    operations.set_status(found, "closed", actor=COMMAND_LINE, now=now())
    with pytest.raises(operations.NotPublishable):
        operations.set_status(found, "open", actor=COMMAND_LINE, now=now())


def test_who_asked_in_time_may_confirm_until_a_day_after_closing(client):
    import time_machine

    closes = now() + timedelta(hours=1)
    letter(more=f"closes: {closes.isoformat()}\n")
    first, second = ask(client, **ANA), ask(client, **ANA | {"name": "B", "email": "b@example.org"})
    with time_machine.travel(closes + timedelta(hours=23), tick=False):
        assert client.post(f"/signature/{first}", data={"action": "confirm"}).status_code == 303
    with time_machine.travel(closes + timedelta(hours=25), tick=False):
        assert client.post(f"/signature/{second}", data={"action": "confirm"}).status_code == 409
    assert count(client)["people"] == 1


def test_a_letter_asks_for_review_of_everybody_when_it_says_so(client):
    from tests.factories import sign

    letter(more="review: all\n")
    sign(client, **ANA)
    assert count(client)["held"] == 1
