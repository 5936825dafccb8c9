"""The letter file: YAML front matter and a Markdown body, one file a language, read with line numbers for every fault."""

from __future__ import annotations

import datetime as days
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import yaml

from petition.errors import BadFile
from petition.letters import fields
from petition.letters.fields import KEYS, LARGEST, Bad

_FENCE = re.compile(r"\A﻿?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?(.*)\Z", re.DOTALL | re.MULTILINE)


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


WORDS = ("title", "summary", "place", "body", "senders", "addressees", "demands", "events", "action")
SHARED = ("date", "goal", "opens", "closes", "signatories", "review", "risk", "controller", "contact", "keep_until")


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
    try:
        fields.together(values)
    except Bad as error:
        raise refused(error, "closes", file, lines["closes"]) from error
    return LetterDocument(**values)


def decode(given: bytes, file: str) -> str:
    """The text of a file as it was sent; raises BadFile with the line where it is no UTF-8."""
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError as error:
        line = given[: error.start].count(b"\n") + 1
        raise BadFile(file=file, line=line, reason="this is not UTF-8; save the file in that encoding") from error


def refused(error: Bad, key: str, file: str, line: int = 1) -> BadFile:
    """The error about a value that stands at this key of a file; it carries the fault for a form that asked for it."""
    return BadFile(fault=error.fault(key), file=file, line=line, reason=f"{key} {error}")


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
    except (ValueError, AttributeError, OverflowError) as error:  # a thirteenth month, or what is tagged as a moment and is none
        raise BadFile(file=file, line=line, reason=f"{key} is not understood ({error})") from error


def _value(parse: Callable[[Any], Any], value: Any, key: str, file: str, line: int) -> Any:
    try:
        return parse(value)
    except Bad as error:
        raise refused(error, key, file, line) from error


def _body(body: str, file: str, lines_before: int) -> str:
    lines_before += len(body) - len(body.lstrip("\n"))
    try:
        return fields.body(body)
    except Bad as error:
        about = "the text " if error.code == "control" else ""
        line = lines_before + error.params["line"]
        raise BadFile(fault=error.fault("body"), file=file, line=line, reason=f"{about}{error}") from error


def write(document: LetterDocument) -> str:
    """The document as a letter file; reading it back gives the same document."""
    values = {name: getattr(document, name) for name in KEYS if getattr(document, name) not in (None, "", [])}
    front = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{front}---\n\n{document.body}"
