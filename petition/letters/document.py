"""The letter file: YAML front matter and a Markdown body, one file a language, read with line numbers for every fault."""

from __future__ import annotations

import datetime as days
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import yaml

from petition import addresses, i18n
from petition.errors import BadFile, Invalid
from petition.letters import text
from petition.letters.models import REVIEWS, RISKS, WHO_MAY_SIGN

LARGEST = 1_000_000  # characters; a letter of that length is a book
_FENCE = re.compile(r"\A﻿?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?(.*)\Z", re.DOTALL | re.MULTILINE)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True)
class LetterDocument:
    """One letter file, read and checked."""

    slug: str
    language: str
    title: str
    body: str
    summary: str = ""
    place: str = ""
    senders: list[str] = field(default_factory=list)
    addressees: list[dict[str, str]] = field(default_factory=list)
    demands: list[str] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    action: dict[str, str] | None = None
    # Shared by all languages, carried by the original only.
    date: days.date | None = None
    goal: int | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    signatories: str | None = None
    review: str | None = None
    risk: str | None = None
    controller: str | None = None
    contact: str | None = None
    keep_until: days.date | None = None

    @property
    def is_original(self) -> bool:
        """Whether the file carries the shared fields."""
        return any(getattr(self, name) is not None for name in SHARED)

    @property
    def digest(self) -> str:
        """SHA-256 of what the file says, however it is written."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()


SHARED = ("date", "goal", "opens", "closes", "signatories", "review", "risk", "controller", "contact", "keep_until")


class _Bad(ValueError):
    """A value that cannot be taken; the caller knows the line."""


def _string(value: Any, limit: int = 5_000) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | days.date):
        raise _Bad("must be text")
    words = unicodedata.normalize("NFC", str(value)).strip()
    if _FORBIDDEN.search(words):
        raise _Bad("holds control or direction-override characters")
    if not words or len(words) > limit:
        raise _Bad(f"must have 1 to {limit} characters")
    return words


def _short(value: Any) -> str:
    return _string(value, 300)


def _strings(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _Bad("must be a list")
    return [_string(each) for each in value]


def _mapping(value: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, str]:
    if not isinstance(value, dict) or not set(required) <= set(value) <= {*required, *optional}:
        raise _Bad(f"must have {' and '.join(required)}" + (f" and may have {', '.join(optional)}" if optional else ""))
    return {key: _string(each) for key, each in value.items()}


def _addressees(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list):
        raise _Bad("must be a list")
    return [_mapping(each, ("name",), ("role", "email")) for each in value]


def _events(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list):
        raise _Bad("must be a list")
    events = [_mapping(each, ("date", "text")) for each in value]
    for event in events:
        event["date"] = _date(event["date"]).isoformat()
    return events


def _action(value: Any) -> dict[str, str]:
    return _mapping(value, ("label", "text"))


def _date(value: Any) -> days.date:
    if isinstance(value, datetime) or not isinstance(value, days.date | str):
        raise _Bad("must be a date, like 2026-01-31")
    try:
        return value if isinstance(value, days.date) else days.date.fromisoformat(value)
    except ValueError as error:
        raise _Bad("must be a date, like 2026-01-31") from error


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise _Bad("must be a moment, like 2026-01-31T12:00:00+00:00") from error
    if isinstance(found, datetime):
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.combine(_date(found), time(tzinfo=UTC))


def is_slug(value: str) -> bool:
    """Whether this can be a letter's address: small letters, digits and single hyphens, at most 80."""
    return bool(_SLUG.fullmatch(value)) and len(value) <= 80


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not is_slug(value):
        raise _Bad("must be small letters, digits and single hyphens, 80 at most")
    return value


def _language(value: Any) -> str:
    if not isinstance(value, str) or not i18n.is_language(value):
        raise _Bad("must be a language code, such as en or hy")
    return value


def _goal(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1_000_000_000:
        raise _Bad("must be a whole number above 0")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in choices:
            raise _Bad(f"must be one of {', '.join(choices)}")
        return str(value)

    return parse


def _review(value: Any) -> str:
    # Written `review: auto` or `review: {names: auto}`.
    if isinstance(value, dict) and set(value) == {"names"}:
        value = value["names"]
    return _one_of(*REVIEWS)(value)


def _contact(value: Any) -> str:
    """Where questions about data go: a mailbox, or a page."""
    found = _string(value, 254)
    if not found or found.startswith(("https://", "http://")):
        return found
    try:
        return addresses.normalise(found)
    except Invalid as error:
        raise _Bad("must be an e-mail address or the address of a page") from error


KEYS: dict[str, Callable[[Any], Any]] = {
    "slug": _slug, "language": _language, "title": _short, "summary": _string, "place": lambda value: _string(value, 200),
    "date": _date, "senders": _strings, "addressees": _addressees, "demands": _strings, "events": _events, "goal": _goal,
    "opens": _moment, "closes": _moment, "signatories": _one_of(*WHO_MAY_SIGN), "review": _review, "risk": _one_of(*RISKS),
    "action": _action, "controller": lambda value: _string(value, 200), "contact": _contact,
    "keep_until": _date,
}  # fmt: skip


def read(source: str, file: str) -> LetterDocument:
    """Read a letter file; raises BadFile with the file's name and line for anything a letter may not hold."""
    source = source.replace("\r\n", "\n")
    if len(source) > LARGEST:
        raise BadFile(file=file, line=1, reason=f"a letter has at most {LARGEST:,} characters")
    found = _FENCE.match(source)
    if found is None:
        raise BadFile(file=file, line=1, reason="a letter file begins with front matter between two lines of three hyphens")
    values, lines = _front_matter(found[1], file)
    values["body"] = _body(found[2], file, source[: found.start(2)].count("\n"))
    for name in ("slug", "language", "title"):
        if name not in values:
            raise BadFile(file=file, line=1, reason=f"{name} is missing")
    if values.get("opens") and values.get("closes") and values["opens"] >= values["closes"]:
        raise BadFile(file=file, line=lines["closes"], reason="closes must be later than opens")
    return LetterDocument(**values)


def _front_matter(source: str, file: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The parsed values and the line of each key; composed first, since only nodes know their lines."""
    loader = yaml.SafeLoader(source)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise BadFile(file=file, line=2, reason="the front matter must be a list of `name: value` lines")
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 2
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "This"
            if key not in KEYS:
                raise BadFile(file=file, line=line, reason=f"{key} is not a field of a letter file")
            if key in values:
                raise BadFile(file=file, line=line, reason=f"{key} stands here twice")
            lines[key] = line
            values[key] = _value(KEYS[key], _constructed(loader, value_node, key, file, line), key, file, line)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 2
        raise BadFile(file=file, line=line, reason=f"this is not YAML ({getattr(error, 'problem', None) or error})") from error
    finally:
        loader.dispose()
    return values, lines


def _constructed(loader: yaml.SafeLoader, node: yaml.Node, key: str, file: str, line: int) -> Any:
    try:
        return loader.construct_object(node, deep=True)
    except ValueError as error:  # a thirteenth month
        raise BadFile(file=file, line=line, reason=f"{key} is not understood ({error})") from error


def _value(parse: Callable[[Any], Any], value: Any, key: str, file: str, line: int) -> Any:
    try:
        return parse(value)
    except _Bad as error:
        raise BadFile(file=file, line=line, reason=f"{key} {error}") from error


def _body(body: str, file: str, lines_before: int) -> str:
    body = unicodedata.normalize("NFC", body)
    lines_before += len(body) - len(body.lstrip("\n"))
    body = body.strip("\n")
    if not body.strip():
        raise BadFile(file=file, line=lines_before + 1, reason="the letter has no text")
    if bad := _FORBIDDEN.search(body):
        line = lines_before + body[: bad.start()].count("\n") + 1
        raise BadFile(file=file, line=line, reason="the text holds control or direction-override characters")
    try:
        text.check(body)
    except text.Refused as error:
        raise BadFile(file=file, line=lines_before + error.line, reason=str(error)) from error
    return body + "\n"


def write(document: LetterDocument) -> str:
    """The document as a letter file; reading it back gives the same document."""
    values = {name: getattr(document, name) for name in KEYS if getattr(document, name) not in (None, "", [])}
    front = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{front}---\n\n{document.body}"
