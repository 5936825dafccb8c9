"""A letter as it is typed into a form: ordered lists that are changed item by item, and what becomes a document or a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from petition.errors import Fault, Invalid
from petition.letters import fields
from petition.letters.document import SHARED, LetterDocument
from petition.letters.fields import ACTION, ITEMS, KEYS, REQUIRED, Bad

PLAIN = ("title", "summary", "place", "body", "action-label", "action-text")
MOST = fields.MOST_ITEMS
MISSING = ("empty", "no_body", "no_date")  # the faults of a field in which nothing was written yet
CHOICES = ("signatories", "review", "risk")

Item = dict[str, str]


@dataclass(frozen=True)
class Typed:
    """Every word of one language, as it stands in the form, right or wrong."""

    plain: dict[str, str] = field(default_factory=lambda: dict.fromkeys(PLAIN, ""))
    lists: dict[str, list[Item]] = field(default_factory=lambda: {name: [] for name in ITEMS})

    def as_json(self) -> dict[str, Any]:
        """Plain values that can be stored."""
        return {"plain": self.plain, "lists": self.lists}


def named(name: str, index: int, part: str = "") -> str:
    """The form field of one part of one item."""
    return f"{name}-{index}-{part}" if part else f"{name}-{index}"


def of(words: Mapping[str, Any]) -> Typed:
    """A letter's words as a form shows them."""
    action = words.get("action") or {}
    plain = {name: words.get(name) or "" for name in ("title", "summary", "place", "body")}
    plain |= {f"action-{part}": action.get(part, "") for part in ACTION}
    lists = {name: [_item(name, each) for each in words.get(name) or []] for name in ITEMS}
    return Typed(plain | {"body": plain["body"].rstrip("\n")}, lists)


def _item(name: str, value: str | Mapping[str, str]) -> Item:
    return {part: value if isinstance(value, str) else value.get(part, "") for part in ITEMS[name]}


def received(form: Mapping[str, str]) -> Typed:
    """What a form sent."""

    def get(name: str) -> str:
        return form.get(name, "").replace("\r\n", "\n")

    lists: dict[str, list[Item]] = {name: [] for name in ITEMS}
    for name, items in lists.items():
        while len(items) < MOST and any(named(name, len(items), part) in form for part in ITEMS[name]):
            items.append({part: get(named(name, len(items), part)) for part in ITEMS[name]})
    return Typed({name: get(name) for name in PLAIN}, lists)


def changed(given: Typed, order: str) -> tuple[Typed, str] | None:
    """The lists after a button such as `up:demands:1` or `add:senders`, and what to look at then; None for another button."""
    what, _, rest = order.partition(":")
    name, _, number = rest.partition(":")
    if name not in ITEMS or what not in ("up", "down", "remove", "add"):
        return None
    items, index = list(given.lists[name]), int(number) if number.isdecimal() and len(number) < 4 else -1
    focus = f"add:{name}"
    if what == "add" and len(items) < MOST:
        items.append(_item(name, ""))
        focus = named(name, len(items) - 1, next(iter(ITEMS[name])))
    elif what == "remove" and 0 <= index < len(items):
        del items[index]
        focus = named(name, min(index, len(items) - 1), next(iter(ITEMS[name]))) if items else focus
    elif what in ("up", "down") and 0 <= index < len(items) and 0 <= (to := index + (-1 if what == "up" else 1)) < len(items):
        items[index], items[to] = items[to], items[index]
        at_end = to == (0 if what == "up" else len(items) - 1)
        focus = f"{'down' if (what == 'up') == at_end else 'up'}:{name}:{to}"
    return replace(given, lists=given.lists | {name: items}), focus


def blank(item: Item) -> bool:
    """Whether nothing is written in an item."""
    return not any(value.strip() for value in item.values())


def words(given: Typed, *, paired: bool = False) -> tuple[dict[str, Any], list[Fault]]:
    """What the rules of a letter make of it, and every fault; `paired` keeps items in which nothing is written, as faults."""
    found = _Reading()
    for name in ("title", "summary", "place"):
        if given.plain[name].strip() or name == "title":
            found.read(name, name, KEYS[name], given.plain[name])
    found.read("body", "body", fields.body, given.plain["body"])
    for name, items in given.lists.items():
        found.values[name] = [found.item(name, index, each) for index, each in enumerate(items) if paired or not blank(each)]
        if name in ("senders", "demands"):
            found.values[name] = [each.get("", "") for each in found.values[name]]
    if any(given.plain[f"action-{part}"].strip() for part in ACTION):
        found.values["action"] = {}
        for part in ACTION:
            found.read(f"action-{part}", part, fields.words, given.plain[f"action-{part}"], found.values["action"])
    return found.values, found.faults


class _Reading:
    """Values read so far, and what was wrong with the others."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.faults: list[Fault] = []

    def read(self, where: str, name: str, parse: Callable[[Any], Any], value: Any, into: dict[str, Any] | None = None) -> None:
        try:
            (self.values if into is None else into)[name] = parse(value)
        except Bad as error:
            self.faults.append(error.fault(where))

    def item(self, name: str, index: int, given: Item) -> dict[str, str]:
        into: dict[str, str] = {}
        for part, parse in ITEMS[name].items():
            if given.get(part, "").strip() or part in REQUIRED[name]:
                self.read(named(name, index, part), part, parse, given.get(part, ""), into)
        return into


def document(given: Typed, standing: LetterDocument, *, paired: bool = False) -> LetterDocument:
    """The standing document with the words that were typed; raises Invalid with a fault for each field."""
    values, faults = words(given, paired=paired)
    if faults:
        raise Invalid(faults)
    cleared: dict[str, Any] = {"summary": "", "place": "", "action": None}
    return replace(standing, **(cleared | values))


def shown(given: Typed) -> SimpleNamespace:
    """What of it can be shown already; items that are faulty or empty are left out."""
    found, _ = words(given)
    whole = {name: [each for each in found[name] if each and (isinstance(each, str) or set(REQUIRED[name]) <= set(each))] for name in ITEMS}
    action = found.get("action") if set(found.get("action") or {}) == set(ACTION) else None
    plain = {name: found.get(name) or given.plain[name].strip() for name in ("title", "summary", "place", "body")}
    return SimpleNamespace(**plain, **whole, action=action)


def settings_of(document: LetterDocument) -> dict[str, str]:
    """The shared fields as a form shows them; moments in UTC, as `datetime-local` writes them."""
    return {name: _shown(getattr(document, name)) for name in SHARED}


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        # To the minute, as people set it; seconds are written out only where there are any.
        written = value.replace(tzinfo=None).isoformat()
        return written.removesuffix(":00") if written.count(":") == 2 else written
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _number(given: str) -> int | str:
    digits = "".join(given.split())  # people write 10 000
    return int(digits) if digits.isdecimal() and len(digits) < 12 else given


def settings(form: Mapping[str, str], standing: LetterDocument) -> LetterDocument:
    """The standing document with the shared fields that were typed; raises Invalid with a fault for each field."""
    found = _Reading()
    for name in SHARED:
        given = form.get(name, "").strip()
        if not given and name not in CHOICES:
            found.values[name] = None
        else:
            found.read(name, name, KEYS[name], _number(given) if name == "goal" else given)
    try:
        fields.together(found.values)
    except Bad as error:
        found.faults.append(error.fault("closes"))
    if found.faults:
        raise Invalid(found.faults)
    return replace(standing, **found.values)
