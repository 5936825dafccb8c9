"""What every HTML page owes its readers, checked on each answer a test fetches."""

from __future__ import annotations

from html.parser import HTMLParser

from werkzeug.test import TestResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """Collects what the checks need: ids, labels, headings, controls, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.controls: list[tuple[str, bool]] = []
        self.headings = self.titles = 0
        self.title = self.heading = ""
        self.html: dict[str, str | None] = {}
        self.addresses: list[str] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag == "html":
            self.html = given
        if tag == "h1":
            self.headings += 1
        if tag == "label" and given.get("for"):
            self.labels.add(str(given["for"]))
        if tag in ("input", "select", "textarea") and given.get("type") not in ("hidden", "submit"):
            self.controls.append((str(given.get("id", "")), "label" in self.open or "aria-label" in given))
        if "style" in given or any(name.startswith("on") for name in given):
            self.problems.append(f"<{tag}> carries inline style or script")
        if tag in ("link", "script", "img", "iframe", "form"):
            self.addresses.extend(
                str(given[name])
                for name in ("href", "src", "action")
                if given.get(name) and given.get("rel") not in ("canonical", "alternate")
            )

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if "title" in self.open and "head" in self.open:
            self.title += data
        if "h1" in self.open:
            self.heading += data


def check_page(response: TestResponse) -> None:
    """Raise AssertionError unless the page is whole, labelled, self-contained and says what it is."""
    if response.mimetype != "text/html" or not response.data or response.status_code in (301, 302, 303, 304):
        return
    page = Page()
    page.feed(response.text)
    where = f"{response.request.path}: "
    assert not page.problems, where + "; ".join(page.problems)
    assert not page.open, where + f"not closed: {page.open}"
    assert page.headings == 1, where + "one h1"
    assert page.title.strip().startswith(page.heading.strip()), where + f"title {page.title!r} starts with h1 {page.heading!r}"
    assert len(page.ids) == len(set(page.ids)), where + "ids are unique"
    assert page.html.get("lang"), where + "lang"
    assert page.html.get("dir") in ("ltr", "rtl"), where + "dir"
    for control, labelled in page.controls:
        assert labelled or control in page.labels, where + f"#{control} has a label"
    for address in page.addresses:
        assert address.startswith(("/", "#", "http://localhost", "data:")) and not address.startswith("//"), where + address
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy, where + policy
