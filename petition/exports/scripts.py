"""The name of the script that a character belongs to, for readers who cannot be shown the character itself."""

from __future__ import annotations

import unicodedata

from petition import i18n

# The first word of a character's Unicode name, and the script's code in CLDR.
_CODES = {
    "CJK": "Hani", "HIRAGANA": "Jpan", "KATAKANA": "Jpan", "HANGUL": "Kore", "TIBETAN": "Tibt", "MONGOLIAN": "Mong", "SYRIAC": "Syrc",
    "THAANA": "Thaa", "NKO": "Nkoo", "TIFINAGH": "Tfng", "CHEROKEE": "Cher", "CANADIAN": "Cans", "YI": "Yiii", "JAVANESE": "Java",
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr", "ARMENIAN": "Armn", "GEORGIAN": "Geor",
    "DEVANAGARI": "Deva", "ETHIOPIC": "Ethi", "KHMER": "Khmr", "MYANMAR": "Mymr", "THAI": "Thai", "LAO": "Laoo", "TAMIL": "Taml",
}  # fmt: skip


def name(character: str, language: str) -> str:
    """The script in words of the language, or what Unicode calls it."""
    word = unicodedata.name(character, "unknown").split()[0].removesuffix("-IDEOGRAPH")
    names = i18n.locale(language).scripts
    return str(names.get(_CODES.get(word, "")) or word.capitalize())
