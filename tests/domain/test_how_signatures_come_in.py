"""How signatures come in is counted as it happens, in few statements, and nothing of it leads to anybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, inspect, select

from petition.db import db, transaction
from petition.letters.models import Letter
from petition.signatures import flow, series, transitions
from petition.signatures.models import FlowTally, LanguageTally, Signature, SigningRequest
from petition.upkeep import retention
from tests import factories
from tests.waves import NOON, faults

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY, CAME = NOON.date().isoformat(), flow.hour(NOON)


def counted(*names: str) -> dict[str, dict[str, int]]:
    """What is counted in these series, by key; cells that came to nothing left out."""
    db.session.rollback()
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in db.session.scalars(select(FlowTally).where(FlowTally.series.in_(names))):
        found[row.series][row.key] = found[row.series].get(row.key, 0) + row.count
    return {name: {key: number for key, number in cells.items() if number} for name, cells in found.items()}


def confirm(client: FlaskClient, token: str) -> None:
    assert client.post(f"/signature/{token}", data={"action": "confirm"}).status_code == 303


def test_several_requests_of_a_mailbox_that_end_in_one_signature_are_one(client: FlaskClient) -> None:
    factories.letter()
    with time_machine.travel(NOON, tick=False) as clock:
        factories.ask(client, **factories.ANA, s="newsletter")
        factories.ask(client, **factories.ANA, s="poster")  # the same submission by another link: the same request
        factories.ask(client, **factories.ARAM)  # nobody confirms it
        clock.shift(2 * MINUTE)
        factories.ask(client, **factories.ANA | {"role": "Baker"}, s="<script>")
        assert counted("asked", "confirmed") == {"asked": {TODAY: 3}, "confirmed": {}}
        clock.shift(3 * MINUTE)
        token = str((factories.mails()[0].values or {})["token"])
        confirm(client, token)
        confirm(client, token)
        assert counted("asked", "confirmed", "waited") == {"asked": {TODAY: 2}, "confirmed": {TODAY: 1}, "waited": {"15 min": 1}}
        assert counted("source", flow.HOURS["person"]) == {"source": {"newsletter": 1}, flow.HOURS["person"]: {CAME: 1}}
        clock.shift(12 * MINUTE)
        factories.ask(client, **factories.ARAM)  # mailed again, and still the same request
        clock.shift(8 * DAY)
        retention.purge(factories.now())
        assert counted("asked", "confirmed") == {"asked": {TODAY: 2}, "confirmed": {TODAY: 1}}
        (day, *_) = series.by_request(db.session.scalars(select(Letter)).one(), NOON.date())
        assert (day.open, day.rate) == (1, 0.5)
        assert faults(factories.now()) == []
    # The tag was on the request while that waited, and nothing that is left of one signature tells it.
    assert "source" in inspect(SigningRequest).columns
    assert "source" not in inspect(Signature).columns


def test_signing_again_counts_a_confirmation_and_no_new_signature(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    factories.letter()
    for role in ("Baker", "Miller"):
        factories.sign(client, **factories.ANA | {"role": role})
    assert sum(counted("confirmed")["confirmed"].values()) == 2
    assert sum(counted("source")["source"].values()) == 1


def test_the_language_follows_what_is_published_and_what_came_stays(client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(client, **factories.ANA)
    assert client.post("/hy" + factories.SIGN, data=factories.ARAM).status_code == 303
    confirm(client, factories.last_token())
    letter = db.session.scalars(select(Letter)).one()
    assert series.by_language(letter) == [("en", 1, 0), ("hy", 1, 0)]
    client.post(f"/signature/{token}", data={"action": "withdraw"})
    assert series.by_language(letter) == [("hy", 1, 0)]
    assert sum(counted("confirmed")["confirmed"].values()) == 2
    assert faults(factories.now()) == []


def test_a_letter_has_fifty_tags_and_the_others_are_one(sqlite_app: Flask) -> None:
    client, letter = sqlite_app.test_client(), factories.letter()
    with transaction() as session:
        transitions.add(session, {(FlowTally, letter.id, flow.SOURCE, f"tag-{number}"): 1 for number in range(flow.MOST_TAGS - 1)})
    for name, tag in (("Ana One", "the-last"), ("Ana Two", "one-more"), ("Ana Three", "another"), ("Ana Four", "tag-3"), ("Ana Five", "")):
        factories.sign(client, **factories.ANA | {"name": name, "email": f"{name[4:].lower()}@example.org"}, s=tag)
    found = counted("source")["source"]
    assert {key: found[key] for key in ("the-last", flow.OTHER, "tag-3", "")} == {"the-last": 1, flow.OTHER: 2, "tag-3": 2, "": 1}
    assert len(found) == flow.MOST_TAGS + 2


@pytest.mark.parametrize(
    ("seconds", "name"), [(-5, "1 min"), (0, "1 min"), (60, "5 min"), (899, "15 min"), (3600, "6 h"), (86399, "1 day"), (86400, "longer")]
)
def test_a_time_to_confirm_falls_into_one_bucket(seconds: int, name: str) -> None:
    assert flow.bucket(timedelta(seconds=seconds)) == name


def test_following_costs_a_request_one_statement_and_a_confirmation_two(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    factories.letter()
    factories.sign(client, **factories.ANA)  # settles what is written once
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert client.post(factories.SIGN, data=factories.ARAM).status_code == 303
    assert [each.split()[:3] for each in asked if "flow_tally" in each] == [["INSERT", "INTO", "flow_tally"]]
    assert len(asked) <= 26  # 25 without
    token = factories.last_token()
    asked.clear()
    confirm(client, token)
    assert [each.split()[2] for each in asked if "flow_tally" in each or "language_tally" in each] == ["language_tally", "flow_tally"]
    assert len(asked) <= 31  # 29 without


def test_hours_are_forgotten_after_four_days_and_days_stay(sqlite_app: Flask) -> None:
    letter, other = factories.letter(), factories.letter("another-road")
    hours = flow.HOURS["person"]
    with transaction() as session:
        for number in range(6 * 24):
            for each in (letter, other):
                transitions.add(session, {(FlowTally, each.id, hours, flow.hour(NOON - number * timedelta(hours=1))): 1})
        transitions.add(session, {(FlowTally, letter.id, flow.ASKED, "2026-01-01"): 1})
    retention.purge(NOON)
    assert sum(counted(hours)[hours].values()) == 2 * (4 * 24 + 1)
    assert counted(flow.ASKED) == {flow.ASKED: {"2026-01-01": 1}}
    assert sum(each.people for each in series.by_hour(letter, NOON)) == series.HOURS
    assert db.session.scalar(select(LanguageTally.count)) is None
