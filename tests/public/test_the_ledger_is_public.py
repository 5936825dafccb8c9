"""The integrity page: signatures by state and time, and a reason for every fall of the count, without pointing at a person."""

from datetime import timedelta

import time_machine
from sqlalchemy import select

from petition.audit import Actor
from petition.db import db, transaction
from petition.letters import operations as letters
from petition.signatures import ledger, transitions
from petition.signatures.models import Signature
from tests.factories import ANA, UNION, ask, letter, now, sign

PAGE = "/letters/open-the-road/integrity"
MODERATOR = Actor("member", "m@example.org", 1)
NOON = now().replace(hour=12, minute=0, second=0, microsecond=0)


def many(client, number: int, first: int = 0) -> list[str]:
    names = [f"Ana {'BCDFGHKMPRSTVWZ'[index % 15]}{'aeu'[index // 15]}nar" for index in range(first, first + number)]
    return [sign(client, **ANA | {"name": name, "email": f"{name[4:].lower()}@example.org"}) for name in names]


def move(name: str, state: str, reason_class: str) -> None:
    with transaction() as session:
        found = session.scalars(select(Signature).where(Signature.name == name)).one()
        transitions.move(session, found, state, actor=MODERATOR, now=now(), reason="Words", reason_class=reason_class)


def test_every_fall_of_the_count_has_a_reason_and_no_name(client):
    letter()
    tokens = many(client, 3)
    assert "There has been none so far." in client.get(PAGE).text
    move("Ana Banar", "rejected", "joke")
    move("Ana Banar", "published", "mistake")
    client.post(f"/signature/{tokens[1]}", data={"action": "withdraw"})
    db.session.rollback()
    found = [(each.kind, each.state, each.reason, each.count) for each in ledger.corrections(letters.find("open-the-road"))]
    assert sorted(found) == [
        ("person", "published", ledger.REASONS["mistake"], 1), ("person", "rejected", "a joke", 1),
        ("person", "withdrawn", ledger.REASONS["withdrawn"], 1),
    ]  # fmt: skip
    page = client.get(PAGE).text
    assert "a joke" in page
    assert "Ana" not in page
    assert "Words" not in page


def test_signing_confirming_and_a_first_decision_are_no_corrections(client):
    letter()
    token = ask(client, **UNION)
    client.post(f"/signature/{token}", data={"action": "confirm"})
    move(UNION["name"], "published", "")
    many(client, 1)
    assert ledger.corrections(letters.find("open-the-road")) == []


def test_what_is_held_again_and_comes_back_is_in_the_ledger_both_times(client):
    letter()
    many(client, 1)
    move("Ana Banar", "held", "")
    move("Ana Banar", "published", "")
    assert sorted(each.state for each in ledger.corrections(letters.find("open-the-road"))) == ["held", "published"]


def test_what_was_rejected_in_between_is_in_the_ledger_when_it_comes_back(client):
    letter()
    many(client, 1)
    for state in ("held", "rejected", "held", "published"):
        move("Ana Banar", state, "")
    assert sorted(each.state for each in ledger.corrections(letters.find("open-the-road"))) == ["held", "published"]


def test_days_with_few_signatures_are_put_together(client):
    letter()
    for day, number, first in ((4, 10, 0), (3, 4, 10), (2, 7, 14), (1, 2, 21)):
        with time_machine.travel(NOON - timedelta(days=day), tick=False):
            many(client, number, first)
    found = ledger.periods(letters.find("open-the-road"))
    spans = [((NOON.date() - each.last).days, (NOON.date() - each.first).days, each.people) for each in found]
    assert spans == [(1, 3, 13), (4, 4, 10)]


def test_few_held_or_withdrawn_ones_are_not_counted_out_by_day(client):
    letter()
    tokens = many(client, 12)
    client.post(f"/signature/{tokens[0]}", data={"action": "withdraw"})
    move("Ana Danar", "held", "")
    row = client.get(PAGE).text.partition("Signatures by day")[2].partition("</table>")[0]
    assert "<td>10</td>" in row
    assert row.count("&lt;&nbsp;10") == 2


def test_a_long_history_keeps_its_old_days_as_one_row(app):
    from petition.signatures.models import DayTally

    found = letter()
    with transaction() as session:
        for day in range(100):
            session.add(DayTally(
                letter_id=found.id, day=NOON.date() - timedelta(days=day), kind="person", state="published", shard=0, count=20
            ))  # fmt: skip
    shown = ledger.periods(found)
    assert len(shown) == ledger.MOST_ROWS + 1
    assert shown[-1].people == 40 * 20
    assert sum(each.people for each in shown) == 2000
