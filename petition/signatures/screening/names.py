"""What is wrong with a name: typed at random, on a list of jokes or insults, or somebody's whose office is known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from petition.signatures.screening.folding import fold_name, words
from petition.signatures.screening.offices import claims_office, is_state
from petition.signatures.screening.reasons import Flag
from petition.signatures.screening.wordset import WordSet

_RUN = 4  # letters in a row of the keyboard, forwards or backwards
_ROWS = (
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm", "йцукенгшщзхъ",
    "фывапролджэ", "ячсмитьбю", "йцукенгшщзхї", "фівапролджє",
)  # fmt: skip
# Every piece of a row, read either way: asked for thousands of times when many names are looked at.
_PIECES = frozenset(
    read[at:end] for row in _ROWS for read in (row, row[::-1]) for at in range(len(row)) for end in range(at + 1, len(row) + 1)
)
# Runs that stand in ordinary names: Dougherty, Schwert, Hertz, Wertz, Reza, Trevor's Cornish cousins, Azer, Смит, Сапронов.
_ORDINARY = frozenset("erty wert wertz ertz reza trez treza trew ytre azer zert апро кенг неку прол смит мить тимс орпа".split())  # noqa: SIM905
_CASED = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN")
_VOWELS = frozenset("aeiouyæœøıəɑ")
_LONG = 5  # letters of a word that would have a vowel somewhere
_ROMAN = re.compile(r"(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})\.?")  # Henry VIII, Louis XIV; XXXXXX is none


def of_texts(texts: dict[str, str], shown: str, known: WordSet) -> list[Flag]:
    """The flags of a statement's words: `texts` by field, `shown` the field whose value is the signatory's name."""
    flags = [Flag("slur", field) for field, value in texts.items() if value and known.has_slur(value)]
    name = texts.get(shown, "")
    for code, names in (("joke_name", known.jokes), ("protected_name", known.protected)):
        entry = names.find(name)
        if entry is not None:
            flags.append(Flag(code, shown, entry))
    if shown == "name":
        flags += [*_offices(texts), *shapes(name)]
    return flags


def _offices(texts: dict[str, str]) -> Iterator[Flag]:
    role, organisation = texts.get("role", ""), texts.get("organisation", "")
    # 'President' of a club is nobody's business; of 'France' it is a claim.
    if claims_office(role) or (claims_office(f"{role} {organisation}") and is_state(organisation)):
        yield Flag("office", "role")
    if claims_office(texts.get("name", ""), whole=False):
        yield Flag("office", "name")


def shapes(name: str) -> Iterator[Flag]:
    """What the letters of a person's name look like when nobody's name is typed."""
    found = words(name)
    for code, true in (
        ("keyboard_run", any(_runs_along(word) for word in _plain(name))),
        ("repeated_letter", _repeats(name)),
        ("digits", any(each.isdigit() for each in name)),
        ("no_vowels", any(_has_no_vowel(word) for word in found)),
        ("all_caps", _shouts(name)),
    ):
        if true:
            yield Flag(code, "name")


def _plain(name: str) -> list[str]:
    # Unlike the words of lists these keep their marks: й is a key of its own.
    return re.findall(r"[^\W\d_]+", fold_name(name))


def _runs_along(word: str) -> bool:
    """Whether four or more letters follow a row of a keyboard, or three do so again and again (asdasd)."""
    if len(word) >= 6 and len(word) % 3 == 0 and word == word[:3] * (len(word) // 3) and _in_a_row(word[:3]):
        return True
    if not any(_in_a_row(word[at : at + _RUN]) for at in range(len(word) - _RUN + 1)):
        return False  # a longer run begins with a short one
    pieces = (word[at:end] for at in range(len(word)) for end in range(at + _RUN, len(word) + 1))
    return any(_in_a_row(piece) and not _is_ordinary(piece) for piece in pieces)


def _is_ordinary(run: str) -> bool:
    return any(run in each for each in _ORDINARY)


def _in_a_row(letters: str) -> bool:
    return letters in _PIECES


def _repeats(name: str) -> bool:
    """Whether a letter stands three times or more in a row; Roman numerals are no letters."""
    parts = [part for part in name.split() if not _ROMAN.fullmatch(part)]
    found = [re.search(r"([^\W\d_])\1\1", fold_name(part)) for part in parts]
    return any(match is not None and _is_cased(match[1]) for match in found)


def _has_no_vowel(word: str) -> bool:
    latin = word.isalpha() and all(unicodedata.name(letter, "").startswith("LATIN") for letter in word)
    return latin and len(word) >= _LONG and not _VOWELS & set(word)


def _shouts(name: str) -> bool:
    """Whether two words or more are all capitals; scripts without small letters never are."""
    letters = [letter for letter in name if letter.isalpha()]
    several = len([part for part in name.split() if any(each.isalpha() for each in part)]) > 1
    return several and len(letters) > 3 and all(_is_cased(letter) and letter.isupper() for letter in letters)


def _is_cased(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_CASED)
