"""The lists of insults, joke names and protected names: shipped, then the team's, then the letter's, made ready to match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path

from petition.signatures.screening.folding import as_drawn, looks, words

LISTS = ("slur", "joke", "protected")
LANGUAGES = ("en", "fr", "ru", "de", "es", "uk", "hy", "ar")
_FOLDER = Path(__file__).parent / "words"
_QUOTED = re.compile(r"[\"“”«»„](.+)[\"“”«»]")
_PATRONYMIC = re.compile(r"\w{2,}(?:ович|евич|ьич|овна|евна|иовна|иович|івна|ьовна|ична|іч)")
# What is put before or behind a name and does not make it another's.
_TITLES = frozenset(words("""
    mr mrs ms miss mx dr prof professor doctor sir dame hon honourable honorable excellency his her he she the president prime minister
    chancellor ex former senator general marshal pope king queen prince princess emperor ayatollah patriarch catholicos sheikh imam rev
    reverend jr sr ii iii esq phd md ceo m mme mlle monsieur madame docteur professeur président présidente premier ministre roi reine
    pape herr frau doktor präsident präsidentin kanzler kanzlerin könig königin papst señor señora sr sra don doña presidente presidenta
    rey reina papa господин госпожа президент премьер министр доктор профессор король королева папа патриарх католикос пан пані прем'єр
    міністр лікар պարոն տիկին նախագահ վարչապետ կաթողիկոս դոկտոր السيد السيدة الرئيس الدكتور الدكتورة الملك الأستاذ البابا
"""))  # fmt: skip

_COURTESIES = frozenset(
    words("mr mrs ms miss mx dr prof professor doctor sir dame m mme mlle monsieur madame herr frau señor señora sr sra")
)

Key = tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """Names of one list; most are the same in any order of their words, those written in quotes only as they stand.

    Those with a star at their end (`Gandalf *`) may have other words after them.
    """

    any_order: dict[Key, str] = field(default_factory=dict)
    in_order: dict[Key, str] = field(default_factory=dict)
    beginnings: dict[Key, str] = field(default_factory=dict)

    def find(self, name: str) -> str | None:
        """The entry that a name is or looks like, as it stands in the list."""
        for found in map(words, dict.fromkeys((name, as_drawn(name)))):
            for ordered in (found, _without_courtesies(found), _without_titles(found)):
                if entry := self.in_order.get(looks(ordered)) or self._begins(looks(ordered)):
                    return entry
            if found and (entry := self.any_order.get(_key(found))):
                return entry
        return None

    def _begins(self, found: Key) -> str | None:
        return next((each for end in range(1, len(found) + 1) if (each := self.beginnings.get(found[:end]))), None)

    def take(self, entry: str) -> None:
        """Read one line of a list: a name, or, behind a hyphen, one that is taken off."""
        line = entry.strip()
        if not line or line.startswith("#"):
            return
        removed = line.startswith("-")
        name = line.removeprefix("-").strip()
        begins = name.endswith("*")
        quoted = _QUOTED.fullmatch(name)
        found = words(quoted[1] if quoted else name)
        if not found:
            return
        if removed:
            self.any_order.pop(_key(found), None)
            self.in_order.pop(looks(found), None)
            self.beginnings.pop(looks(found), None)
        elif begins:
            self.beginnings.setdefault(looks(found), name)
            if len(found) > 1:
                self.any_order.setdefault(_key(found), name)
        elif quoted or len(_without_titles(found)) < min(2, len(found)):
            # 'Prince Harry' without its title would be every Harry.
            self.in_order.setdefault(looks(found), quoted[1] if quoted else name)
        else:
            self.any_order.setdefault(_key(found), name)


@dataclass(frozen=True)
class WordSet:
    """Everything a statement is compared with."""

    slurs: frozenset[Key]
    jokes: Names
    protected: Names

    @cached_property
    def _lengths(self) -> frozenset[int]:
        return frozenset(len(each) for each in self.slurs)

    def has_slur(self, text: str) -> bool:
        """Whether a word or phrase of the list stands in a text, whole."""
        for written in dict.fromkeys((text, as_drawn(text))):
            found = looks(words(written))
            if any(found[at : at + length] in self.slurs for length in self._lengths for at in range(len(found) - length + 1)):
                return True
        return False


def _key(found: list[str]) -> Key:
    return tuple(sorted(looks(_without_titles(found))))


def _without_courtesies(found: list[str]) -> list[str]:
    """A name's words without initials and what is said before any name: `Dr Pope X. Francis` is Pope Francis."""
    return [word for word in found if word not in _COURTESIES and not _is_initial(word)] or found


def _without_titles(found: list[str]) -> list[str]:
    """A name's words without titles, initials, numbers and a patronymic, if anything is left then."""
    bare = [word for word in found if word not in _TITLES and not word.isdigit() and not _is_initial(word)]
    if len(bare) > 2:
        bare = [word for word in bare if not _PATRONYMIC.fullmatch(word)] or bare
    return bare or found


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.upper() != word  # a single Han character is a whole name


@cache
def shipped(which: str, language: str) -> tuple[str, ...]:
    """The lines that come with the platform, without remarks; none where nobody could be sure of the words."""
    path = _FOLDER / f"{which}.{language}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return tuple(line for line in lines if line and not line.startswith("#"))


@lru_cache(maxsize=64)
def compiled(added: tuple[tuple[str, str], ...] = (), letter_names: tuple[str, ...] = ()) -> WordSet:
    """The shipped lists with a team's (list, lines) and a letter's protected names; the same content is made ready once."""
    slurs: set[Key] = set()
    for line in _lines("slur", added):
        key = looks(words(line))
        if line.startswith("-"):
            slurs.discard(key)
        elif key and not line.startswith("#"):
            slurs.add(key)
    return WordSet(frozenset(slurs), _names(_lines("joke", added)), _names([*_lines("protected", added), *letter_names]))


def _lines(which: str, added: Iterable[tuple[str, str]]) -> Iterator[str]:
    for language in LANGUAGES:
        yield from (line.strip() for line in shipped(which, language))
    for name, lines in added:
        if name == which:
            yield from (line.strip() for line in lines.splitlines())


def _names(lines: Iterable[str]) -> Names:
    names = Names()
    for line in lines:
        names.take(line)
    return names
