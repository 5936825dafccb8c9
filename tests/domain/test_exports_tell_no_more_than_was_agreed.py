"""Exports: the contract's columns, nobody named who is counted only, and no cell that a spreadsheet runs."""

from __future__ import annotations

import csv
import gc
import io
import json
import tracemalloc
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from petition import exports
from petition.audit import PLATFORM
from petition.db import db, transaction
from petition.exports import formats
from petition.exports.formats import harmless
from petition.letters.models import Letter
from petition.signatures import transitions
from petition.signatures.models import Signature
from petition.upkeep import sample
from tests.sampled import NOW, signed_letter

COLUMNS = "id,kind,name,organisation,role,website,country,comment,visibility,state,verification,language,signed_on,letter_version,email"


def as_csv(letter: Letter, **choices: object) -> list[dict[str, str]]:
    whole = b"".join(exports.stream(letter, "csv", **{"owner": True, **choices}))  # type: ignore[arg-type]
    assert whole.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(whole.decode("utf-8-sig"), newline="")))


def unpacked(file: bytes) -> str:
    """What stands in the file, also where it is an archive of XML."""
    if not zipfile.is_zipfile(io.BytesIO(file)):
        return file.decode()
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def change(letter: Letter, **values: object) -> str:
    """Rewrite one published person, and say which."""
    with transaction() as session:
        found = session.query(Signature).filter_by(letter_id=letter.id, kind="person", state="published", visibility="public").first()
        transitions.reshape(session, found, values, now=NOW)
        return str(found.public_id)


def test_the_header_is_the_contracts_and_every_row_is_there(app: Flask) -> None:
    letter = signed_letter(app, 1100)  # more than two chunks
    rows = as_csv(letter)
    assert ",".join(rows[0]) == COLUMNS
    assert len(rows) == len({row["id"] for row in rows}) == 1100
    assert {row["state"] for row in rows} == {"published", "held"}
    assert {row["verification"] for row in rows if row["kind"] == "organisation" and row["state"] == "held"} == {"email"}
    checked = {row["verification"] for row in rows if row["kind"] == "organisation" and row["state"] == "published"}
    assert checked >= {"team", "dns", "domain"}
    assert {row["verification"] for row in rows if row["kind"] == "person"} == {"email"}


def test_who_is_hidden_stays_hidden(app: Flask) -> None:
    letter = signed_letter(app, 300)
    hidden = change(
        letter,
        visibility="counted",
        deliver=True,
        name="Ana Sample",
        organisation="Sample",
        role="nurse",
        comment="secret",
    )
    shy = change(letter, visibility="initials", name="Ana Sample", organisation="Sample", role="nurse", comment="secret")
    for format in exports.FORMATS:
        whole = unpacked(b"".join(exports.stream(letter, format, owner=True)))
        assert "secret" not in whole
        assert "An Invented Representative" not in whole
    rows = {row["id"]: row for row in as_csv(letter)}
    assert [rows[hidden][name] for name in ("name", "organisation", "role", "comment")] == [""] * 4
    assert [rows[shy][name] for name in ("name", "organisation", "role", "comment")] == ["A. S.", "", "", ""]


def test_addresses_go_to_owners_and_only_of_those_who_want_updates(app: Flask) -> None:
    letter = signed_letter(app, 40)
    wanted = change(letter, updates=True, email="ana@example.org", name="First Sample")
    assert {row["id"] for row in as_csv(letter) if row["email"]} == {wanted}
    assert all(not row["email"] for row in as_csv(letter, owner=False))


def test_withdrawn_never_and_rejected_only_when_named(app: Flask) -> None:
    letter = signed_letter(app, 60)
    ids = []
    with transaction() as session:
        first, second = session.query(Signature).filter_by(kind="person", state="published").limit(2)
        for signature, state in ((first, "withdrawn"), (second, "rejected")):
            transitions.move(session, signature, state, actor=PLATFORM, now=NOW)
            ids.append(signature.public_id)
    assert not set(ids) & {row["id"] for row in as_csv(letter)}
    assert [row["id"] for row in as_csv(letter, states=["rejected"])] == ids[1:]
    with pytest.raises(exports.BadExport, match="withdrawn is no state"):
        exports.stream(letter, "csv", states=["withdrawn"], owner=True)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "  =", "\u00a0@", "\u200b="])
def test_no_cell_of_a_csv_runs_in_a_spreadsheet(start: str) -> None:
    assert harmless(f"{start}cmd") == f"'{start}cmd"


@pytest.mark.parametrize("cell", ["", "Ana", "O’Brien", "a=b", "1-2", "李", " Ana", "مثال"])
def test_ordinary_cells_are_left_alone(cell: str) -> None:
    assert harmless(cell) == cell


def test_json_and_ndjson_are_raw_and_whole(app: Flask) -> None:
    letter = signed_letter(app, 30)
    change(letter, name="=1+1")
    whole = json.loads(b"".join(exports.stream(letter, "json", owner=True)))
    lines = [json.loads(line) for line in b"".join(exports.stream(letter, "ndjson", owner=True)).splitlines()]
    assert whole == lines
    assert ",".join(whole[0]) == COLUMNS
    assert "=1+1" in [row["name"] for row in whole]
    assert "'=1+1" in [row["name"] for row in as_csv(letter)]


def sheets(file: Path) -> Iterator[list[list[str]]]:
    """The rows of each sheet as another program reads them, from the XML; fails for a cell that is no string."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None and "vba" not in str(archive.namelist()) and "external" not in str(archive.namelist())
        parts = {each.get("PartName", ""): each.get("ContentType", "") for each in ET.fromstring(archive.read("[Content_Types].xml"))}
        assert parts["/xl/workbook.xml"].endswith("spreadsheetml.sheet.main+xml")
        for number in range(1, sum(name.startswith("xl/worksheets/sheet") for name in archive.namelist()) + 1):
            name = f"xl/worksheets/sheet{number}.xml"
            assert parts[f"/{name}"].endswith("spreadsheetml.worksheet+xml")
            root = ET.fromstring(archive.read(name))
            assert {each.get("t") for each in root.iter(f"{main}c")} <= {"s", "inlineStr"}
            assert {each.tag for each in root.iter()}.isdisjoint({f"{main}f", f"{main}v", f"{main}hyperlink", f"{main}r"})
            yield [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{main}row")]


def test_a_spreadsheet_is_read_as_it_was_typed_and_none_of_it_is_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rich = '<r><t>x</t></r></is></c><c r="C2"><f>1+1</f></c><c r="D2" t="inlineStr"><is><r></r>'
    typed = ["=1+1", "https://a.example.org", "<b>&amp;</b>", " Ana\nSample ", "👩🏽 محمد", "0012", rich]
    odd = ["a\x00b\x0b\x1f\ufffe\ud800z", "a\r\nb\rc", "x" * 40_000, "😀" * 20_000]
    monkeypatch.setattr(formats, "_SHEET", 4)
    file, cells = tmp_path / "list.xlsx", [*typed, *odd]
    formats.spreadsheet(file, str(tmp_path), ("first", "second"), iter([each, "second"] for each in cells))
    found = list(sheets(file))
    assert [len(rows) for rows in found] == [5, 5, 4] and all(rows[0] == ["first", "second"] for rows in found)
    read = [row[0] for rows in found for row in rows[1:]]
    assert read[: len(typed)] == [*typed[:-1], f"{rich} "]
    assert read[len(typed) : -2] == ["a�b����z", "a\nb\nc"]
    assert all(len(each.encode("utf-16-le")) // 2 <= 32_767 and each.endswith(" […]") for each in read[-2:])
    assert read[-2].startswith("x" * 32_000) and read[-1].startswith("😀" * 16_000)


def test_an_empty_list_is_still_a_file(app: Flask) -> None:
    letter = signed_letter(app, 0)
    assert json.loads(b"".join(exports.stream(letter, "json", owner=True))) == []
    assert as_csv(letter) == []


def test_columns_can_be_chosen_and_nonsense_is_named(app: Flask) -> None:
    letter = signed_letter(app, 10)
    assert list(as_csv(letter, columns=["country", "id"])[0]) == ["country", "id"]
    with pytest.raises(exports.BadExport, match="password is no column"):
        exports.stream(letter, "csv", columns=["password"], owner=True)
    with pytest.raises(exports.BadExport, match="pdf is no format"):
        exports.stream(letter, "pdf", owner=True)


def peak(letter: Letter) -> int:
    """The most memory that reading a whole export takes."""
    db.session.expire_all()
    gc.collect()
    tracemalloc.start()
    for _ in exports.stream(letter, "ndjson", owner=True):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_the_table_is_never_held_in_memory(sqlite_app: Flask) -> None:
    letter = signed_letter(sqlite_app, 600)
    list(exports.stream(letter, "ndjson", owner=True))  # what is only made once
    small = peak(letter)
    sample.sign(letter, 3600, now=NOW, config=sqlite_app.config["PETITION"], progress=lambda number: None, start=600)
    assert peak(letter) < small * 1.5
