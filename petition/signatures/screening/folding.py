"""Names as they are compared: folded, brought to what they look like, cut into words, or reduced to their shape."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from confusable_homoglyphs import confusables

# Scripts that are written together in ordinary words.
_TOGETHER = (frozenset({"HIRAGANA", "KATAKANA", "CJK", "HANGUL", "BOPOMOFO"}),)
_APOSTROPHES = re.compile("['’‘ʼʻ`´]")
# Arabic is written with or without its vowel signs, hamzas and long strokes.
_ARABIC = str.maketrans({**dict.fromkeys("أإآٱ", "ا"), "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ـ": None})
_WRITTEN_OUT = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe"})


def scripts(word: str) -> frozenset[str]:
    """The scripts of a word's letters, those that are written together counted as one."""
    found = {_script(letter) for letter in word if letter.isalpha()} - {""}
    for family in _TOGETHER:
        if found & family:
            found = (found - family) | {"CJK"}
    return frozenset(found)


@cache
def _script(letter: str) -> str:
    # The first word of a letter's Unicode name is its script; modifiers belong to every script.
    name = unicodedata.name(letter, "")
    return "" if name.startswith("MODIFIER") else name.partition(" ")[0]


def fold_name(name: str) -> str:
    """A name as it is compared: compatibility forms, case and the spaces between words do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def fold_organisation(name: str) -> str:
    """An organisation's name as it is compared: punctuation and quotation marks do not matter either."""
    words = "".join(letter if letter.isalnum() or unicodedata.combining(letter) else " " for letter in fold_name(name))
    return " ".join(words.split())[:200]


@lru_cache(maxsize=4096)  # one name's words are asked for again and again while it is screened
def skeleton(name: str) -> str:
    """What a name looks like: letters that are drawn alike become one (after UTS 39, section 4)."""
    plain = unicodedata.normalize("NFD", fold_name(name))
    return unicodedata.normalize("NFC", "".join(_prototype(letter) for letter in plain))[:400]


@cache
def _prototype(letter: str) -> str:
    if letter.isascii():
        return "l" if letter in "1i|" else "o" if letter == "0" else letter
    found = confusables.is_confusable(letter, greedy=True) or []
    drawn_alike = [each["c"].casefold() for entry in found for each in entry["homoglyphs"] if len(each["c"]) == 1]
    plain = sorted(each for each in drawn_alike if each.isascii() and each.isalpha())
    if not plain:
        return letter
    return _prototype(plain[0])


def as_drawn(text: str) -> str:
    """A text with the capitals that are drawn like Latin ones made Latin: М is an M, though м is no m."""
    return text if text.isascii() else "".join(_capital(letter) for letter in text)


@cache
def _capital(letter: str) -> str:
    if letter.isascii() or not letter.isupper():
        return letter
    found = confusables.is_confusable(letter, greedy=True) or []
    alike = [each["c"] for entry in found for each in entry["homoglyphs"] if len(each["c"]) == 1 and each["c"].isascii()]
    return next((each for each in sorted(alike) if each.isupper()), letter)


def words(text: str) -> list[str]:
    """The words of a text as lists are matched: folded, without accents, apostrophes and other marks."""
    return list(_words(text))


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    plain = _APOSTROPHES.sub("", fold_name(text)).translate(_ARABIC).translate(_WRITTEN_OUT)
    bare = "".join(letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter))
    # The vowel signs of Indian scripts are marks, and part of a word.
    return tuple("".join(letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " " for letter in bare).split())


def looks(found: Iterable[str]) -> tuple[str, ...]:
    """What each of these words looks like; two letters that are read as one become it."""
    return tuple(skeleton(word).replace("rn", "m").replace("vv", "w") for word in found)


def name_shape(name: str) -> str:
    """The pattern of a name, by which the names of one machine resemble each other ('Ana Q7 BAR' -> 'Aa A9 A')."""
    kinds = ("9" if each.isdigit() else _case(each) if each.isalpha() else each for each in unicodedata.normalize("NFC", name))
    shape = "".join(kind for kind in kinds if not unicodedata.combining(kind))
    return re.sub(r"(.)\1+", r"\1", " ".join(shape.split()))[:60]


def _case(letter: str) -> str:
    return "A" if letter.isupper() or letter.istitle() else "a"
