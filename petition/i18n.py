"""Languages the platform speaks: their names and direction, country names, and translation without a web request."""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.localedata import locale_identifiers
from babel.support import NullTranslations, Translations

SHIPPED = ("en", "hy", "ru", "fr", "de", "es", "uk", "ar")
CATALOGUES = Path(__file__).parent / "translations"

# Where the order of the code points is not that of the alphabet.
_ALPHABETS = {"uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"}

# CLDR's abbreviated word for "year" ends with a full stop, which would be two at the end of a sentence.
_YEARS = {"uk": ("\u202fр.", " року"), "ru": ("\u202fг.", " года")}

# CLDR lists regions that are no countries.
_NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"}


@cache
def locale(language: str) -> Locale:
    """The CLDR locale of a language code; raises UnknownLocaleError or ValueError on nonsense."""
    return Locale.parse(language, sep="-")


def is_language(code: str) -> bool:
    """Whether CLDR knows the code."""
    try:
        locale(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def own_name(language: str) -> str:
    """The language's name in itself, as a reader looks for it."""
    name = locale(language).get_display_name(language) or language
    return name[0].upper() + name[1:]


def direction(language: str) -> str:
    """'rtl' or 'ltr'."""
    return str(locale(language).text_direction)


@cache
def languages(reader: str) -> tuple[tuple[str, str], ...]:
    """(code, name) pairs of the languages that CLDR has data for, named and ordered for a reader of this language."""
    names, english = locale(reader).languages, locale("en").languages
    codes = {code for code in locale_identifiers() if code.isalpha()}
    pairs = [(code, str(names.get(code) or english.get(code) or code)) for code in codes]
    return tuple(sorted(pairs, key=lambda pair: _sort_key(pair[1], reader)))


@cache
def country_codes() -> frozenset[str]:
    """ISO 3166 two-letter codes that a signatory may choose."""
    return frozenset(code for code in map(str, locale("en").territories) if len(code) == 2 and code.isalpha()) - _NOT_COUNTRIES


@cache
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """(code, name) pairs in the language, in its reading order."""
    names = locale(language).territories
    english = locale("en").territories
    pairs = [(code, str(names.get(code, english[code]))) for code in country_codes()]
    return tuple(sorted(pairs, key=lambda pair: _sort_key(pair[1], language)))


def country_name(code: str, language: str) -> str:
    """The country's name in the language, or the code where CLDR has none."""
    return str(locale(language).territories.get(code) or locale("en").territories.get(code) or code)


@cache
def catalogue(language: str) -> NullTranslations:
    """The message catalogue of a language; English sentences stand for themselves."""
    return Translations.load(str(CATALOGUES), [language])


def translate(language: str, message: str, **params: Any) -> str:
    """The message in the language, with its %(name)s places filled."""
    text = str(catalogue(language).ugettext(message))
    return text % params if params else text


def _sort_key(name: str, language: str) -> str:
    if alphabet := _ALPHABETS.get(language):
        return name.casefold().translate({ord(letter): chr(0x400 + place) for place, letter in enumerate(alphabet)})
    # Accents sort with their letters (Åland beside Albania) without a collation library.
    plain = unicodedata.normalize("NFD", name)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def format_day(day: date, language: str) -> str:
    """A date in the language's long form, as CLDR writes it, the word for the year in full."""
    # English here is the world's, not one country's: 3 July 2023.
    written = str(format_date(day, format="long", locale=locale("en-001" if language == "en" else language)))
    short, whole = _YEARS.get(language, ("", ""))
    return written.removesuffix(short) + whole if short and written.endswith(short) else written
