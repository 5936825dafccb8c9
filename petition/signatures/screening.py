"""Why a signature should be looked at before it is shown: pure checks over what was typed, each with a plain reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from confusable_homoglyphs import confusables
from disposable_email_domains import blocklist

from petition.errors import N_

_LINK = re.compile(
    r"(?:https?:|www\.|//)|\b[\w-]+\.(?:com|net|org|info|biz|ru|cn|top|xyz|io|me|tk|online|site|shop|am|az)\b", re.IGNORECASE
)
_MARKUP = re.compile(r"<\s*/?\s*[a-z!?]|\[/?(?:url|b|i|img)\b|\{\{|\{%|\$\{", re.IGNORECASE)
_FORMULA = re.compile(r"^[=+\-@＝＋－＠\t\r]")
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*")
# Scripts that are written together in ordinary words.
_TOGETHER = (frozenset({"HIRAGANA", "KATAKANA", "CJK", "HANGUL", "BOPOMOFO"}),)

REASONS = {
    "mixed_scripts": N_("One word mixes letters of different scripts."),
    "link": N_("There is a web address where none belongs."),
    "formula": N_("The text begins like a spreadsheet formula."),
    "markup": N_("The text contains markup or template code."),
    "disposable_domain": N_("The address belongs to a service for throw-away mailboxes."),
    "look_alike": N_("It looks like another signatory's name, written with other letters."),
    "same_website": N_("Another entry has the same website."),
    "organisation": N_("Organisations are checked by the team before they appear."),
    "review_all": N_("The team looks at every signature of this letter before it appears."),
    "changed": N_("A checked entry was changed."),
    "second_claim": N_("Another representative asked for the same organisation."),
    "reported": N_("Readers reported it."),
    "look_alike_host": N_("The website's address imitates another with similar letters."),
}


@dataclass(frozen=True)
class Flag:
    """One reason to look, and the field it is about; `code` is a key of REASONS."""

    code: str
    field: str = ""

    def as_json(self) -> dict[str, str]:
        """The flag as it is stored."""
        return {"code": self.code, "field": self.field}


def screen(texts: dict[str, str], *, mail_domain: str = "", website: str = "", lookalikes: Collection[str] = ()) -> list[Flag]:
    """The flags of a signature; `texts` are its public fields by name, `lookalikes` the names that share its skeleton."""
    flags = [flag for field, value in texts.items() if value for flag in _of_text(field, value)]
    if mail_domain in blocklist:
        flags.append(Flag("disposable_domain", "email"))
    if website and _imitates(website):
        flags.append(Flag("look_alike_host", "website"))
    names = {fold_name(value) for field, value in texts.items() if field in ("name", "organisation")}
    if any(fold_name(other) not in names for other in lookalikes):
        flags.append(Flag("look_alike", "name"))
    return flags


def _of_text(field: str, value: str) -> Iterator[Flag]:
    if any(len(scripts(word)) > 1 for word in _WORD.findall(value)):
        yield Flag("mixed_scripts", field)
    if _LINK.search(value):
        yield Flag("link", field)
    if _FORMULA.match(value):
        yield Flag("formula", field)
    if _MARKUP.search(value):
        yield Flag("markup", field)


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


def _imitates(website: str) -> bool:
    host = urlsplit(website).hostname or ""
    labels = []
    for label in host.split("."):
        try:
            labels.append(label.encode().decode("idna") if label.startswith("xn--") else label)
        except UnicodeError:
            return True
    return any(len(scripts(label)) > 1 or (scripts(label) == {"CYRILLIC"} and skeleton(label).isascii()) for label in labels)


def fold_name(name: str) -> str:
    """A name as it is compared: compatibility forms, case and the spaces between words do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def fold_organisation(name: str) -> str:
    """An organisation's name as it is compared: punctuation and quotation marks do not matter either."""
    words = "".join(letter if letter.isalnum() or unicodedata.combining(letter) else " " for letter in fold_name(name))
    return " ".join(words.split())[:200]


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
