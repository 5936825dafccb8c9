"""Reads a table of signatures as people save it: finds out its encoding and separator, and hands out its rows by line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from petition.errors import N_, Fault, PetitionError
from petition.imports.columns import recognised

ENCODINGS = (
    "utf-8", "utf-16", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1256", "koi8-r",
)  # fmt: skip
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MOST_BYTES = 128 * 1024 * 1024
LONGEST_HEADER = 64 * 1024
PIECE = 1024 * 1024
SAMPLE = 1024 * 1024  # of the lines of an eight-bit file that are not all ASCII, by which its encoding is told

UNTOLD = N_("The encoding of the file cannot be told. Save it as “CSV UTF-8”, or name the encoding.")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile("[Ѐ-ҁҊ-ԯ]+")
_VOWELS = frozenset("аеиоуыэюяёіїє")
# What Western European languages write beyond ASCII, without the letters that Turkish has in the same places.
_WESTERN = re.compile("[À-ÏÑ-ÖØ-Üàáâãäåæçèéêëìíîïñòóôõö÷øùúûüÿßŒœŠšŽžŸ«»‘’‚“”„–—…€§°ºª·¡¿´\xa0\xad]*")


class Unreadable(PetitionError):
    """A file that is no table of signatures, or not in an encoding that can be told; the fault says what to do."""

    code = "unreadable_file"
    status = 422

    def __init__(self, fault: Fault) -> None:
        self.fault, self.message = fault, fault.message
        super().__init__(**fault.params)


def unreadable(code: str, message: str, **params: object) -> Unreadable:
    """The error of a file that cannot be taken as a whole."""
    return Unreadable(Fault("file", code, message, dict(params)))


class Broken(Exception):
    """The table ends to make sense at a line: the fault says how."""

    def __init__(self, line: int, fault: Fault) -> None:
        self.line, self.fault = line, fault
        super().__init__(fault.code)


class Table:
    """An open file whose encoding, separator and header are known; `guessed` when the encoding was told by its letters."""

    def __init__(self, source: BinaryIO, encoding: str = "") -> None:
        """Find everything out; raises Unreadable. `encoding` is one of ENCODINGS where somebody named it."""
        self._source = source
        if source.seek(0, io.SEEK_END) > MOST_BYTES:
            raise unreadable("too_large", N_("A file may have at most %(limit)s MB. Split it into several."), limit=MOST_BYTES // 2**20)
        self.encoding, self.guessed = (encoding, False) if encoding else detect(source)
        self.separator, self.header, self._skipped = _header(source, self.encoding)
        self.line = self._skipped + 1  # where the header stands

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not empty, with the line it begins on; raises Broken where it cannot be read on."""
        text = _text(self._source, self.encoding)
        line = 0
        try:
            for _ in range(self._skipped):
                text.readline()
            reader = csv.reader(text, delimiter=self.separator, strict=True)
            next(reader)
            line = reader.line_num
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield self._skipped + line + 1, cells
                line = reader.line_num
        except UnicodeError as error:
            fault = Fault("file", "encoding", N_("This is not %(encoding)s."), {"encoding": self.encoding})
            raise Broken(self._skipped + line + 1, fault) from error
        except csv.Error as error:
            fault = Fault("file", "quotes", N_("A quotation mark is missing, or a cell is far too long."))
            raise Broken(self._skipped + line + 1, fault) from error
        finally:
            if not self._source.closed:  # by whoever needs no more rows
                text.detach()


def _text(source: BinaryIO, encoding: str) -> io.TextIOWrapper:
    source.seek(0)
    return io.TextIOWrapper(source, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def detect(source: BinaryIO) -> tuple[str, bool]:
    """The encoding of a file, and whether it was told by its letters alone; raises Unreadable."""
    source.seek(0)
    start = source.read(4096)
    if not start.strip():
        raise unreadable("empty", N_("The file is empty."))
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise unreadable("spreadsheet", N_("This is a spreadsheet, not a CSV file. Save it as “CSV UTF-8” in the program that made it."))
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    if b"\x00" in start:
        raise unreadable("binary", N_("This is not a text file. Save the table as “CSV UTF-8”."))
    if _is_utf8(source):
        return "utf-8", False
    sample = _beyond_ascii(source)
    for encoding, fits in (("windows-1251", _is_cyrillic), ("windows-1252", _is_western)):
        if fits(sample):
            return encoding, True
    raise unreadable("encoding", UNTOLD)


def _beyond_ascii(source: BinaryIO) -> bytes:
    """The first lines that hold other letters, wherever they stand: a sorted list may begin with a thousand Latin names."""
    source.seek(0)
    found = bytearray()
    while len(found) < SAMPLE and (line := source.readline(PIECE)):
        if not line.isascii():
            found += line
    return bytes(found)


def _is_utf8(source: BinaryIO) -> bool:
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := source.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_cyrillic(sample: bytes) -> bool:
    """Whether it makes words in Windows-1251: whole in one script, cased as words are, with the vowels of Cyrillic languages."""
    found = [word for word in _WORD.findall(sample.decode("windows-1251", "replace")) if not word.isascii()]
    fine = [word for word in found if _CYRILLIC.fullmatch(word) and (word.islower() or word.isupper() or word[1:].islower())]
    letters = "".join(fine).lower()
    vowels = sum(letter in _VOWELS for letter in letters)
    return len(fine) >= 0.95 * len(found) and vowels >= 0.33 * len(letters) > 0


def _is_western(sample: bytes) -> bool:
    """Whether Windows-1252 makes only letters and signs of Western Europe of it."""
    try:
        text = sample.decode("windows-1252")
    except UnicodeDecodeError:
        return False
    foreign = "".join(letter for letter in text if not letter.isascii())
    # A word of such letters alone is another alphabet, read wrongly.
    alone = [word for word in _WORD.findall(text) if len(word) > 2 and not any(letter.isascii() for letter in word)]
    return _WESTERN.fullmatch(foreign) is not None and not alone


def _header(source: BinaryIO, encoding: str) -> tuple[str, list[str], int]:
    """The separator under which most columns have names that we know, those names, and lines before them; raises Unreadable."""
    text = _text(source, encoding)
    try:
        first, skipped = text.readline(LONGEST_HEADER), 0
        if named := re.fullmatch(r"\ufeff?sep=(.)\s*", first, re.IGNORECASE):  # what Excel writes to say the separator
            first, skipped = text.readline(LONGEST_HEADER), 1
            if named[1] in SEPARATORS:
                return named[1], _cells(first, named[1]), skipped
    except UnicodeError as error:
        raise unreadable("encoding", UNTOLD) from error
    finally:
        text.detach()
    best = max(SEPARATORS, key=lambda separator: recognised(_cells(first, separator)))
    return best, _cells(first, best), skipped


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
