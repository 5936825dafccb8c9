"""The names of one document, sorted on disk, so that no number of them has to fit into memory."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

SECTIONS = ("organisation", "person", "elsewhere", "unset")


@dataclass(frozen=True)
class Name:
    """One entry of a document's list: whom it names, and what stands beside the name."""

    section: str
    name: str
    detail: str = ""


class Spool:
    """Takes names in any order and hands them out section by section, in the order of their letters."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "names.sqlite3"
        self._rows = sqlite3.connect(self._file, isolation_level=None)
        self._rows.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE; BEGIN")
        self._rows.execute("CREATE TABLE name (section INTEGER, key TEXT, name TEXT, detail TEXT)")

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._rows.close()
        self._file.unlink(missing_ok=True)

    def add(self, name: Name) -> None:
        """Keep one more."""
        row = (SECTIONS.index(name.section), _key(name.name), name.name, name.detail)
        self._rows.execute("INSERT INTO name VALUES (?, ?, ?, ?)", row)

    def count(self) -> int:
        """How many there are."""
        return int(self._rows.execute("SELECT count(*) FROM name").fetchone()[0])

    def volumes(self, size: int) -> Iterator[list[Name]]:
        """All of them in order, so many at a time; one empty volume where there are none."""
        found = self._rows.execute("SELECT section, name, detail FROM name ORDER BY section, key, name")
        volume = [Name(SECTIONS[section], name, detail) for section, name, detail in found.fetchmany(size)]
        yield volume
        while volume := [Name(SECTIONS[section], name, detail) for section, name, detail in found.fetchmany(size)]:
            yield volume


def _key(name: str) -> str:
    """Accents sort with their letters, small letters with capitals, and one script stays together."""
    plain = unicodedata.normalize("NFD", name)
    return "".join(letter for letter in plain if letter.isalnum() or letter == " ").casefold()
