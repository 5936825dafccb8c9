"""The formats of an export: CSV that no spreadsheet runs, XLSX of strings only, and JSON and NDJSON as they were typed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import xlsxwriter

from petition.exports import rows as signatories
from petition.exports import workplace
from petition.exports.presets import preset as find_preset
from petition.exports.rows import COLUMNS, EVERY_COLUMN, Choice, chosen
from petition.letters.models import Letter

# What makes a spreadsheet calculate, also behind spaces of any kind (OWASP, CSV injection).
_RUNS = re.compile(r"[\s​﻿]*[=+\-@＝＋－＠]|[ ]*[\t\r\n]")
_GROUP = 100  # rows written at once
_SHEET = 1_000_000  # rows of one sheet; a spreadsheet takes 1,048,576
_CELL = 32_767  # UTF-16 units of one cell of a spreadsheet
_MORE = " […]"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PIECE = 256 * 1024

Rows = Iterator[list[str]]
Progress = Callable[[int], None]


def stream(
    letter: Letter,
    format: str,
    *,
    states: Collection[str] = (),
    kinds: Collection[str] = (),
    countries: Collection[str] = (),
    versions: Collection[str] = (),
    columns: Collection[str] = (),
    preset: str = "",
    owner: bool,
    names: bool = False,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> Iterator[bytes]:
    """The letter's signatories as a file, piece by piece; the choices are judged before the first piece is read.

    `progress` hears how many rows more are read. Raises BadExport for an unknown format, column, preset, kind, state or
    version; withdrawn signatures are in no export. A preset has columns of its own, and is for owners (NotAnOwner).
    With `owner` it holds addresses and whom a protected letter names, with `names` the latter alone. An XLSX is put
    together in a folder of its own inside `folder`.
    """
    choice = signatories.choose(letter, states=states, kinds=kinds, countries=countries, versions=versions)
    return write(letter, format, choice, columns=columns, preset=preset, owner=owner, names=names, progress=progress, folder=folder)


def write(
    letter: Letter, format: str, choice: Choice, *, columns: Collection[str] = (), preset: str = "", owner: bool,
    names: bool = False, progress: Progress | None = None, folder: Path | None = None,
) -> Iterator[bytes]:  # fmt: skip
    """The same of signatories chosen before."""
    chosen([format], tuple(FORMATS), "format", ())
    if preset:
        read, choice = find_preset(preset, letter, choice, owner)
        found = signatories.read(letter, choice, lambda signature: [cell(signature) for cell in read.values()])
        return FORMATS[format](tuple(read), _told(found, progress), folder)
    header, veiled = chosen(columns, EVERY_COLUMN, "column", COLUMNS), letter.protected and not (owner or names)
    found = signatories.read(letter, choice, lambda signature: signatories.cells(signature, header, owner, veiled))
    return FORMATS[format](header, _told(found, progress), folder)


def meant(letter: Letter, choice: Choice, preset: str = "") -> int:
    """How many rows `write` will make."""
    return signatories.count(letter, find_preset(preset, letter, choice, owner=True)[1] if preset else choice)


def _told(rows: Rows, progress: Progress | None) -> Rows:
    number = 0
    for number, row in enumerate(rows, start=1):
        if progress is not None and number % _GROUP == 0:
            progress(_GROUP)
        yield row
    if progress is not None and number % _GROUP:
        progress(number % _GROUP)


def harmless(cell: str) -> str:
    """The cell with an apostrophe in front if a spreadsheet would run it."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def _csv(header: tuple[str, ...], rows: Rows, _folder: Path | None) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(header)
    yield ("\ufeff" + _taken(buffer)).encode()
    for number, row in enumerate(rows, start=1):
        writer.writerow([harmless(cell) for cell in row])
        if number % _GROUP == 0:
            yield _taken(buffer).encode()
    yield _taken(buffer).encode()


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _json(header: tuple[str, ...], rows: Rows, _folder: Path | None) -> Iterator[bytes]:
    before = "[\n"
    for row in rows:
        yield (before + _object(header, row)).encode()
        before = ",\n"
    yield b"\n]\n" if before != "[\n" else b"[]\n"


def _ndjson(header: tuple[str, ...], rows: Rows, _folder: Path | None) -> Iterator[bytes]:
    for row in rows:
        yield f"{_object(header, row)}\n".encode()


def _object(header: tuple[str, ...], row: list[str]) -> str:
    return json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False)


def _xlsx(header: tuple[str, ...], rows: Rows, folder: Path | None) -> Iterator[bytes]:
    # The format's table of contents stands at its end, so the file is made whole, on disk, before its first byte leaves.
    with workplace.work(folder) as made_in:
        file = made_in / "signatories.xlsx"
        spreadsheet(file, str(made_in), header, rows)
        with file.open("rb") as made:
            while piece := made.read(_PIECE):
                yield piece


def spreadsheet(file: Path, folder: str, header: tuple[str, ...], rows: Rows) -> None:
    """Write the rows as XLSX into a file: every cell a string, and nothing in it calculates or leads anywhere."""
    settings = {
        "constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(file), settings) as book:
        book.use_zip64()
        sheet, line = _sheet(book, header), 0
        for row in rows:
            line += 1
            if line > _SHEET:
                sheet, line = _sheet(book, header), 1
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(line, column, writable(cell))


def writable(cell: str) -> str:
    """The cell as XLSX can hold it: without what no XML may have, and shortened, as it says, beyond what a cell takes."""
    cell = _UNWRITABLE.sub("\ufffd", cell.replace("\r\n", "\n").replace("\r", "\n"))
    if cell.startswith("<r>") and cell.endswith("</r>"):
        cell += " "  # XlsxWriter takes just this for markup of its own, and would write it as it is
    units = cell.encode("utf-16-le")
    return cell if len(units) <= 2 * _CELL else units[: 2 * (_CELL - len(_MORE))].decode("utf-16-le", "ignore") + _MORE


def _sheet(book: xlsxwriter.Workbook, header: tuple[str, ...]) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(header):
        sheet.write_string(0, column, name)
    return sheet


Format = Callable[[tuple[str, ...], Rows, Path | None], Iterator[bytes]]
FORMATS: dict[str, Format] = {"csv": _csv, "json": _json, "ndjson": _ndjson, "xlsx": _xlsx}
