"""The formats of an export: CSV that no spreadsheet runs, and JSON and NDJSON as raw as they were typed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterator

from petition.exports.rows import COLUMNS, STATES, USUAL_STATES, chosen, read
from petition.letters.models import Letter
from petition.signatures.models import KINDS

# What makes a spreadsheet calculate, also behind spaces of any kind (OWASP, CSV injection).
_RUNS = re.compile(r"[\s​﻿]*[=+\-@＝＋－＠]|[ ]*[\t\r\n]")
_GROUP = 100  # rows written at once

Rows = Iterator[list[str]]


def stream(
    letter: Letter,
    format: str,
    *,
    states: Collection[str] = (),
    kinds: Collection[str] = (),
    columns: Collection[str] = (),
    owner: bool,
) -> Iterator[bytes]:
    """The letter's signatories as a file, piece by piece; the choices are judged before the first piece is read.

    Raises BadExport for an unknown format, column, kind or state; withdrawn signatures are in no export.
    """
    chosen([format], tuple(FORMATS), "format", ())
    header = chosen(columns, COLUMNS, "column", COLUMNS)
    rows = read(
        letter,
        states=chosen(states, STATES, "state", USUAL_STATES),
        kinds=chosen(kinds, KINDS, "kind", KINDS),
        columns=header,
        owner=owner,
    )
    return FORMATS[format](header, rows)


def harmless(cell: str) -> str:
    """The cell with an apostrophe in front if a spreadsheet would run it."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def _csv(header: tuple[str, ...], rows: Rows) -> Iterator[bytes]:
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


def _json(header: tuple[str, ...], rows: Rows) -> Iterator[bytes]:
    before = "[\n"
    for row in rows:
        yield (before + _object(header, row)).encode()
        before = ",\n"
    yield b"\n]\n" if before != "[\n" else b"[]\n"


def _ndjson(header: tuple[str, ...], rows: Rows) -> Iterator[bytes]:
    for row in rows:
        yield f"{_object(header, row)}\n".encode()


def _object(header: tuple[str, ...], row: list[str]) -> str:
    return json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False)


FORMATS: dict[str, Callable[[tuple[str, ...], Rows], Iterator[bytes]]] = {"csv": _csv, "json": _json, "ndjson": _ndjson}
