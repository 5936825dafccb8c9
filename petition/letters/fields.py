"""The rules of a letter's fields: how each value is read, and what is said in a file and beside a field when it cannot be taken."""

from __future__ import annotations

import datetime as days
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any

from petition import addresses, i18n
from petition.errors import N_, Fault, Invalid
from petition.letters import text
from petition.letters.models import REVIEWS, RISKS, WHO_MAY_SIGN

LARGEST = 1_000_000  # characters; a letter of that length is a book
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

# Each rule by its code: what follows the field's name in a message about a file, and the sentence beside a field of a form.
MOST_ITEMS = 1_000  # of one list; the forms and the files take the same
SAID = {
    "no_text": ("must be text", N_("Please write text here.")),
    "control": (
        "holds control or direction-override characters",
        N_("This holds characters that cannot be seen and change how the text runs. Please type it anew."),
    ),
    "empty": ("must have 1 to %(limit)s characters", N_("Please fill this in.")),
    "too_long": ("must have 1 to %(limit)s characters", N_("This may have %(limit)s characters at most.")),
    "no_list": ("must be a list", N_("This cannot be read.")),
    "too_many": ("must have at most %(limit)s entries", N_("This may have %(limit)s entries at most.")),
    "no_parts": ("must have %(parts)s", N_("This cannot be read.")),
    "no_date": ("must be a date, like 2026-01-31", N_("Please give a day, like 2026-01-31.")),
    "no_moment": ("must be a moment, like 2026-01-31T12:00:00+00:00", N_("Please give a day and a time, like 2026-01-31 12:00.")),
    "no_slug": (
        "must be small letters, digits and single hyphens, 80 at most", N_("Use small letters, digits and single hyphens, 80 at most."),
    ),
    "no_language": ("must be a language code, such as en or hy", N_("Please choose a language from the list.")),
    "no_goal": ("must be a whole number above 0", N_("Please give a whole number above 0.")),
    "no_choice": ("must be one of %(choices)s", N_("Please choose one of these.")),
    "no_mailbox": ("must be an e-mail address", N_("Enter one e-mail address, like name@example.org.")),
    "no_contact": (
        "must be an e-mail address or the address of a page",
        N_("Please give an e-mail address, or the address of a page that begins with https://."),
    ),
    "no_body": ("the letter has no text", N_("Please write the text of the letter.")),
    "book": ("a letter has at most %(limit)s characters", N_("This may have %(limit)s characters at most.")),
    "html": (
        "raw HTML is not allowed: %(found)s",
        N_("Line %(line)s: HTML is not allowed (%(found)s). Write plain text, with the signs that are explained beside the field."),
    ),
    "picture": (
        "pictures are not allowed in a letter: they would be fetched from elsewhere",
        N_("Line %(line)s: a letter has no pictures, because readers would fetch them from elsewhere."),
    ),
    "link": (
        "only http, https and mailto links are allowed: %(found)s",
        N_("Line %(line)s: a link begins with https://, http:// or mailto: (%(found)s)."),
    ),
    "order": ("must be later than opens", N_("The end must be later than the beginning.")),
    "over": (
        "is over already, so every name would be erased at once", N_("This day is over already: every name would be erased at once."),
    ),
    "exposes": (
        "normal: somebody signed while the letter was protected; it stays so, or their names would appear",
        N_("Somebody signed while the letter was protected. It stays protected, or their names would appear."),
    ),
    "shared": (
        "belongs in the original (%(original)s); a translation carries words only", N_("This belongs in the original of the letter."),
    ),
    "count": (
        "do not fit: the original has %(there)s %(name)s, this translation %(here)s",
        N_("The original has %(there)s of these, this translation %(here)s."),
    ),
}  # fmt: skip


class Bad(ValueError):
    """A value that a letter cannot have, by the code of the rule; the caller knows where it stands."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params
        reason, self.sentence = SAID[code]
        super().__init__(reason % params)

    def fault(self, field: str) -> Fault:
        """The same as a fault beside a field of a form."""
        return Fault(field, self.code, self.sentence, self.params)


def words(value: Any, limit: int = 5_000) -> str:
    """Text of 1 to `limit` characters, in NFC and without what nobody sees."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | days.date):
        raise Bad("no_text")
    found = unicodedata.normalize("NFC", str(value)).strip()
    if _FORBIDDEN.search(found):
        raise Bad("control")
    if not found or len(found) > limit:
        raise Bad("too_long" if found else "empty", limit=limit)
    return found


def mailbox(value: Any) -> str:
    """An e-mail address in its one spelling."""
    try:
        return addresses.normalise(words(value, 254))
    except Invalid as error:
        raise Bad("no_mailbox") from error


def day(value: Any) -> days.date:
    """A date, or its ISO 8601 spelling."""
    if isinstance(value, datetime) or not isinstance(value, days.date | str):
        raise Bad("no_date")
    try:
        return value if isinstance(value, days.date) else days.date.fromisoformat(value)
    except ValueError as error:
        raise Bad("no_date") from error


def _iso_day(value: Any) -> str:
    return day(words(value)).isoformat()


# The parts of one item of each list; a list of plain texts has one part without a name. The first ones are required.
ITEMS: dict[str, dict[str, Callable[[Any], str]]] = {
    "senders": {"": words}, "addressees": {"name": words, "role": words, "email": mailbox}, "demands": {"": words},
    "events": {"date": _iso_day, "text": words},
}  # fmt: skip
REQUIRED = {"senders": ("",), "addressees": ("name",), "demands": ("",), "events": ("date", "text")}
ACTION = ("label", "text")


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Bad("no_list")
    if len(value) > MOST_ITEMS:
        raise Bad("too_many", limit=f"{MOST_ITEMS:,}")
    return value


def _strings(value: Any) -> list[str]:
    return [words(each) for each in _listed(value)]


def _mapping(value: Any, parts: Mapping[str, Callable[[Any], str]], required: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(value, dict) or not set(required) <= set(value) <= set(parts):
        optional = [part for part in parts if part not in required]
        raise Bad("no_parts", parts=" and ".join(required) + (f" and may have {', '.join(optional)}" if optional else ""))
    return {part: parts[part](each) for part, each in value.items()}


def _items(name: str) -> Callable[[Any], list[dict[str, str]]]:
    def parse(value: Any) -> list[dict[str, str]]:
        return [_mapping(each, ITEMS[name], REQUIRED[name]) for each in _listed(value)]

    return parse


def _action(value: Any) -> dict[str, str]:
    return _mapping(value, dict.fromkeys(ACTION, words), ACTION)


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(found, datetime):
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # the first and the last hours of the calendar have no other time zone
        raise Bad("no_moment") from error
    return datetime.combine(day(found), time(tzinfo=UTC))


def is_slug(value: str) -> bool:
    """Whether this can be a letter's address: small letters, digits and single hyphens, at most 80."""
    return bool(_SLUG.fullmatch(value)) and len(value) <= 80


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not is_slug(value):
        raise Bad("no_slug")
    return value


def _language(value: Any) -> str:
    if not isinstance(value, str) or not i18n.is_language(value):
        raise Bad("no_language")
    return value


def _goal(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1_000_000_000:
        raise Bad("no_goal")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in choices:
            raise Bad("no_choice", choices=", ".join(choices))
        return str(value)

    return parse


def _review(value: Any) -> str:
    # Written `review: auto` or `review: {names: auto}`.
    if isinstance(value, dict) and set(value) == {"names"}:
        value = value["names"]
    return _one_of(*REVIEWS)(value)


def _contact(value: Any) -> str:
    """Where questions about data go: a mailbox, or a page."""
    found = words(value, 254)
    if found.startswith(("https://", "http://")):
        return found
    try:
        return addresses.normalise(found)
    except Invalid as error:
        raise Bad("no_contact") from error


KEYS: dict[str, Callable[[Any], Any]] = {
    "slug": _slug, "language": _language, "title": lambda value: words(value, 300), "summary": words,
    "place": lambda value: words(value, 200), "date": day, "senders": _strings, "addressees": _items("addressees"),
    "demands": _strings, "events": _items("events"), "goal": _goal, "opens": _moment, "closes": _moment,
    "signatories": _one_of(*WHO_MAY_SIGN), "review": _review, "risk": _one_of(*RISKS), "action": _action,
    "controller": lambda value: words(value, 200), "contact": _contact, "keep_until": day,
}  # fmt: skip


def body(value: str) -> str:
    """The text in Markdown, with one line break at its end; a Bad one says in which `line` of it."""
    value = unicodedata.normalize("NFC", value).strip("\n")
    if not value.strip():
        raise Bad("no_body", line=1)
    if len(value) > LARGEST:
        raise Bad("book", limit=f"{LARGEST:,}", line=1)
    if bad := _FORBIDDEN.search(value):
        raise Bad("control", line=value[: bad.start()].count("\n") + 1)
    try:
        text.check(value)
    except text.Refused as error:
        raise Bad(error.code, line=error.line, found=error.found) from error
    return value + "\n"


def together(values: Mapping[str, Any]) -> None:
    """What no field can tell by itself; raises Bad about `closes`."""
    if values.get("opens") and values.get("closes") and values["opens"] >= values["closes"]:
        raise Bad("order")
