"""A reader may report an entry: it is listed for the team, and hidden only when nobody reviewed it and many say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from petition import create_app
from petition.audit import Actor
from petition.db import db, dispose, transaction
from petition.letters import operations as letters
from petition.limits import counters
from petition.signatures import reports, transitions
from petition.signatures.models import Correction, Report, Signature
from tests.conftest import _Checking, settings
from tests.factories import ANA, count, letter, now, sign
from tests.public.test_limits_at_the_door import NOON

FAKE = {"reason_class": "fake", "words": "There is no such person."}


@pytest.fixture
def limited(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """With limits, so that networks are told apart, and a clock that stands still."""
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    app = create_app(settings(tmp_path, database_url, limits="on"))
    app.test_client_class = _Checking
    with app.app_context(), time_machine.travel(NOON, tick=False):
        letter()
        yield app.test_client()
        app.extensions["limiter"].close()
        dispose()


@pytest.fixture
def reader(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """The same where no database decides."""
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    app = create_app(settings(tmp_path, limits="on"))
    app.test_client_class = _Checking
    with app.app_context(), time_machine.travel(NOON, tick=False):
        letter()
        yield app.test_client()
        app.extensions["limiter"].close()
        dispose()


def entry(client: FlaskClient, name: str = "Ana Sample", **fields: str) -> str:
    """A published person; returns the public id."""
    sign(client, **ANA | {"name": name, "email": f"{abs(hash(name))}@example.org"} | fields)
    return found(name).public_id


def found(name: str = "Ana Sample") -> Signature:
    db.session.rollback()
    return db.session.scalars(select(Signature).where(Signature.name == name)).one()


def report(client: FlaskClient, public_id: str, network: int = 1, before: str = "", **fields: str):  # type: ignore[no-untyped-def]
    return client.post(
        f"{before}/letters/open-the-road/signatories/{public_id}/report", data=FAKE | fields,
        environ_base={"REMOTE_ADDR": f"198.51.{network}.7"},
    )  # fmt: skip


def rows() -> list[Report]:
    db.session.rollback()
    return list(db.session.scalars(select(Report).order_by(Report.id)))


def test_every_entry_of_the_list_leads_to_a_form(reader: FlaskClient) -> None:
    public_id = entry(reader)
    page = reader.get("/letters/open-the-road/signatories").text
    assert f'href="/letters/open-the-road/signatories/{public_id}/report"' in page
    assert f"{public_id}/report" not in reader.get("/letters/open-the-road").text
    assert "You can report it on the list" in reader.get("/letters/open-the-road").text
    for before in ("", "/ar"):
        form = reader.get(f"{before}/letters/open-the-road/signatories/{public_id}/report")
        assert form.status_code == 200
        assert form.headers["Cache-Control"] == "no-store"
        assert "Ana Sample" in form.text
        assert "Set-Cookie" not in form.headers


def test_a_report_lists_the_entry_and_changes_nothing_that_readers_see(reader: FlaskClient) -> None:
    public_id = entry(reader)
    answer = report(reader, public_id)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "Thank you" in answer.text
    assert (found().state, found().reports) == ("published", 1)
    assert {"code": "reported", "field": ""} in found().flags
    (row,) = rows()
    assert (row.reason_class, row.words) == ("fake", "There is no such person.")


def test_everybody_is_thanked_alike(reader: FlaskClient) -> None:
    public_id = entry(reader)
    first, again, other = report(reader, public_id), report(reader, public_id), report(reader, public_id, network=2)
    assert first.data == again.data == other.data
    assert found().reports == 2


@pytest.mark.parametrize("fields", [{"reason_class": ""}, {"reason_class": "dislike"}, {"words": "x" * 501}, {"words": "a\x00b"}])
def test_wrong_input_comes_back_with_what_was_typed(reader: FlaskClient, fields: dict[str, str]) -> None:
    public_id = entry(reader)
    answer = report(reader, public_id, **fields)
    assert answer.status_code == 422
    assert "fault" in answer.text
    assert fields.get("words", FAKE["words"])[:200].replace("\x00", "") in answer.text.replace("\x00", "").replace("\ufffd", "")
    assert rows() == []
    assert report(reader, public_id).status_code == 200, "a mistake is not the network's one report"
    assert len(rows()) == 1


def test_what_is_not_on_display_cannot_be_reported(reader: FlaskClient) -> None:
    hidden = entry(reader, "Hidden Sample", visibility="counted", deliver="1")
    assert reader.get(f"/letters/open-the-road/signatories/{hidden}/report").status_code == 404
    assert report(reader, hidden).status_code == 200
    assert report(reader, "nobody").status_code == 404
    assert rows() == []
    letter("another-road")
    public_id = entry(reader)
    assert reader.get(f"/letters/another-road/signatories/{public_id}/report").status_code == 404


def test_an_entry_nobody_reviewed_is_held_by_three_networks(limited: FlaskClient) -> None:
    public_id = entry(limited)
    for network in (1, 1, 1, 2):
        report(limited, public_id, network)
    assert found().state == "published"
    assert "Thank you" in report(limited, public_id, 3).text
    assert found().state == "held"
    assert count(limited)["people"] == 0
    cells = db.session.execute(select(Correction.state, Correction.reason_class, Correction.count)).all()
    assert [tuple(cell) for cell in cells] == [("held", "reported", 1)]
    assert "Thank you" in report(limited, public_id, 4).text
    assert len(rows()) == 3


def test_a_network_that_comes_back_after_its_counter_is_gone_is_still_one(reader: FlaskClient) -> None:
    public_id = entry(reader)
    for days in range(0, 12, 3):
        with time_machine.travel(NOON + timedelta(days=days), tick=False):
            report(reader, public_id)
    assert found().reports >= 3
    assert found().state == "published"


def reviewed(name: str = "Ana Sample", **values: object) -> None:
    member = Actor("member", "m@example.org", 1)
    with transaction() as session:
        entry = session.scalars(select(Signature).where(Signature.name == name)).one()
        for state in ("held", "published"):
            transitions.move(session, entry, state, actor=member, now=now())
        for key, value in values.items():
            setattr(entry, key, value)


@pytest.mark.parametrize("values", [{}, {"pinned": 1, "decided_at": None}, {"level": "team", "decided_at": None}])
def test_reporting_never_hides_what_the_team_looked_at(reader: FlaskClient, values: dict[str, object]) -> None:
    public_id = entry(reader)
    reviewed(**values)
    for network in range(8):
        report(reader, public_id, network)
    assert (found().state, found().reports) == ("published", 8)


def test_a_person_the_team_approved_is_not_hidden_again_by_the_same_reports(reader: FlaskClient) -> None:
    public_id = entry(reader)
    for network in range(3):
        report(reader, public_id, network)
    with transaction() as session:
        signature = session.scalars(select(Signature)).one()
        transitions.move(session, signature, "published", actor=Actor("member", "m@example.org", 1), now=now())
    assert (found().reports, rows()) == (0, [])
    assert "reported" not in {flag["code"] for flag in found().flags}
    for network in range(10, 14):
        report(reader, public_id, network)
    assert found().state == "published"


def test_reporting_hides_no_more_than_its_share_of_a_letter_in_a_day(reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "AT_LEAST", 2)
    names = [f"Signer {chr(65 + number)}" for number in range(4)]
    for name in names:
        public_id = entry(reader, name)
        for network in range(3):
            report(reader, public_id, network)
    assert [found(name).state for name in names] == ["held", "held", "published", "published"]
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        report(reader, found(names[2]).public_id, 9)
    assert found(names[2]).state == "held"


def test_a_large_letter_has_more_room(reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "AT_LEAST", 1)
    monkeypatch.setattr(reports, "ONE_IN", 2)
    names = [f"Signer {chr(65 + number)}" for number in range(6)]
    for name in names:
        entry(reader, name)
    for name in names[:4]:
        for network in range(3):
            report(reader, found(name).public_id, network)
    # 6, 5 and 4 published have room for 3, 2 and 2 holds.
    assert [found(name).state for name in names[:4]] == ["held", "held", "published", "published"]


def test_without_limits_nobody_is_told_apart_and_nothing_is_hidden(client: FlaskClient) -> None:
    letter()
    public_id = entry(client)
    for network in range(5):
        report(client, public_id, network)
    assert (found().state, found().reports) == ("published", 5)


def test_one_network_reports_twenty_entries_an_hour_and_then_waits(reader: FlaskClient) -> None:
    public_id = entry(reader)
    answers = [report(reader, public_id) for _ in range(21)]
    assert [each.status_code for each in answers] == [200] * 20 + [429]
    assert FAKE["words"] in answers[-1].text
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_the_words_of_one_entry_fill_no_disk(reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_ROWS", 2)
    public_id = entry(reader)
    reviewed()
    for network in range(4):
        report(reader, public_id, network)
    assert (found().reports, len(rows())) == (4, 2)


def test_a_withdrawn_entry_takes_its_reports_with_it(reader: FlaskClient) -> None:
    token = sign(reader, **ANA)
    report(reader, found().public_id)
    reader.post(f"/signature/{token}", data={"action": "not-me"})
    assert rows() == []


def test_a_protected_letter_has_nothing_to_report(reader: FlaskClient) -> None:
    public_id = entry(reader)
    with transaction():
        letters.find("open-the-road").risk = "protected"
    assert reader.get(f"/letters/open-the-road/signatories/{public_id}/report").status_code == 404
    assert report(reader, public_id).status_code == 404
