"""A letter's words: Markdown to safe HTML, the canonical text, and the fingerprint that fixes it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

LINK_SCHEMES = {"http", "https", "mailto"}
TAGS = {"p", "a", "em", "strong", "ul", "ol", "li", "blockquote", "h2", "h3", "hr", "br", "code", "pre"}
NESTING = 20  # deeper quotes and lists are shown as text; keeps the cost of a hostile file flat


class Words(Protocol):
    """What the canonical text is made of; a letter file and a translation both have it."""

    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def senders(self) -> Sequence[str]: ...
    @property
    def addressees(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def demands(self) -> Sequence[str]: ...
    @property
    def events(self) -> Sequence[Mapping[str, str]]: ...


class Refused(ValueError):
    """The Markdown holds something a letter may not; `line` counts from 1 within the body, `found` is how it begins."""

    def __init__(self, code: str, line: int, found: str = "") -> None:
        self.code, self.line, self.found = code, line, found[:60]
        super().__init__(f"{code} in line {line}: {self.found}")


def _reader(html: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html, "maxNesting": NESTING})
    parser.validateLink = lambda url: True  # type: ignore[method-assign] # judged below, where we can say the line
    return parser


def check(markdown: str) -> None:
    """Raise Refused for raw HTML, pictures, and links other than http, https and mailto."""
    for token, line in _tokens(_reader(html=True).parse(markdown)):
        if token.type in ("html_block", "html_inline"):
            raise Refused("html", line, token.content.strip())
        if token.type == "image":
            raise Refused("picture", line)
        if token.type == "link_open" and not _allowed(str(token.attrGet("href"))):
            raise Refused("link", line, str(token.attrGet("href")))


def _tokens(tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    for token in tokens:
        line = (token.map[0] if token.map else 0) + 1
        yield token, line
        for child in token.children or ():
            yield child, line
            if child.type in ("softbreak", "hardbreak"):
                line += 1


def _allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in LINK_SCHEMES and (parts.scheme == "mailto" or bool(parts.hostname))


@lru_cache(maxsize=256)
def to_html(markdown: str) -> str:
    """Safe HTML of a checked body: headings start at h2, links open without passing on where they came from."""
    parser = _reader(html=False)
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h2" if token.tag in ("h1", "h2") else "h3"
    html = parser.renderer.render(tokens, parser.options, {})
    return nh3.clean(html, tags=TAGS, attributes={"a": {"href"}}, url_schemes=LINK_SCHEMES, link_rel="noopener noreferrer")


def parsed(markdown: str) -> Sequence[Token]:
    """The tokens of a checked body, for those who set it otherwise than as HTML."""
    return _reader(html=False).parse(markdown)


def canonical(words: Words, dated: str) -> str:
    """The text that is fingerprinted: everything a signatory reads, as plain lines, NFC, one newline at the end.

    The form is part of the promise: docs/signing.md describes it so that anybody can compute it again.
    """
    parts = [words.title, words.summary, ", ".join(filter(None, (words.place, dated)))]
    parts.append("\n".join("- " + ", ".join(filter(None, (each["name"], each.get("role", "")))) for each in words.addressees))
    parts.append(words.body)
    parts.append("\n".join(f"{each['date']}: {each['text']}" for each in words.events))
    parts.append("\n".join(f"{number}. {demand}" for number, demand in enumerate(words.demands, start=1)))
    parts.append("\n".join(f"- {sender}" for sender in words.senders))
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    lines = (line.rstrip() for line in unicodedata.normalize("NFC", text).splitlines())
    return "\n".join(lines) + "\n"


def fingerprint(text: str) -> str:
    """SHA-256 of the canonical text in UTF-8, 64 hex digits (FIPS 180-4)."""
    return hashlib.sha256(text.encode()).hexdigest()
