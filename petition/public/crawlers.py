"""What search engines and feed readers are told: robots.txt, the sitemap, and the feed of letters; nothing of a protected one."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from flask import Blueprint, Response, g, render_template

from petition.errors import NotFound
from petition.letters import listing
from petition.letters.models import Letter
from petition.public import bp as pages
from petition.public.pages import FRESH, address, cached
from petition.templating import current_language, settings

bp = Blueprint("crawlers", __name__)

# A sitemap may hold 50,000 addresses and 50 MB; with every address naming its translations that is far below both.
LETTERS_A_FILE = 1000
IN_THE_FEED = 50


@bp.get("/robots.txt")
def robots() -> Response:
    """Who may look around, and where the sitemap is."""
    # Pages of one person are kept out by their own headers: a path that is shut here could still be listed by its address.
    return _typed(f"User-agent: *\nDisallow: /admin/\n\nSitemap: {settings().base_url}/sitemap.xml\n", "text/plain")


@bp.get("/sitemap.xml")
def sitemap() -> Response:
    """The addresses of the public pages or, where there are many letters, of the files that hold them."""
    found = listing.findable()
    if len(found) <= LETTERS_A_FILE:
        return _file(found, with_pages=True)
    numbers = range(1, -(-len(found) // LETTERS_A_FILE) + 1)
    return _typed(render_template("public/sitemaps.xml", numbers=numbers), "application/xml")


@bp.get("/sitemap-<int(max=99999):number>.xml")
def sitemap_file(number: int) -> Response:
    """One file of many."""
    some = listing.findable()[(number - 1) * LETTERS_A_FILE : number * LETTERS_A_FILE] if number else []
    if not some:
        raise NotFound
    return _file(some, with_pages=number == 1)


def _file(ids: list[int], with_pages: bool) -> Response:
    plain, *_ = settings().languages
    rows = [({code: address(page, None, code, external=True) for code in settings().languages}, plain, None) for page in ("home", "about")]
    letters = [(_addresses(each), each.original_language, changed) for each, changed in listing.with_changes(ids)]
    return _typed(render_template("public/sitemap.xml", rows=[*rows, *letters] if with_pages else letters, day=_day), "application/xml")


def _addresses(letter: Letter) -> dict[str, str]:
    """The letter's address in every language in which its text can be read."""
    spoken = [code for code in letter.languages if code in settings().languages or code == letter.original_language]
    return {code: address("letter", letter, code, external=True) for code in spoken}


@pages.get("/letters.atom")
def letters_feed() -> Response:
    """The newest letters as an Atom feed (RFC 4287), in the language of the address."""
    g.language = g.language or settings().languages[0]
    rows = listing.with_changes(listing.findable()[-IN_THE_FEED:])[::-1]
    words = [(each, each.translation(current_language()) or each.translation(each.original_language), changed) for each, changed in rows]
    changed = max((moment for _, moment in rows), default=datetime(2026, 1, 1, tzinfo=UTC))
    xml = render_template("public/letters.atom.html", rows=words, changed=changed, moment=_moment, number=_number)
    return _typed(xml, "application/atom+xml")


def _typed(text: str, kind: str) -> Response:
    response = cached(text, FRESH)
    response.mimetype = kind
    return response


def _day(value: datetime) -> str:
    return value.astimezone(UTC).date().isoformat()


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(*names: object) -> str:
    """The same for ever for the same things, and another in every language."""
    return uuid.uuid5(uuid.NAMESPACE_URL, " ".join(map(str, (settings().base_url, "letters", *names, current_language())))).urn
