"""A puzzle has a bounded answer; only what we issued, for the same thing, in time, is worth anything."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import altcha
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as any_of

from petition import challenge

SECRET, OTHER = "s" * 40, "t" * 40
NOON = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def puzzle(about="1", load=0.0, secret=SECRET):
    return challenge.puzzle(about, load=load, secret=secret, now=NOON)


def solved(found, **changes):
    """The payload of a solved puzzle, some of its parameters changed after it was signed."""
    solution = altcha.solve_challenge(altcha.Challenge.from_dict(found))
    body = {"challenge": found | {"parameters": found["parameters"] | changes}, "solution": solution.to_dict()}
    return base64.b64encode(json.dumps(body).encode()).decode()


@pytest.fixture
def easy(monkeypatch):
    monkeypatch.setattr(challenge, "TRIES", 50)


def test_a_solved_puzzle_is_worth_one_pass_until_it_expires(easy, clock):
    payload = solved(puzzle())
    found = challenge.proof(payload, "1", secret=SECRET)
    assert found.signal == "came_by_proof"
    assert found.expires_at == NOON.replace(microsecond=0) + challenge.PROOF_LASTS
    assert challenge.proof(payload, "1", secret=SECRET) == found
    clock.shift(challenge.PROOF_LASTS + timedelta(seconds=1))
    assert challenge.proof(payload, "1", secret=SECRET) is None


def test_a_proof_for_another_letter_or_from_another_site_is_worth_nothing(easy):
    assert challenge.proof(solved(puzzle("2")), "1", secret=SECRET) is None
    assert challenge.proof(solved(puzzle(secret=OTHER)), "1", secret=SECRET) is None


@pytest.mark.parametrize(
    "changes",
    [{"keyPrefix": "00"}, {"data": {"about": "1", "most": 1}}, {"expiresAt": 2**31}, {"cost": 0}, {"nonce": "00" * 16}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_puzzle_made_easier_is_worth_nothing(easy, changes):
    assert challenge.proof(solved(puzzle(), **changes), "1", secret=SECRET) is None


def test_a_wrong_answer_is_worth_nothing(easy):
    body = json.loads(base64.b64decode(solved(puzzle())))
    body["solution"]["counter"] += 1
    assert challenge.proof(base64.b64encode(json.dumps(body).encode()).decode(), "1", secret=SECRET) is None


@given(any_of.text(max_size=80) | any_of.binary(max_size=80).map(lambda raw: base64.b64encode(raw).decode()))
def test_rubbish_is_worth_nothing(text):
    assert challenge.proof(text, "1", secret=SECRET) is None
    assert challenge.genuine(text, "1", "n", secret=SECRET, now=NOON) is None


@pytest.mark.parametrize("body", [[], {}, {"challenge": []}, {"challenge": {"parameters": {}}, "solution": 1}, None, 1, "x"])
def test_json_of_another_shape_is_worth_nothing(body):
    assert challenge.proof(base64.b64encode(json.dumps(body).encode()).decode(), "1", secret=SECRET) is None


def test_what_is_far_too_long_is_not_looked_at():
    assert challenge.proof("A" * 200_000, "1", secret=SECRET) is None
    assert challenge.genuine("1." * 100_000, "1", "n", secret=SECRET, now=NOON) is None


@pytest.mark.parametrize(("load", "most"), [(0, 150_000), (1, 150_000), (1.2, 180_000), (9_000, 225_000)])
def test_the_work_has_an_upper_end_and_grows_with_the_load(monkeypatch, load, most):
    asked = []
    monkeypatch.setattr(challenge.secrets, "randbelow", lambda end: asked.append(end) or 0)
    assert puzzle(load=load)["parameters"]["data"]["most"] == most
    assert asked == [most]


def test_a_ticket_ripens_in_a_minute_and_lasts_an_hour():
    held = challenge.ticket("1", "n", secret=SECRET, now=NOON)
    for seconds, waits in ((0, 60), (0.5, 60), (1, 59), (59.5, 1), (60, 0), (3_599, 0)):
        now = NOON + timedelta(seconds=seconds)
        found = challenge.genuine(held.text, "1", "n", secret=SECRET, now=now)
        assert found is not None
        assert found.waits(now) == waits, seconds
    assert found.admits.signal == "came_by_ticket"
    assert found.admits.expires_at == NOON + challenge.TICKET_LASTS
    for seconds in (3_600, 86_400, -1):
        assert challenge.genuine(held.text, "1", "n", secret=SECRET, now=NOON + timedelta(seconds=seconds)) is None


def test_a_ticket_of_another_letter_network_or_site_or_one_dated_back_is_worth_nothing():
    held = challenge.ticket("1", "n", secret=SECRET, now=NOON)
    later = NOON + timedelta(minutes=5)
    for about, network, secret in (("2", "n", SECRET), ("1", "m", SECRET), ("1", "n", OTHER)):
        assert challenge.genuine(held.text, about, network, secret=secret, now=later) is None
    issued, nonce, mark = held.text.split(".")
    for forged in (f"{int(issued) - 60}.{nonce}.{mark}", f"{issued}.{'0' * 32}.{mark}", f"{issued}.{nonce}.", "..", "1.2.é"):
        assert challenge.genuine(forged, "1", "n", secret=SECRET, now=later) is None


def test_no_two_tickets_or_puzzles_are_the_same():
    assert len({challenge.ticket("1", "n", secret=SECRET, now=NOON).text for _ in range(50)}) == 50
    assert len({puzzle()["parameters"]["nonce"] for _ in range(50)}) == 50
