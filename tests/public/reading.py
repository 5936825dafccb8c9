"""What a page leads to and what it loads, for tests that walk from page to page."""

from __future__ import annotations

from html.parser import HTMLParser


class Reading(HTMLParser):
    """The links and ids of a page, what a browser would fetch for it by itself, and what every page owes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.tags: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.html: dict[str, str] = {}
        self.title = ""
        self._in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids.add(given.get("id", ""))
        self._in_title = tag == "title"
        if tag == "html":
            self.html = given
        if tag == "form":
            self.forms.append(given)
        if tag in ("a", "area"):
            self.links.append(given.get("href", ""))
        # What names a page elsewhere without loading anything of it.
        spoken = set(given.get("rel", "").split()) & {"canonical", "alternate"}
        for name in ("src", "href", "srcset", "data", "poster"):
            if name in given and tag not in ("a", "area") and not spoken:
                self.loads.append(given[name])

    def handle_data(self, data: str) -> None:
        self.title += data if self._in_title else ""

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
