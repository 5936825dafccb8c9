"""The words of a printed letter: its text in one language, with the fixed words around it from our catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import qrcode

from petition import i18n
from petition.config import Config
from petition.errors import N_, NotFound
from petition.exports import numbers, prose
from petition.exports.numbers import Numbers
from petition.letters import operations as letters
from petition.letters.models import Letter, LetterText, Translation

# The text face has Latin, Cyrillic and Greek; letters of these languages are set in the face that has all scripts.
_OTHER_SCRIPTS = {
    "hy", "ar", "fa", "ur", "he", "yi", "ka", "am", "ti", "hi", "mr", "ne", "bn", "ta", "te", "th", "lo", "km", "my", "si",
    "zh", "ja", "ko", "ckb", "ps", "ug", "gu", "pa", "kn", "ml", "or",
}  # fmt: skip

OPEN_LETTER = N_("Open letter")
HEADINGS = {
    "addressees": N_("Addressees"), "events": N_("What the senders report"), "demands": N_("What the letter asks"),
    "senders": N_("Sent by"), "signatures": N_("Signatures"), "invite": N_("Read and sign this letter"),
}  # fmt: skip
TEXT, FINGERPRINT, AS_OF = N_("Text"), N_("Fingerprint of the text (SHA-256)"), N_("Numbers as of")
VERSION = N_("version %(label)s")
WHERE, REFERENCE = N_("The letter and its numbers today"), N_("Reference of this delivery")
VOLUME = N_("Volume %(number)s of %(count)s")
QR_WORDS = N_("QR code that leads to %(address)s")


def words_language(language: str) -> str:
    """The language of the fixed words in a document: the text's own where we have a catalogue, else English."""
    return language if language in i18n.SHIPPED else "en"


def in_text_face(language: str) -> bool:
    """Whether the text face has the language's script."""
    return language.partition("-")[0] not in _OTHER_SCRIPTS


def address(letter: Letter, language: str, config: Config) -> str:
    """The letter's public address in the text's language."""
    plain = language == letter.original_language or language not in config.languages
    return f"{config.base_url}{'' if plain else '/' + language}/letters/{letter.slug}"


def short_address(letter: Letter, language: str, config: Config) -> str:
    """The address that is short enough to be typed, and to make a coarse QR code."""
    plain = language == letter.original_language or language not in config.languages
    return f"{config.base_url}{'' if plain else '/' + language}/l/{letter.id}"


def comma(language: str) -> str:
    """What stands between two words of a list."""
    return "، " if language.partition("-")[0] in ("ar", "fa", "ur", "ps", "ug", "ckb") else ", "


def say(language: str, words: str, **places: Any) -> str:
    """A fixed sentence in the language of the document's fixed words."""
    return i18n.translate(words_language(language), words, **places)


def everything(words: Translation) -> str:
    """All that the letter's own words are written with, to see whether there is a font for it."""
    pairs = [value for each in (*words.addressees, *words.events) for value in each.values()]
    return "".join([words.title, words.summary, words.place, words.body, *words.senders, *words.demands, *pairs])


def words_of(letter: Letter, language: str) -> tuple[Translation, LetterText]:
    """The words and the fixed text in a language, or in the original's; raises NotFound."""
    words = letter.translation(language) or letter.translation(letter.original_language)
    if words is None:
        raise NotFound
    return words, letters.text_shown(letter, words.language)


def sheet(letter: Letter, language: str, counted: Numbers, *, config: Config, now: datetime, reference: str = "") -> dict[str, Any]:
    """The data of a document: the letter, what was counted, and the facts by which both can be checked."""
    words, text = words_of(letter, language)
    language = words.language
    dated = i18n.format_day(letter.dated, language) if letter.dated else ""
    return {
        "lang": language, "words_lang": words_language(language), "serif": in_text_face(language),
        "kicker": say(language, OPEN_LETTER), "title": words.title, "summary": words.summary, "subject": words.summary or words.title,
        "addressees": [{"name": each["name"], "role": each.get("role", "")} for each in words.addressees],
        "comma": comma(language), "dateline": comma(language).join(filter(None, (words.place, dated))), "body": prose.blocks(words.body),
        "events": [{"date": i18n.format_day(date.fromisoformat(each["date"]), language), "text": each["text"]} for each in words.events],
        "demands": list(words.demands), "senders": list(words.senders),
        "words": {name: say(language, heading) for name, heading in HEADINGS.items()},
        "counts": numbers.as_words(counted, words_language(language)), "facts": _facts(letter, text, language, config, now, reference),
        "footer": f"{_short(words.title)} · {reference}" if reference else _short(words.title), "volume": 0, "sections": [],
        "address": address(letter, language, config), "short": short_address(letter, language, config),
    }  # fmt: skip


def with_code(data: dict[str, Any]) -> dict[str, Any]:
    """The same data with a QR code, and sizes that fit its words onto one sheet; the short address stands in where it helps the code."""
    code = min((_code(data["address"]), _code(data["short"])), key=lambda each: each.version)
    address = str(code.data_list[0].data, "utf-8")
    length = len(data["title"])
    sizes = {"title_size": 40 if length < 60 else 32 if length < 120 else 24, "summary_size": 15 if len(data["summary"]) < 300 else 11}
    matrix = [[int(dark) for dark in row] for row in code.get_matrix()]
    return data | sizes | {"address": address, "qr": matrix, "qr_words": say(data["lang"], QR_WORDS, address=address)}


def _code(address: str) -> Any:
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(address)
    code.make(fit=True)
    return code


def _facts(letter: Letter, text: LetterText, language: str, config: Config, now: datetime, reference: str) -> Sequence[dict[str, Any]]:
    shown = words_language(language)
    rows = [
        (TEXT, f"{say(language, VERSION, label=text.version.label)}, {i18n.own_name(text.language)}", False),
        (FINGERPRINT, text.fingerprint, True),
        (AS_OF, f"{i18n.format_day(now.date(), shown)}, {now:%H:%M} UTC", False),
        (WHERE, address(letter, language, config), False),
    ]
    if reference:
        rows.append((REFERENCE, f"{reference} · {config.base_url}/deliveries/{reference}", False))
    return [{"label": say(language, label), "value": value, "code": code} for label, value, code in rows]


def _short(title: str) -> str:
    return title if len(title) <= 70 else title[:68].rsplit(" ", 1)[0] + " …"
