"""A page made fit for a folder of files: links that hold anywhere, and neither scripts nor forms that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

# Given an address as the page writes it: where it leads from the file. `paging` marks the link to a list's next page.
Link = Callable[[str, bool], str]

# Headers do not travel with files. `file:` is what 'self' means where the page is opened from a disk.
POLICY = "default-src 'none'; style-src 'self' file:; img-src 'self' file:; base-uri 'none'; form-action 'none'"
_HEAD = (
    f'\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    '\n<meta name="referrer" content="no-referrer">\n<meta name="generator" content="petition mirror">'
)
_KEPT_LINKS = {"stylesheet", "icon", "canonical"}
_LEFT_OUT = {"script", "noscript", "template", "iframe", "object"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Page(HTMLParser):
    """Writes a page again as it comes, but for what a file cannot do."""

    def __init__(self, link: Link, line: str, stylesheet: str, hidden: bool) -> None:
        super().__init__(convert_charrefs=False)
        self.link, self.line, self.stylesheet, self.hidden = link, line, stylesheet, hidden
        self.out: list[str] = []
        self.skipping = ""  # the element that is left out, with all that is in it
        self.depth = 0
        self.action = self.said = ""  # of a form that posts: where to, and what its button says
        self.next = ""
        self.in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.skipping:
            self.depth += tag == self.skipping
            self.in_button = tag == "button"
            self.said = "" if self.in_button else self.said
            return
        if tag == "form" or tag in _LEFT_OUT:
            self.skipping, self.depth = tag, 1
            posts = tag == "form" and (given.get("method") or "").lower() == "post"
            self.action, self.said = (given.get("action") or "") if posts else "", ""
            return
        if tag == "link" and not set((given.get("rel") or "").split()) & _KEPT_LINKS:
            return
        self._write_tag(tag, given)

    def _write_tag(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "main":
            self.out.append(self.line)
        if tag == "input":  # outside of a form: words to be copied
            self.out.append(f'<code dir="{escape(given.get("dir") or "auto")}">{escape(given.get("value") or "")}</code>')
            return
        name = {"a": "href", "area": "href", "link": "href", "img": "src", "source": "src"}.get(tag, "")
        if (address := given.get(name)) and given.get("rel") != "canonical":
            paging = tag == "a" and "next" in (given.get("class") or "").split()
            self.next = address if paging else self.next
            given = {key: value for key, value in given.items() if key != "srcset"}
            given[name] = self.link(address, paging)
            pairs = (key if value is None else f'{key}="{escape(value)}"' for key, value in given.items())
            self.out.append(f"<{' '.join((tag, *pairs))}>")
        else:
            self.out.append(self.get_starttag_text() or "")
        if tag == "meta" and "charset" in given:
            self.out.append(_HEAD + ('\n<meta name="robots" content="noindex">' if self.hidden else ""))

    def handle_endtag(self, tag: str) -> None:
        if not self.skipping:
            if tag == "head":
                self.out.append(f'<link rel="stylesheet" href="{escape(self.stylesheet)}">\n')
            if tag not in _VOID:
                self.out.append(f"</{tag}>")
            return
        self.in_button = self.in_button and tag != "button"
        self.depth -= tag == self.skipping
        if not self.depth:
            if self.action and self.said.strip():
                self.out.append(f'<p><a class="act-there" href="{escape(self.link(self.action, False))}">{self.said.strip()}</a></p>')
            self.skipping = ""

    def _write(self, text: str) -> None:
        if not self.skipping:
            self.out.append(text)
        elif self.in_button:
            self.said += text

    def handle_data(self, data: str) -> None:
        self._write(data)

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self._write(f"<!{decl}>")


def rewrite(html: str, *, link: Link, line: str, stylesheet: str, hidden: bool) -> tuple[str, str]:
    """The page as a file holds it, and the address of the list's next page, '' on the last.

    `line` says what the file is, before the page's own main part; a `hidden` page asks search engines to leave it out.
    """
    page = _Page(link, line, stylesheet, hidden)
    page.feed(html)
    page.close()
    return "".join(page.out), page.next
