"""A letter's card for other people's pages: the card in its frame, the code to copy, and oEmbed for programs."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from flask import Response, current_app, g, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from petition.errors import BadRequest, NotFound, PetitionError
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.public import bp
from petition.public.pages import FRESH, cached, letter_context, robots
from petition.templating import settings

# The card is as wide as its frame; these are what fits without scrolling.
WIDTH = 600
LOW, HIGH, NARROW = 270, 310, 480  # the height of a wide one and of a narrow one, and the width that is narrow
CACHE_AGE = 3600  # seconds


class UnsupportedFormat(PetitionError):
    """oEmbed was asked for in a format that is neither JSON nor XML."""

    code = "unsupported_format"
    status = 501
    message = "Only the formats json and xml are given."


@bp.get("/letters/<slug>/embed")
def embed(slug: str) -> Response:
    """The card; the one page of ours that other sites may put into a frame."""
    found = letters.find_published(slug)
    html = render_template("public/embed.html", **letter_context(found))
    return robots(cached(html.strip(), FRESH), hide=True)


@bp.get("/letters/<slug>/embed/code")
def embed_code(slug: str) -> Response:
    """What to copy into one's own page."""
    found = letters.find_published(slug)
    return robots(cached(render_template("public/embed_code.html", **letter_context(found), size=("100%", HIGH))), hide=True)


@bp.get("/oembed")
def oembed() -> Response:
    """The card of the letter at an address of ours, for programs (oembed.com); drafts are as unknown as what does not exist."""
    style = request.args.get("format", "json")
    if style not in ("json", "xml"):
        raise UnsupportedFormat
    found = _letter_at(request.args.get("url", ""))
    said = _card(found, _most("maxwidth"), _most("maxheight"))
    response = jsonify(said) if style == "json" else Response(_xml(said), mimetype="text/xml")
    response.headers["Cache-Control"] = FRESH
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return robots(response, hide=True)


def _letter_at(url: str) -> Letter:
    """The published letter whose page or card has the address, its language settled; raises NotFound and, without any, BadRequest."""
    if not url:
        raise BadRequest
    try:
        asked = urlsplit(url)
    except ValueError:
        raise NotFound from None
    if asked.scheme not in ("http", "https") or asked.netloc.lower() != urlsplit(settings().base_url).netloc.lower():
        raise NotFound
    path = unquote(asked.path)
    try:
        endpoint, values = current_app.url_map.bind("").match(path)
    except HTTPException:
        raise NotFound from None
    if "\x00" in path or endpoint.partition(".")[2] not in ("letter", "embed"):
        raise NotFound
    g.language = values.get("language")
    return letters.find_published(values["slug"])


def _most(name: str) -> int | None:
    """The number of pixels that a parameter allows; raises BadRequest for what is none."""
    given = request.args.get(name, "")
    if given and (not given.isascii() or not given.isdecimal() or len(given) > 9 or int(given) < 1):
        raise BadRequest
    return int(given) if given else None


def _card(letter: Letter, most_wide: int | None, most_high: int | None) -> dict[str, Any]:
    context: dict[str, Any] = letter_context(letter)
    width = min(WIDTH, most_wide or WIDTH)
    height = HIGH if width < NARROW else LOW
    size = (width, min(height, most_high or height))
    title = context["words"].title
    pieces: Any = current_app.jinja_env.get_template("public/embed_pieces.html").make_module(_spoken())
    return {
        "version": "1.0", "type": "rich", "title": title, "provider_name": settings().operator or urlsplit(settings().base_url).netloc,
        "provider_url": settings().base_url, "cache_age": CACHE_AGE, "width": size[0], "height": size[1],
        "html": str(pieces.quoted(letter, title, size)),
    }  # fmt: skip


def _spoken() -> dict[str, Any]:
    context: dict[str, Any] = {}
    current_app.update_template_context(context)
    return context


def _xml(said: dict[str, Any]) -> bytes:
    root = ElementTree.Element("oembed")
    for name, value in said.items():
        ElementTree.SubElement(root, name).text = str(value)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
