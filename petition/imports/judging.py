"""Judges one row of a table by the rules that hold for the form, and brings it to what a signature keeps of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from petition import addresses, i18n
from petition.errors import N_, Fault, Invalid
from petition.imports import columns
from petition.letters.models import Letter
from petition.signatures import screening, submission
from petition.signatures.models import KINDS

_KINDS = {
    "person": "person individual people human человек персона personne անձ",
    "organisation": "organisation organization org ngo organisations organizations организация association կազմակերպություն",
}
_SHOWN = {
    "public": "public name named full yes true 1",
    "initials": "initials",
    "counted": "counted anonymous hidden private no false 0",
}
_CHOICES = {field: {word: key for key, words in known.items() for word in words.split()} for field, known in (
    ("kind", _KINDS), ("visibility", _SHOWN),
)}  # fmt: skip
_STATES = ("", "published", "held")
_FIRST_DAY = date(1900, 1, 1)
_GUARDED = re.compile(r"'[=+\-@\t\r＝＋－＠]")  # as our own exports write what a spreadsheet would run
# What an import says of a row that a person would have typed.
_WORDS = ("name", "organisation", "role", "website", "country", "comment")


@dataclass(frozen=True, slots=True)
class Judged:
    """One good row: what its signature says, and by what it is known again."""

    line: int
    values: dict[str, Any]
    digest: str
    address_fingerprint: str | None
    organisation_key: str | None
    mail_domain: str  # for the look at it only; kept nowhere


@dataclass(frozen=True)
class Judge:
    """The rules for one letter's rows: which kinds sign it, in which languages, under which key, as of which day."""

    letter: Letter
    languages: frozenset[str]
    key: bytes
    today: date

    def judge(self, line: int, header: Sequence[str], cells: Sequence[str]) -> Judged | list[Fault]:
        """The row brought to its one spelling, or everything that is wrong with it."""
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            there = {"there": len(cells), "named": len(header)}
            return [Fault("file", "cells", N_("It has %(there)s cells, and the first line names %(named)s columns."), there)]
        typed = _typed(header, cells)
        found = _Checked(typed)
        values = self._values(found, typed)
        address = found.take("email", lambda value: submission.email(value) if value.strip() else "")
        found.take("state", _state)
        if found.faults:
            return found.faults
        fingerprint = addresses.fingerprint(address, self.key) if address else None
        kept = {**values, "held": typed.get("state", "").strip().lower() == "held"}
        key = screening.fold_organisation(values["organisation"]) if values["kind"] == "organisation" else None
        kept["language"] = values["language"] or self.letter.original_language
        kept["signed_on"] = values["signed_on"] or self.today.isoformat()
        kept["visibility"] = values["visibility"] or ("counted" if self.letter.protected and key is None else "public")
        return Judged(line, kept, self._digest(values, fingerprint), fingerprint, key, addresses.domain(address) if address else "")

    def _values(self, found: _Checked, typed: Mapping[str, str]) -> dict[str, Any]:
        kind = found.take("kind", _chosen("kind"))
        if not kind:  # a table of organisations alone has no need to say so
            kind = "organisation" if typed.get("organisation", "").strip() and not typed.get("name", "").strip() else "person"
        if not self.letter.takes(kind):
            message = N_("Only organisations sign this letter.") if kind == "person" else N_("Only people sign this letter.")
            found.faults.append(Fault("kind", "not_taken", message))
        person = kind == "person"
        return {
            "kind": kind,
            "name": found.take("name", lambda value: submission.line("name", value, required=person)),
            "organisation": found.take("organisation", lambda value: submission.line("organisation", value, required=not person)),
            "role": found.take("role", lambda value: submission.line("role", value)),
            "website": "" if person else found.take("website", submission.website),
            "country": found.take("country", lambda value: submission.country(_country(value))),
            "comment": found.take("comment", submission.comment),
            # An organisation's entry is public by nature.
            "visibility": found.take("visibility", _chosen("visibility")) if person else "public",
            "language": found.take("language", self._language),
            "signed_on": found.take("signed_on", self._day),
        }

    def _language(self, value: str) -> str:
        code = next((each for each in self.languages if each.lower() == value.strip().lower()), "")
        if value.strip() and not code:
            raise Invalid([Fault("language", "unknown", N_("Use the code of one of the letter's languages, such as %(code)s."), {
                "code": self.letter.original_language,
            })])  # fmt: skip
        return code

    def _day(self, value: str) -> str:
        text = value.strip()
        if not text:
            return ""
        day = _as_day(text)
        if day is None:
            raise Invalid([Fault("signed_on", "not_a_day", N_("Write the day as 2026-03-31 or 31.03.2026."))])
        if not _FIRST_DAY <= day <= self.today:
            raise Invalid([Fault("signed_on", "not_past", N_("This day lies in the future, or too far back."))])
        return day.isoformat()

    def _digest(self, values: Mapping[str, Any], fingerprint: str | None) -> str:
        """The keyed hash by which the same row is known again; what the file does not say is no part of it."""
        words = {**values, "name": screening.fold_name(values["name"]), "address": fingerprint, "letter": self.letter.id}
        return hmac.new(self.key, b"import:" + json.dumps(words, sort_keys=True).encode(), hashlib.sha256).hexdigest()


class _Checked:
    """Takes fields one by one and remembers what was wrong."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self._typed = typed
        self.faults: list[Fault] = []

    def take(self, field: str, rule: Callable[[str], str]) -> str:
        try:
            return rule(self._typed.get(field, ""))
        except Invalid as error:
            self.faults.extend(error.faults)
            return ""


def _typed(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells by our names of their columns, a name in two columns put together."""
    typed = {name: cell[1:] if _GUARDED.match(cell) else cell for name, cell in zip(header, cells, strict=False) if name}
    if parts := [typed.pop(name, "").strip() for name in ("given", "family") if name in typed]:
        typed["name"] = " ".join(part for part in (typed.get("name", "").strip(), *parts) if part)
    for name in _WORDS:
        if name in typed and name != "comment":
            typed[name] = typed[name].strip()
    return typed


def _chosen(field: str) -> Callable[[str], str]:
    def rule(value: str) -> str:
        word = value.strip().casefold()
        if word and word not in _CHOICES[field]:
            known = ", ".join(KINDS if field == "kind" else _SHOWN)
            raise Invalid([Fault(field, "unknown", N_("Use one of: %(choices)s."), {"choices": known})])
        return _CHOICES[field].get(word, "")

    return rule


def _state(value: str) -> str:
    if value.strip().lower() not in _STATES:
        raise Invalid([Fault("state", "not_live", N_("Only published and held signatures can be imported."))])
    return ""


def _country(value: str) -> str:
    """The code of a country that is written out in a language of the interface; anything else as it is."""
    return _countries().get(_plain(value), value) if len(value.strip()) > 2 else value


@cache
def _countries() -> dict[str, str]:
    return {_plain(name): code for language in reversed(i18n.SHIPPED) for code, name in i18n.countries(language)}


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _as_day(text: str) -> date | None:
    """A day as ISO 8601 writes it, with or without a time behind it, or day, month and year between dots."""
    try:
        if dotted := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:\s.*)?", text, re.ASCII):
            return date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        return date.fromisoformat(text[:10]) if re.fullmatch(r"\d{4}-\d\d-\d\d(?:[T ].*)?", text, re.ASCII) else None
    except ValueError:
        return None


def header(names: Sequence[str]) -> list[str]:
    """Our names of a table's columns, empty for those that are not read."""
    return [columns.column(name) or "" for name in names]
