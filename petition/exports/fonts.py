"""The fonts that documents are set in, where they are found, and which characters they have."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
# The first is always there; the second comes with the `cjk` extra.
_PACKAGES = ("manimgx_fonts", "noto_cjk_sans_otc")

# What stands for a character that may be written or not, and needs no picture.
_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}


@lru_cache(maxsize=4)
def folders(own: Path | None) -> tuple[Path, ...]:
    """The folders with font files: the packages that are installed, and the operator's own."""
    specs = (find_spec(name) for name in _PACKAGES)
    found = [Path(spec.origin).parent for spec in specs if spec is not None and spec.origin is not None]
    return (*found, own) if own is not None else tuple(found)


def missing(text: str, own: Path | None) -> str:
    """The characters of the text that no font has, each once."""
    known = _characters(folders(own))
    lacking = (letter for letter in text if ord(letter) not in known and unicodedata.category(letter) not in _UNSEEN)
    return "".join(dict.fromkeys(lacking))


@lru_cache(maxsize=4)
def _characters(where: tuple[Path, ...]) -> frozenset[int]:
    files = sorted(file for folder in where for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    return frozenset(chain.from_iterable(_of(file.read_bytes()) for file in files))


def _of(font: bytes) -> Iterator[int]:
    """The characters of a font file, or of each font in a collection (OpenType, 'cmap')."""
    starts: Iterable[int] = (0,)
    if font[:4] == b"ttcf":
        (number,) = struct.unpack_from(">I", font, 8)
        starts = struct.unpack_from(f">{number}I", font, 12)
    for start in dict.fromkeys(filter(None, (_table(font, each) for each in starts))):
        yield from _mapped(font, start)


def _table(font: bytes, start: int) -> int:
    (number,) = struct.unpack_from(">H", font, start + 4)
    for each in range(number):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, start + 12 + 16 * each)
        if tag == b"cmap":
            return int(offset)
    return 0


def _mapped(font: bytes, table: int) -> Iterator[int]:
    (number,) = struct.unpack_from(">H", font, table + 2)
    for each in range(number):
        _, _, offset = struct.unpack_from(">HHI", font, table + 4 + 8 * each)
        (form,) = struct.unpack_from(">H", font, table + offset)
        if form == 12:
            (groups,) = struct.unpack_from(">I", font, table + offset + 12)
            for group in range(groups):
                first, last, _ = struct.unpack_from(">III", font, table + offset + 16 + 12 * group)
                yield from range(first, last + 1)
        elif form == 4:
            yield from _segments(font, table + offset)


def _segments(font: bytes, start: int) -> Iterator[int]:
    """Format 4: runs of characters whose glyphs follow each other, or stand in a list of their own."""
    (twice,) = struct.unpack_from(">H", font, start + 6)
    number, words = twice // 2, start + 14
    ends = struct.unpack_from(f">{number}H", font, words)
    firsts = struct.unpack_from(f">{number}H", font, words + twice + 2)
    shifts = struct.unpack_from(f">{number}H", font, words + 2 * twice + 2)
    ranges = struct.unpack_from(f">{number}H", font, words + 3 * twice + 2)
    for each in range(number):
        for code in range(firsts[each], min(ends[each], 0xFFFE) + 1):
            if ranges[each] == 0:
                glyph = (code + shifts[each]) & 0xFFFF
            else:
                place = words + 3 * twice + 2 + 2 * each + ranges[each] + 2 * (code - firsts[each])
                (glyph,) = struct.unpack_from(">H", font, place)
            if glyph:
                yield code
