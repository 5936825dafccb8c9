"""An import: judged row by row, all or nothing, the same file twice adds nothing, counted apart, taken back as a whole."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from petition.audit import COMMAND_LINE
from petition.db import db, transaction
from petition.imports import batches, landing, staging, terms
from petition.imports.models import ImportBatch, ImportRow
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.signatures import directory, ledger, series, tokens
from petition.signatures.models import Signature
from petition.upkeep import retention
from tests import factories
from tests.admin import people
from tests.importing import HEAD, PAPER, bring, read, rows, stored, work
from tests.waves import faults, wave


def test_a_file_becomes_signatures_that_are_counted_apart(app: Flask) -> None:
    letter = factories.letter()
    factories.sign(app.test_client(), **factories.ANA)
    before = len(factories.mails()) + len(factories.mails("decision"))
    batch = bring(letters.find(letter.slug), PAPER)
    assert (batch.state, batch.rows, batch.done, batch.skipped) == ("done", 4, 4, 0)
    counts = directory.counts(letters.find(letter.slug))
    assert (counts.total, counts.imported, counts.held, counts.hidden) == (1, 3, 1, 0)
    _, paula, piet, guild, quiet = rows()
    assert (paula.country, paula.signed_on, paula.language, paula.origin) == ("DE", date(2026, 1, 31), "en", "imported")
    assert (piet.organisation, piet.comment, piet.country) == ("Sample School", "Open the road.", "NL")
    assert (guild.state, guild.name, guild.flag_codes) == ("held", "", "|organisation|")
    assert (quiet.state, quiet.name, quiet.listed) == ("published", "", False), "counted means that no name is kept"
    assert paula.address_fingerprint and not any(each.email for each in (paula, piet, guild, quiet))
    assert "paula@example.org" not in str(db.session.execute(text("SELECT * FROM signature")).all())
    assert len(factories.mails()) + len(factories.mails("decision")) == before, "nobody in a file is mailed"
    assert {each.consent.sentence.partition(".")[0] for each in (paula, piet)} == {"Given on paper or on another platform"}
    assert faults(factories.now()) == []


def test_the_same_file_twice_adds_nothing(app: Flask) -> None:
    letter = factories.letter()
    first = bring(letter, PAPER)
    again = read(letter, PAPER)
    assert (again.rows, again.new, again.known, again.batch) == (4, 0, 4, "")
    more = read(letter, PAPER + "Rosa Rag,,,,,,,\n")
    assert (more.new, more.known) == (1, 4)
    assert [(line, why) for line, why, _ in more.left_out] == [(number, "imported") for number in (2, 3, 4, 5)]
    assert len(rows()) == first.done


def test_somebody_twice_in_a_file_or_signed_already_is_left_out(sqlite_app: Flask) -> None:
    letter = factories.letter()
    factories.sign(sqlite_app.test_client(), **factories.ANA)
    report = read(letter, HEAD + (
        "Ana S.,,,,ANA@example.org,,,\n"
        "Paula Paper,,,,paula@example.org,,,\n"
        "P. Paper,,,,Paula@Example.org,,,\n"
        "Piet Pencil,,,,,,,\n"
        "PIET  PENCIL,,,,,,,\n"
        ",Guild,,,,,,\n"
        ",“Guild”,,,,,,\n"
    ))  # fmt: skip
    assert (report.new, report.known, report.again) == (4, 0, 3), "nobody is told whether an address signed"
    assert report.left_out == [(4, "again", 3), (6, "again", 5), (8, "again", 7)]
    batches.start(report.batch, COMMAND_LINE, factories.now())
    work()
    assert [each.name for each in rows()] == ["Ana Sample", "Paula Paper", "Piet Pencil", ""]
    assert faults(factories.now()) == []
    landed = people.recorded("import.landed")[0].details
    assert landed["rows"] == 4 and not {"done", "skipped"} & landed.keys()


def test_every_file_that_is_read_is_on_record(sqlite_app: Flask) -> None:
    letter = factories.letter()
    bring(letter, PAPER)
    read(letter, PAPER)
    read(letter, FAULTY)
    read(letter, HEAD + "Rosa Rag,,,,,,,\n", store=False)
    assert [each.details["rows"] for each in people.recorded("import.read")] == [4, 6, 1]
    assert len(people.recorded("import.staged")) == 1


def test_a_file_that_changes_while_it_is_read_is_not_staged(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letter, file = factories.letter(), tmp_path / "fair.csv"
    file.write_text(PAPER, encoding="utf-8")
    monkeypatch.setattr(staging, "CHUNK", 1)
    with file.open("rb") as source:
        report = staging.read(
            letter, source, file_name="a\x00\u202eb.csv", config=factories.config(), actor=COMMAND_LINE, now=factories.now(),
            progress=lambda _: file.write_text(PAPER + "Rosa Rag,,,,,,,\n", encoding="utf-8"),
        )  # fmt: skip
    assert ([fault.code for _, fault in report.faults], report.file_name, stored()) == (["changed"], "a��b.csv", 0)


FAULTY = HEAD + (
    "Good Name,,,,,,,\n"
    ",,,,,,,x\n"
    "Ana,,ghost,Atlantis,nobody,2199-01-01,loud,\n"
    "A\u202eb,,,,,,,\n"
    "Bell\x07,,,,,31.02.2026,,\n"
    "Too,many,,,,,,,cells\n"
)  # fmt: skip


def test_every_fault_is_told_with_its_line_and_nothing_is_stored(sqlite_app: Flask) -> None:
    letter = factories.letter()
    report = read(letter, FAULTY)
    assert [(line, fault.field, fault.code) for line, fault in report.faults] == [
        (3, "name", "missing"), (4, "kind", "unknown"), (4, "country", "unknown"), (4, "visibility", "unknown"),
        (4, "signed_on", "not_past"), (4, "email", "not_an_address"), (5, "name", "direction"), (6, "name", "control"),
        (6, "signed_on", "not_a_day"), (7, "file", "cells"),
    ]  # fmt: skip
    many = read(letter, HEAD + ",,,,,,,x\n" * 150)
    assert (many.faulty, len(many.faults), many.more) == (150, 100, 50)
    columnless = read(letter, "town,postcode\nSampletown,1\n")
    assert [fault.code for _, fault in columnless.faults] == ["no_name_column"]
    assert stored() == 0


def test_one_bad_row_at_the_end_stores_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = factories.letter()
    monkeypatch.setattr(staging, "CHUNK", 50)
    monkeypatch.setattr(staging, "DROPPED", 30)
    long = HEAD + "".join(f"Paper Person {number},,,,,,,\n" for number in range(180))
    for ending, why in (("Ana,,,Atlantis,,,,\n", "unknown"), ("Nu\x00l,,,,,,,\n", "control"), ('"Open,,,,,,,\n', "quotes")):
        report = read(letter, long + ending)
        assert (report.rows >= 180, report.batch, [fault.code for _, fault in report.faults]) == (True, "", [why])
        assert stored() == 0
    assert "at most 100 rows" in read(letter, long, most=100).faults[0][1].sentence
    assert stored() == 0


def test_what_looks_wrong_waits_for_the_team(sqlite_app: Flask) -> None:
    letter = factories.letter()
    batch = bring(letter, HEAD + (
        "=HYPERLINK(1),,,,,,,\n'=cmd,,,,,,,\nSee www.example.com,,,,,,,\nPaula Paper,,,,,,,\nD. Throwaway,,,,x@mailinator.com,,,\n"
    ))  # fmt: skip
    assert [(each.name, each.state) for each in rows()] == [
        ("=HYPERLINK(1)", "held"), ("=cmd", "held"), ("See www.example.com", "held"), ("Paula Paper", "published"),
        ("D. Throwaway", "held"),
    ]  # fmt: skip
    assert batch.report["held"] == 4
    letter.review = "all"
    db.session.commit()
    assert read(letter, HEAD + "Rosa Rag,,,,,,,\n").held == 1


def test_an_import_is_taken_back_as_a_whole(app: Flask) -> None:
    letter = factories.letter()
    batch = bring(letter, PAPER)
    with pytest.raises(batches.ImportMovedOn):
        batches.start(batch.public_id, COMMAND_LINE, factories.now())
    batches.start_back(batch.public_id, COMMAND_LINE, factories.now())
    work()
    batch = batches.by_id(batch.public_id, fresh=True)
    assert (batch.state, batch.returned) == ("taken back", 4)
    counts = directory.counts(letters.find(letter.slug))
    assert (counts.imported, counts.held, counts.withdrawn, counts.total) == (0, 0, 4, 0)
    assert {(each.name, each.organisation, each.country, each.address_fingerprint) for each in rows()} == {("", "", "", None)}
    assert {each.reason for each in ledger.corrections(letter)} == {"an import was taken back"}
    assert faults(factories.now()) == []
    assert [each.action for each in people.recorded("import.taken_back")] == ["import.taken_back"]
    assert len(people.recorded("signature.withdrawn")) == 4
    assert read(letter, PAPER).new == 4, "the file, mended, may come again"


def test_a_stopped_import_goes_on_where_it_was(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = factories.letter()
    monkeypatch.setattr(landing, "BATCH", 2)
    report = read(letter, PAPER + "Rosa Rag,,,,,,,\n")
    batches.start(report.batch, COMMAND_LINE, factories.now())
    number, lease = landing._claim(factories.now())  # type: ignore[misc]
    assert landing._batch(number, lease, factories.now()) is not None  # and then the process is killed
    assert len(rows()) == 2
    assert landing._claim(factories.now()) is None, "its lease holds for a while"
    later = factories.now() + timedelta(seconds=11)
    while landing.work(clock=lambda: later, stop=threading.Event(), seconds=30):
        pass
    assert len(rows()) == 5
    assert db.session.query(ImportRow).count() == 0
    assert faults(factories.now()) == []


def test_whoever_signs_meanwhile_is_not_doubled(app: Flask) -> None:
    letter = factories.letter()
    report = read(letter, HEAD + "Ana S.,,,,ana@example.org,,,\n,Sample Union of Bakers,,,,,,\nPaula Paper,,,,,,,\n")
    factories.sign(app.test_client(), **factories.ANA)
    factories.sign(app.test_client(), **factories.UNION)
    batches.start(report.batch, COMMAND_LINE, factories.now())
    work()
    batch = batches.by_id(report.batch, fresh=True)
    assert (batch.done, batch.skipped) == (1, 2)
    assert faults(factories.now()) == []


def test_a_mailbox_that_confirms_takes_the_place_of_its_imported_entry(app: Flask) -> None:
    letter = factories.letter()
    bring(letter, HEAD + "Ana S.,,,,ana@example.org,,,\n")
    factories.sign(app.test_client(), **factories.ANA)
    imported, own = rows()
    assert (imported.state, imported.name, own.state, own.origin, own.name) == ("withdrawn", "", "published", "online", "Ana Sample")
    counts = directory.counts(letters.find(letter.slug))
    assert (counts.total, counts.imported, counts.withdrawn) == (1, 0, 1)
    assert faults(factories.now()) == []
    bring(letter, HEAD + "Ana S.,Sample School,,,ana@example.org,,,\n")
    assert len(rows()) == 2, "the file does not bring them back"


def test_whoever_withdrew_is_not_brought_back_by_a_file(app: Flask) -> None:
    letter, client = factories.letter(), app.test_client()
    bring(letter, HEAD + "Ana S.,,,,ana@example.org,,,\n")
    for person in (factories.ANA, factories.ARAM, factories.UNION):  # imported and confirmed, or only ever signed here
        token = factories.sign(client, **person)
        client.post(f"/signature/{token}", data={"action": "withdraw"})
    key = db.session.scalars(text("SELECT digest FROM departure")).all()
    assert len(key) == 3 and {len(each) for each in key} == {64}
    union = factories.UNION["organisation"]
    again = HEAD + "Ana S.,Other School,,,ANA@example.org,,,\n" + (
        f"Aram,,,,{factories.ARAM['email']},,,\n,{union},organisation,,,,,\nPiet,,,,,,,\n"
    )  # fmt: skip
    batch = bring(letter, again)
    assert (batch.rows, [each.name for each in rows() if each.state != "withdrawn"]) == (4, ["Piet"])
    other = bring(factories.letter("another-road"), again)
    assert other.done == 4, "they left one letter only"
    factories.sign(client, **factories.ANA)
    assert factories.count(client)["total"] == 1, "the person themself can sign again"
    assert faults(factories.now()) == []
    retention.purge(factories.now() + timedelta(days=365 * 9))
    assert db.session.scalar(text("SELECT count(*) FROM departure")) == 0


def test_whoever_hid_their_entry_is_not_brought_back_by_the_mended_file(app: Flask) -> None:
    letter, client = factories.letter(), app.test_client()
    batch = bring(letter, PAPER + "Ana S.,,,,ana@example.org,,,\n")
    for number in (0, -1):  # one only looks, the other hides
        with transaction() as session:
            token = tokens.issue(session, "find", leads_to=rows()[number], expires_at=None)
    assert client.post(f"/signature/{token}", data={"action": "change", "visibility": "counted"}).status_code == 303
    assert rows()[-1].visibility == "counted"
    batches.start_back(batch.public_id, COMMAND_LINE, factories.now())
    work()
    assert bring(letters.find(letter.slug), PAPER + "Ana S.,,,,ana@example.org,,,\n").state == "done"
    assert [each.name for each in rows() if each.state != "withdrawn"] == ["Paula Paper", "Piet Pencil", "", ""]
    assert faults(factories.now()) == []


def test_what_nobody_confirms_is_forgotten(sqlite_app: Flask) -> None:
    letter = factories.letter()
    read(letter, PAPER)
    retention.purge(factories.now() + timedelta(hours=23))
    assert db.session.query(ImportRow).count() == 4
    retention.purge(factories.now() + timedelta(hours=25))
    assert stored() == 0
    assert bring(letter, PAPER).done == 4
    retention.purge(factories.now() + timedelta(days=731))
    assert db.session.query(ImportBatch).count() == 0
    assert {each.import_id for each in rows()} == {None}
    assert db.session.query(OutboxMail).count() == 0
    retention.purge(factories.now() + timedelta(days=365 * 9))  # the letter keeps names until 2033
    assert db.session.query(Signature).filter(Signature.import_digest.is_not(None)).count() == 0


def test_readers_see_what_was_collected_elsewhere_apart(sqlite_app: Flask) -> None:
    letter = factories.letter()
    bring(letter, PAPER)
    client = sqlite_app.test_client()
    page = client.get("/letters/open-the-road/signatories").text
    assert page.index("Collected on paper or elsewhere") < page.index("Paula Paper")
    assert "3 more were collected on paper or elsewhere and are counted apart." in page
    front = client.get("/letters/open-the-road").text
    assert "Paula Paper" not in front and "counted apart" in front
    assert factories.count(client)["imported"] == 3
    listed = client.get("/api/v1/letters/open-the-road/signatories").json
    assert {each["verification"] for each in listed["signatories"]} == {"imported"}
    wave(letter, 10, "published", country="DE", mail_domain=None, network=None, hour=None)
    bring(letter, HEAD + "".join(f"Paper {number},,,{country},,,,\n" for number, country in enumerate(["DE"] * 3 + ["FR"] * 12)))
    found = letters.find(letter.slug)
    assert directory.countries(found) == [("DE", 10)], "no country is named, and none grows, by what was collected elsewhere"
    assert (series.by_country(found), series.by_language(found)) == ([("DE", 10, 0)], [("en", 10, 0)])
    # Nor does what waits: the entry of the guild came from the file as well.
    told = factories.count(client)
    assert (told["total"], told["imported"], told["held"], directory.counts(found).held) == (10, 18, 0, 1)
    assert "wait to be checked" not in client.get("/letters/open-the-road/signatories").text
    assert faults(factories.now()) == []
    figures = client.get("/letters/open-the-road/integrity").text
    assert "18 signatures were collected elsewhere" in figures and "Those collected elsewhere are listed here as well." in figures
    assert '<th scope="row">Published and counted</th><td>10</td>' in figures


CHANGES = {
    "holding": {"holding": True}, "risk": {"risk": "protected"}, "review": {"review": "all"},
    "signatories": {"signatories": "organisations"}, "closed": {"status": "closed"},
}  # fmt: skip


def change(letter: Letter, values: dict[str, object]) -> None:
    db.session.rollback()
    for name, value in values.items():
        setattr(letters.find(letter.slug), name, value)
    db.session.commit()


def test_a_file_lands_only_under_the_rules_it_was_read_under(app: Flask) -> None:
    letter = factories.letter()
    report = read(letter, PAPER)
    before = {name: getattr(letter, name) for values in CHANGES.values() for name in values}
    for what, values in CHANGES.items():
        change(letter, values)
        with pytest.raises(batches.RulesChanged) as refused:
            batches.start(report.batch, COMMAND_LINE, factories.now())
        assert refused.value.sentence.count(terms.WHAT[what]) == 1, what
        change(letter, before)
    factories.sign(app.test_client(), **factories.ANA)
    factories.letter(body="Open the other road, please.")
    with pytest.raises(batches.RulesChanged, match="the text"):
        batches.start(report.batch, COMMAND_LINE, factories.now())
    work()
    assert [each.name for each in rows()] == ["Ana Sample"]
    assert bring(letters.find(letter.slug), PAPER).done == 4, "read again, it lands"
    assert rows()[1].major == 2


def test_an_import_whose_rules_change_on_the_way_is_taken_back_whole(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = factories.letter()
    monkeypatch.setattr(landing, "BATCH", 2)
    monkeypatch.setattr(staging, "DROPPED", 1)
    report = read(letter, PAPER + "Rosa Rag,,,,,,,\n")
    batches.start(report.batch, COMMAND_LINE, factories.now())
    number, lease = landing._claim(factories.now())  # type: ignore[misc]
    lease = landing._batch(number, lease, factories.now())
    assert len(rows()) == 2
    change(letter, {"holding": True})
    while lease is not None:
        lease = landing._batch(number, lease, factories.now())
    batch = batches.by_id(report.batch, fresh=True)
    assert (batch.state, batch.changed, batch.done, batch.returned, batch.taken_back_by) == ("taken back", ["holding"], 2, 2, "platform")
    assert ([each.state for each in rows()], db.session.query(ImportRow).count()) == (["withdrawn"] * 2, 0)
    counts = directory.counts(letters.find(letter.slug))
    assert (counts.imported, counts.held, counts.withdrawn) == (0, 0, 2)
    steps = [
        (each.action, each.actor_kind, each.details.get("changed"))
        for each in (*people.recorded("import.taking_back"), *people.recorded("import.taken_back"))
    ]
    assert steps == [("import.taking_back", "platform", "holding"), ("import.taken_back", "platform", None)]
    assert faults(factories.now()) == []
    assert read(letters.find(letter.slug), PAPER).held == 4, "and judged by the rules that hold now it may come again"


def test_a_letter_that_closes_by_the_clock_lets_what_was_confirmed_in_time_land(sqlite_app: Flask) -> None:
    letter = factories.letter()
    now = factories.now()
    change(letter, {"closes": now + timedelta(minutes=5)})
    first, second = read(letters.find(letter.slug), PAPER), read(letters.find(letter.slug), HEAD + "Rosa Rag,,,,,,,\n")
    batches.start(first.batch, COMMAND_LINE, now)
    while landing.work(clock=lambda: now + timedelta(minutes=6), stop=threading.Event(), seconds=30):
        pass
    assert batches.by_id(first.batch, fresh=True).state == "done"
    with pytest.raises(batches.RulesChanged):
        batches.start(second.batch, COMMAND_LINE, now + timedelta(minutes=6))
