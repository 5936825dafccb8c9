"""An invented catalogue in which every sentence stands between marks and is longer, so that a sentence outside it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from petition import i18n, templating
from tests import catalogues

LANGUAGE = "de"  # its place is taken: a language of two plural forms that is read from the left
SPOKEN = ("alt", "title", "aria-label", "placeholder", "content", "label")
VOID = {"meta", "link", "br", "input", "img", "hr", "wbr", "base"}
READ = ("og:title", "og:description", "og:site_name")  # of what messengers are told, what people read
DATA = {"bdi", "time", "code", "pre", "textarea", "style", "script"}  # what people wrote, and what no language changes


@contextmanager
def spoken(folder: Path) -> Iterator[None]:
    """Applications made in here speak the invented catalogue where they would speak `LANGUAGE`."""
    made = Catalog(locale=LANGUAGE)
    for one, (many, _) in catalogues.sentences().items():
        made.add((one, many) if many else one, (marked(one), marked(many)) if many else marked(one))
    path = folder / LANGUAGE / "LC_MESSAGES" / "messages.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templating, "CATALOGUES", folder)
        patch.setattr(i18n, "CATALOGUES", folder)
        i18n.catalogue.cache_clear()
        yield
    i18n.catalogue.cache_clear()


def marked(sentence: str) -> str:
    """The sentence between marks, a third longer, with the margins it had."""
    words = sentence.strip()
    return sentence.replace(words, f"⟦{words}{'~' * (len(words) // 3 + 1)}⟧") if words else sentence


def outside(text: str, known: tuple[str, ...] = ()) -> list[str]:
    """The words of a text that stand neither between marks nor in data that is known."""
    while (rest := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = rest
    for each in sorted(known, key=len, reverse=True):
        text = text.replace(each, " ")
    text = re.sub(r"https?://\S+|\S+@\S+|/\S+", " ", text)
    return re.findall(r"[^\W\d_]{2,}|[⟦⟧]", text)


def seen(html: str) -> tuple[str, list[str]]:
    """What a reader of the page sees, without what people wrote, and each of the attributes that are spoken."""
    page = _Page()
    page.feed(html)
    return unescape("".join(page.text)), page.attributes


class _Page(HTMLParser):
    """Leaves out data: its elements, and whatever is marked as another language than the page's."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.attributes: list[str] = []
        self.silent: list[str] = []  # the open elements from the first that holds data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        foreign = given.get("lang", LANGUAGE) != LANGUAGE
        data = tag in DATA or foreign or (given.get("dir") in ("auto", "ltr") and tag != "html")
        if not self.silent and not foreign:
            machine = tag == "meta" and given.get("name") != "description" and given.get("property") not in READ
            self.attributes += [value for name, value in attrs if name in SPOKEN and value and not machine]
        if (self.silent or data) and tag not in VOID:
            self.silent.append(tag)
        self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()
        self.text.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.text.append(data)
