"""A letter's Markdown as paragraphs, lists and runs of words that a document's template can set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it.token import Token

from petition.letters import text

Block = dict[str, Any]
_MARKS = {"em_open": ("em", True), "em_close": ("em", False), "strong_open": ("strong", True), "strong_close": ("strong", False)}


def blocks(markdown: str) -> list[Block]:
    """The blocks of a checked body: each with its kind and either runs of words or blocks of its own."""
    return _blocks(iter(text.parsed(markdown)), "")


def _blocks(tokens: Iterator[Token], until: str) -> list[Block]:
    found: list[Block] = []
    for token in tokens:
        if token.type == until:
            break
        if token.type == "inline":
            found.append({"kind": "par", "runs": _runs(token.children or ())})
        elif token.type == "heading_open":
            found.append({"kind": "head", "level": 3 if token.tag not in ("h1", "h2") else 2, "runs": _inner(tokens)})
        elif token.type in ("fence", "code_block"):
            found.append({"kind": "code", "text": token.content.rstrip("\n")})
        elif token.type == "hr":
            found.append({"kind": "rule"})
        elif token.type == "blockquote_open":
            found.append({"kind": "quote", "blocks": _blocks(tokens, "blockquote_close")})
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            found.append(_list(token, tokens))
    return found


def _inner(tokens: Iterator[Token]) -> list[Block]:
    return _runs(next(tokens).children or ())


def _list(opened: Token, tokens: Iterator[Token]) -> Block:
    items: list[list[Block]] = []
    for token in tokens:
        if token.type == opened.type.replace("open", "close"):
            break
        if token.type == "list_item_open":
            items.append(_blocks(tokens, "list_item_close"))
    return {"kind": "list", "ordered": opened.type.startswith("ordered"), "start": int(opened.attrGet("start") or 1), "items": items}


def _runs(children: Sequence[Token]) -> list[Block]:
    marks: dict[str, Any] = {}
    runs: list[Block] = []
    for child in children:
        if child.type in _MARKS:
            name, on = _MARKS[child.type]
            marks = {**marks, name: on}
        elif child.type == "link_open":
            marks = {**marks, "href": str(child.attrGet("href"))}
        elif child.type == "link_close":
            marks = {name: value for name, value in marks.items() if name != "href"}
        elif child.type in ("text", "code_inline"):
            runs.append({"text": child.content, "code": child.type == "code_inline", **marks})
        elif child.type in ("softbreak", "hardbreak"):
            runs.append({"text": " ", "break": child.type == "hardbreak", **marks})
    return runs
