"""What changed between two texts of a letter, paragraph by paragraph and word by word."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from petition.letters.document import SHARED, WORDS, LetterDocument
from petition.letters.models import Letter, LetterVersion

LONGEST = 2_000  # words of a paragraph that are compared one by one; a longer one is shown whole, before and after

Change = Literal["same", "out", "in"]


@dataclass(frozen=True)
class Paragraph:
    """One changed paragraph as runs of words: kept, taken out or put in."""

    runs: tuple[tuple[Change, str], ...]


def history(letter: Letter) -> list[tuple[LetterVersion, tuple[Paragraph, ...]]]:
    """Each version of the original with what changed since the one before, the newest first."""
    originals = [each.text(letter.original_language) for each in letter.versions]
    texts = [each.canonical if each is not None else "" for each in originals]
    changed = [(), *(between(before, after) for before, after in itertools.pairwise(texts))]
    return list(zip(letter.versions, changed, strict=True))[::-1]


@lru_cache(maxsize=64)
def between(before: str, after: str) -> tuple[Paragraph, ...]:
    """The paragraphs that are not the same in both texts, in their order."""
    old, new = (re.split(r"\n+", text.strip()) for text in (before, after))
    return tuple(_paragraphs(old, new))


def _paragraphs(old: list[str], new: list[str]) -> Iterator[Paragraph]:
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        pairs = min(b - a, d - c)
        for one, other in zip(old[a : a + pairs], new[c : c + pairs], strict=True):
            yield Paragraph(tuple(_words(one, other)))
        yield from (Paragraph((("out", gone),)) for gone in old[a + pairs : b])
        yield from (Paragraph((("in", come),)) for come in new[c + pairs : d])


def _words(one: str, other: str) -> Iterator[tuple[Change, str]]:
    old, new = (re.findall(r"\S+\s*", text) for text in (one, other))
    if len(old) + len(new) > LONGEST:
        yield from (("out", one), ("in", other))
        return
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[a:b])
        else:
            if b > a:
                yield "out", "".join(old[a:b])
            if d > c:
                yield "in", "".join(new[c:d])


def by_field(before: LetterDocument | None, after: LetterDocument) -> list[tuple[str, tuple[Paragraph, ...]]]:
    """The fields that are not the same in both documents, with what changed in each."""
    found = []
    for name in (*WORDS, *SHARED):
        old, new = plain(getattr(before, name)) if before is not None else "", plain(getattr(after, name))
        if old != new:
            found.append((name, between(old, new)))
    return found


def plain(value: object) -> str:
    """A field's value as lines of text: numbered items, parts behind each other."""
    if isinstance(value, list):
        return "\n".join(f"{number}. {plain(each)}" for number, each in enumerate(value, start=1))
    if isinstance(value, dict):
        return ", ".join(str(value[part]) for part in ("date", "name", "role", "email", "label", "text", "") if value.get(part))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return "" if value is None else str(value)
