"""Reads the list of those whom readers can write to: each row is checked by its line, and one fault refuses the whole file."""

from __future__ import annotations

import unicodedata
from typing import BinaryIO

from petition import i18n
from petition.errors import N_, Fault
from petition.imports import columns
from petition.imports.reading import Broken, Table, unreadable
from petition.letters import fields
from petition.letters.contacts import COLUMNS, Entry, is_place

MOST_BYTES = 200 * 1024
MOST_ROWS = 3_000
MOST_FAULTS = 50
NEEDED = ("country", "name", "email")
NO_COUNTRY = N_("Please give the two letters of a country, such as AM, or EU or UN.")
NO_LANGUAGE = N_("Please give the code of a language, such as hy, or nothing.")
FORMULA = N_("This begins like a formula of a spreadsheet.")

Faults = list[tuple[int, Fault]]


def read(source: BinaryIO) -> tuple[list[Entry], Faults]:
    """The rows of a list, or what is wrong with them, each fault with its line; raises Unreadable for what is no such table."""
    if len(source.read(MOST_BYTES + 1)) > MOST_BYTES:
        raise unreadable("too_large", N_("A list may have at most %(size)s KB and %(rows)s rows."), size=MOST_BYTES // 1024, rows=MOST_ROWS)
    table = Table(source)
    where = {name: place for place, name in enumerate(map(columns.column, table.header)) if name in COLUMNS}
    if missing := [name for name in NEEDED if name not in where]:
        raise unreadable("no_column", N_("The first line has to name the columns; this one is missing: %(column)s."), column=missing[0])
    entries: dict[tuple[str, str], Entry] = {}
    faults: Faults = []
    try:
        for line, cells in table.rows():
            found, wrong = _row([cells[where[name]].strip() if name in where and where[name] < len(cells) else "" for name in COLUMNS])
            faults += [(line, fault) for fault in wrong]
            if found is not None:
                entries.setdefault((found.country, found.email), found)
    except Broken as error:
        faults.append((error.line, error.fault))
    if len(entries) > MOST_ROWS:
        raise unreadable("too_large", N_("A list may have at most %(size)s KB and %(rows)s rows."), size=MOST_BYTES // 1024, rows=MOST_ROWS)
    if not entries and not faults:
        raise unreadable("empty", N_("The file is empty."))
    return list(entries.values()), faults[:MOST_FAULTS]


def _row(cells: list[str]) -> tuple[Entry | None, list[Fault]]:
    country, name, role, email, language = (unicodedata.normalize("NFC", cell) for cell in cells)
    faults = []
    if not is_place(country := country.upper()):
        faults.append(Fault("country", "no_country", NO_COUNTRY))
    if language and not i18n.is_language(language):
        faults.append(Fault("language", "no_language", NO_LANGUAGE))
    for field, value in (("name", name), ("role", role)):
        faults += _line(field, value)
    try:
        email = fields.mailbox(email)
    except fields.Bad as error:
        faults.append(error.fault("email"))
    return (None, faults) if faults else (Entry(country, name, role, email, language), [])


def _line(field: str, value: str) -> list[Fault]:
    """What is wrong with a line of text that readers see; a role may be empty."""
    if not value and field == "role":
        return []
    if value[:1] in ("=", "+", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff20"):
        return [Fault(field, "formula", FORMULA)]
    try:
        if fields.words(value, 200) != value or "\n" in value:
            return [fields.Bad("control").fault(field)]
    except fields.Bad as error:
        return [error.fault(field)]
    return []
