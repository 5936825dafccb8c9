"""The letter and its poster as PDFs, and the page where whoever was handed a letter checks what they hold."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, g, render_template, request, send_file

from petition import deliveries, limits
from petition.deliveries.models import Delivery
from petition.errors import NotFound
from petition.exports import numbers, published
from petition.letters import operations as letters
from petition.public import bp
from petition.public.pages import FRESH, cached, private, robots, speak
from petition.public.sign import knock
from petition.templating import settings


@bp.get("/letters/<slug>/letter.pdf")
def letter_pdf(slug: str) -> Response:
    """The letter with its numbers, and without names."""
    return _paper(slug, "letter")


@bp.get("/letters/<slug>/poster.pdf")
def poster(slug: str) -> Response:
    """A sheet with the title and a QR code that leads to the letter."""
    return _paper(slug, "poster")


def _paper(slug: str, kind: str) -> Response:
    found = letters.find_published(slug)
    language = speak(found)
    file = published.paper_of(found, kind, language, config=settings(), now=datetime.now(UTC))
    response = send_file(file, mimetype="application/pdf", download_name=f"{slug}-{kind}.pdf", conditional=True, max_age=0)
    response.headers["Cache-Control"] = FRESH
    return robots(response, found.protected)


@bp.get("/deliveries")
def delivery_desk() -> Response:
    """Where a reference is typed; a known one leads to its page."""
    g.language = g.language or settings().languages[0]
    typed = request.args.get("reference", "").strip()[:40]
    if not typed:
        return cached(render_template("public/delivery_desk.html", typed="", unknown=False))
    try:
        return _show(_find(typed))
    except NotFound:
        response = private(render_template("public/delivery_desk.html", typed=typed, unknown=True), 404)
        return robots(response, hide=True)


@bp.get("/deliveries/<reference>")
def delivery(reference: str) -> Response:
    """What was handed over under a reference; with `sha256` also whether a file is one of it."""
    g.language = g.language or settings().languages[0]
    return _show(_find(reference))


def _find(typed: str) -> Delivery:
    try:
        return deliveries.public(typed)
    except NotFound:
        knock(limits.LINK_GUESSES)
        raise


def _show(found: Delivery) -> Response:
    typed = request.args.get("sha256", "").strip()[:300]
    words = found.letter.translation(g.language) or found.letter.translation(found.letter.original_language)
    counted = deliveries.numbers(found)
    html = render_template(
        "public/delivery.html", delivery=found, letter=found.letter, words=words, typed=typed,
        match=deliveries.matching(found, typed) if typed else None, counted=counted, lines=numbers.lines(counted),
        below=numbers.sentences(counted), checked=numbers.VERIFIED, total=numbers.TOTAL,
    )  # fmt: skip
    return robots(cached(html), hide=True)
