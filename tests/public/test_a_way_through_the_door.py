"""A spent limit shuts nobody out: a proof or a ripe ticket lets one post through, once, and leaves a signal."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from petition.audit import COMMAND_LINE
from petition.db import db, transaction
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.upkeep import retention
from tests.factories import ANA, ARAM, SIGN, letter, mails, now
from tests.public.door import CHALLENGE, allow, proof, requests, spent, ticket


@pytest.fixture
def client(guarded):
    return guarded.test_client()


def switch(proof: str) -> None:
    with transaction() as session:
        session.get_one(Letter, letters.find("open-the-road").id).proof = proof


def test_the_page_keeps_what_was_typed_says_what_to_do_and_may_run_its_script(client):
    page = spent(client)
    assert "Many people are signing from your network just now." in page.text
    assert "Please wait one minute, then press “Send again”." in page.text
    assert "Ana Sample" in page.text
    assert "ana@example.org" in page.text
    assert page.headers["Retry-After"] == "60"
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert '<script type="module" src="/static/challenge.js?v=' in page.text
    with client.get("/static/challenge.js") as script:
        assert script.mimetype == "text/javascript"


def test_no_other_page_may_run_a_script(client):
    refused = client.post(SIGN, data={"name": ""})
    for page in (client.get("/letters/open-the-road/signatories"), client.get(SIGN), refused):
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "<script" not in page.text
    assert re.findall(r'<script src="/static/(\w+)', client.get("/letters/open-the-road").text) == ["count"], "nor this one there"


def test_a_proof_lets_one_post_through_and_no_other(client):
    spent(client)
    payload = proof(client)
    assert client.post(SIGN, data=ANA | {"altcha": payload}).status_code == 303
    again = client.post(SIGN, data=ARAM | {"altcha": payload})
    assert again.status_code == 429
    assert "used for another signature already" in again.text
    assert [each.signals for each in requests()] == [[], ["network_burst", "came_by_proof"]]


def test_the_same_form_sent_twice_with_its_proof_is_one_request(client):
    spent(client)
    payload = proof(client)
    assert [client.post(SIGN, data=ANA | {"altcha": payload}).status_code for _ in range(2)] == [303, 303]
    assert len(requests()) == 2


def test_a_fault_in_the_form_does_not_use_the_proof_up(client):
    spent(client)
    payload = proof(client)
    page = client.post(SIGN, data=ANA | {"altcha": payload, "name": ""})
    assert page.status_code == 422
    assert f'name="altcha" value="{payload}"' in page.text
    assert client.post(SIGN, data=ANA | {"altcha": payload}).status_code == 303


def test_a_letter_changed_meanwhile_does_not_use_the_proof_up(client):
    spent(client)
    payload = proof(client)
    page = client.post(SIGN, data=ANA | {"altcha": payload, "version": "7"})
    assert page.status_code == 409
    assert f'name="altcha" value="{payload}"' in page.text
    assert client.post(SIGN, data=ANA | {"altcha": payload}).status_code == 303


def test_a_proof_nobody_needs_is_neither_spent_nor_noted(client):
    payload = proof(client)
    assert client.post(SIGN, data=ANA | {"altcha": payload}).status_code == 303
    allow("sign_burst", 1)
    assert client.post(SIGN, data=ARAM).status_code == 429
    assert client.post(SIGN, data=ARAM | {"altcha": payload}).status_code == 303
    assert [each.signals for each in requests()] == [[], ["network_burst", "came_by_proof"]]


def test_a_proof_for_another_letter_opens_nothing(client):
    letter("another-road")
    spent(client)
    payload = proof(client, "/letters/another-road/challenge")
    assert client.post(SIGN, data=ANA | {"altcha": payload}).status_code == 429


def test_the_puzzle_is_for_everybody_in_every_language_and_never_stored(client):
    for address in (CHALLENGE, f"/ar{CHALLENGE}"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.mimetype == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert answer.json["parameters"]["algorithm"] == "SHA-256"
    assert client.get("/letters/nowhere/challenge").status_code == 404


def test_a_ticket_sent_too_early_stays_the_same_and_says_how_long(client, clock):
    held = ticket(spent(client))
    clock.shift(timedelta(seconds=20))
    early = client.post(SIGN, data=ANA | {"ticket": held})
    assert early.status_code == 429
    assert ticket(early) == held
    assert "Please wait 40 seconds" in early.text
    assert early.headers["Retry-After"] == "40"


@pytest.fixture
def hour(client, clock):
    """An hour's limit is spent, so that waiting a minute frees nothing but the ticket; returns the ticket."""
    allow("sign_sustained", 1, 3600)
    assert client.post(SIGN, data=ANA | {"name": "First"}).status_code == 303
    page = client.post(SIGN, data=ANA)
    assert page.status_code == 429
    clock.shift(timedelta(seconds=60))
    return ticket(page)


def test_a_ripe_ticket_lets_one_post_through_and_no_other(client, hour):
    assert client.post(SIGN, data=ANA | {"ticket": hour}).status_code == 303
    again = client.post(SIGN, data=ARAM | {"ticket": hour})
    assert again.status_code == 429
    assert ticket(again) != hour
    assert [each.signals for each in requests()] == [[], ["network_burst", "came_by_ticket"]]


def test_a_fault_in_the_form_does_not_use_the_ticket_up(client, hour):
    page = client.post(SIGN, data=ANA | {"ticket": hour, "email": "nonsense"})
    assert page.status_code == 422
    assert ticket(page) == hour
    assert client.post(SIGN, data=ANA | {"ticket": hour}).status_code == 303


def test_a_ticket_of_another_letter_another_network_or_forged_opens_nothing(client, hour):
    letter("another-road")
    assert client.post("/letters/another-road/sign", data=ANA | {"ticket": hour}).status_code == 429
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    assert client.post(SIGN, data=ARAM, environ_base=elsewhere).status_code == 303
    assert client.post(SIGN, data=ANA | {"ticket": hour}, environ_base=elsewhere).status_code == 429
    for forged in (hour[:-1] + ("0" if hour[-1] != "0" else "1"), "1" + hour, "x", f"{hour}.{hour}"):
        page = client.post(SIGN, data=ANA | {"ticket": forged})
        assert page.status_code == 429
        assert page.headers["Retry-After"] == "60"
    assert client.post(SIGN, data=ANA | {"ticket": hour}).status_code == 303


def test_a_ticket_that_grew_too_old_is_replaced(client, hour, clock):
    allow("sign_sustained", 1, 86_400)
    assert client.post(SIGN, data=ARAM).status_code == 303
    clock.shift(timedelta(minutes=59))
    page = client.post(SIGN, data=ANA | {"ticket": hour})
    assert page.status_code == 429
    assert ticket(page) != hour


def test_tickets_let_in_only_so_many_a_minute_and_the_others_stay_good(client, hour, clock):
    held = [ticket(client.post(SIGN, data=ANA)) for _ in range(3)]
    allow("tickets", 2)
    clock.shift(timedelta(seconds=60))
    statuses = [client.post(SIGN, data=ANA | {"name": f"Ana {one[:40]}", "ticket": one}) for one in (hour, *held)]
    assert [each.status_code for each in statuses] == [303, 303, 429, 429]
    assert ticket(statuses[-1]) == held[-1]
    assert "waiting with you" in statuses[-1].text
    clock.shift(timedelta(minutes=2))
    assert client.post(SIGN, data=ANA | {"ticket": held[-1]}).status_code == 303


def test_a_spent_ticket_takes_nobody_elses_turn(client, hour, clock):
    neighbour = ticket(client.post(SIGN, data=ANA))
    allow("tickets", 2)
    clock.shift(timedelta(seconds=60))
    assert client.post(SIGN, data=ANA | {"name": "Bearer", "ticket": hour}).status_code == 303
    for number in range(3):
        again = client.post(SIGN, data=ANA | {"name": f"Again {number}", "ticket": hour})
        assert (again.status_code, "used for another signature" in again.text) == (429, True)
    assert client.post(SIGN, data=ANA | {"name": "Neighbour", "ticket": neighbour}).status_code == 303


def test_what_one_network_sends_too_much_asks_nobody_else_for_a_proof(client):
    allow("sign_burst", 2)
    allow("letter_load", 5)
    client.environ_base["REMOTE_ADDR"] = "203.0.113.5"
    for _ in range(12):
        client.post(SIGN, data={})
    client.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert client.post(SIGN, data=ANA).status_code == 303


def test_whoever_waited_until_the_limit_is_free_needs_no_ticket(client, clock):
    held = ticket(spent(client))
    clock.shift(timedelta(minutes=2))
    assert client.post(SIGN, data=ANA | {"ticket": held}).status_code == 303
    assert requests()[-1].signals == []


def test_one_mail_domain_has_its_limit_from_however_many_networks(client):
    allow("domain", 3, 3600)
    answers = [
        client.post(SIGN, data=ANA | {"email": f"a{number}@x{number}.wave.example.com"}, environ_base={"REMOTE_ADDR": f"10.{number}.0.1"})
        for number in range(4)
    ]
    assert [each.status_code for each in answers] == [303, 303, 303, 429]
    assert "addresses at your mail provider" in answers[-1].text
    fields = ANA | {"email": "a4@wave.example.com", "altcha": proof(client)}
    assert client.post(SIGN, data=fields, environ_base={"REMOTE_ADDR": "10.4.0.1"}).status_code == 303
    assert requests()[-1].signals == ["domain_burst", "came_by_proof"]
    assert client.post(SIGN, data=ANA | {"email": "ana@elsewhere.example"}).status_code == 303


def test_a_large_free_mail_provider_has_far_more(client):
    allow("domain", 1, 3600)
    for number in range(4):
        fields = ANA | {"email": f"ana{number}@mail.ru"}
        assert client.post(SIGN, data=fields).status_code == 303
    allow("free_mail", 4, 3600)
    assert client.post(SIGN, data=ANA | {"email": "ana9@mail.ru"}).status_code == 429


def from_everywhere(client, number, **fields):
    return client.post(SIGN, data=ANA | {"name": f"Ana {number}"} | fields, environ_base={"REMOTE_ADDR": f"10.{number}.0.1"})


def test_under_load_everybody_is_asked_for_a_proof(client):
    allow("letter_load", 3)
    answers = [from_everywhere(client, number) for number in range(5)]
    assert [each.status_code for each in answers] == [303, 303, 303, 429, 429]
    assert "Many people are signing this letter just now." in answers[-1].text
    assert from_everywhere(client, 5, altcha=proof(client)).status_code == 303
    assert requests()[-1].signals == ["letter_load", "came_by_proof"]
    letter("another-road")
    assert client.post("/letters/another-road/sign", data=ANA).status_code == 303


def test_the_more_load_the_more_work(client):
    allow("letter_load", 4)
    for number in range(5):
        from_everywhere(client, number)
    assert client.get(CHALLENGE).json["parameters"]["data"]["most"] == 125
    for number in range(5, 30):
        from_everywhere(client, number)
    assert client.get(CHALLENGE).json["parameters"]["data"]["most"] == 150


def test_the_whole_site_has_a_limit_too(client):
    allow("site_load", 2)
    letter("another-road")
    client.post("/letters/another-road/sign", data=ANA)
    assert [from_everywhere(client, number).status_code for number in range(2)] == [303, 429]
    assert from_everywhere(client, 2, altcha=proof(client)).status_code == 303
    assert requests()[-1].signals == ["came_by_proof"]


def test_switched_on_by_a_moderator_everybody_is_asked(client):
    switch("on")
    page = client.post(SIGN, data=ANA)
    assert page.status_code == 429
    assert "guarded more closely" in page.text
    assert client.post(SIGN, data=ANA | {"altcha": proof(client)}).status_code == 303
    assert requests()[-1].signals == ["came_by_proof"]


def test_switched_off_load_asks_nobody_and_a_spent_network_is_asked_still(client):
    switch("off")
    allow("letter_load", 1)
    assert [from_everywhere(client, number).status_code for number in range(3)] == [303] * 3
    assert requests()[-1].signals == ["letter_load"]
    allow("sign_burst", 1)
    client.post(SIGN, data=ANA)
    assert client.post(SIGN, data=ARAM).status_code == 429


def test_nobody_works_for_a_letter_that_takes_no_signatures(client):
    switch("on")
    letters.set_status(letters.find("open-the-road"), "paused", actor=COMMAND_LINE, now=now())
    assert client.post(SIGN, data=ANA).status_code == 409


@pytest.mark.parametrize("guarded", [{"limits": "off"}], indirect=True)
def test_with_the_limits_off_nothing_is_refused_and_everything_noted(client):
    allow("sign_burst", 1)
    allow("domain", 2, 3600)
    allow("letter_load", 3)
    for number in range(4):
        assert client.post(SIGN, data=ANA | {"name": f"Ana {number}"}).status_code == 303
    assert [each.signals for each in requests()] == [
        [], ["network_burst"], ["network_burst", "domain_burst"], ["network_burst", "letter_load", "domain_burst"]
    ]  # fmt: skip
    assert len({each.network for each in requests()}) == 1


def test_a_request_keeps_the_keyed_hash_of_its_network_and_no_address(client):
    client.post(SIGN, data=ANA, environ_base={"REMOTE_ADDR": "203.0.113.7"})
    client.post(SIGN, data=ARAM, environ_base={"REMOTE_ADDR": "203.0.113.99"})
    first, second = requests()
    assert first.network == second.network == client.application.extensions["limiter"].network_hash("203.0.113.1")
    assert len(first.network) == 64


def test_the_hash_of_a_network_is_forgotten_with_its_key(client):
    client.post(SIGN, data=ANA)
    retention.purge(now() + timedelta(hours=71))
    assert requests()[0].network is not None
    retention.purge(now() + timedelta(hours=72))
    assert requests()[0].network is None


FINDING = "/letters/open-the-road/find"


def test_whoever_asks_for_a_lost_link_from_a_crowded_network_finds_a_way_through_too(client, clock):
    allow("find", 1, 3600)
    assert client.post(FINDING, data={"email": "ana@example.org"}).status_code == 200
    page = client.post(FINDING, data={"email": "aram@example.org"})
    assert page.status_code == 429
    assert "aram@example.org" in page.text
    assert "asking for their links" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    payload = proof(client)
    answers = [client.post(FINDING, data={"email": "aram@example.org", "altcha": payload}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    clock.shift(timedelta(seconds=60))
    held = ticket(page)
    assert client.post(FINDING, data={"email": "nonsense", "ticket": held}).status_code == 422
    assert [client.post(FINDING, data={"email": "aram@example.org", "ticket": held}).status_code for _ in range(2)] == [200, 429]
    assert len(mails("find")) == 3


def test_used_proofs_are_forgotten_once_nobody_could_use_them_again(client, hour, clock):
    assert client.post(SIGN, data=ANA | {"ticket": hour}).status_code == 303
    allow("sign_burst", 1)
    assert client.post(SIGN, data=ARAM | {"altcha": proof(client)}).status_code == 303
    for hours, left in ((1.5, 1), (2, 0)):
        clock.move_to(now())
        retention.purge(now() + timedelta(hours=hours))
        db.session.rollback()
        assert len(db.session.execute(db.text("SELECT digest FROM spent_proof")).all()) == left
