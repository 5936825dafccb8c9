"""Passing a letter on: the links and the page to share it, its picture for messengers, and its short address for paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Response, g, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition.errors import N_
from petition.exports import cards
from petition.letters import operations as letters
from petition.letters import sharing
from petition.letters.models import Letter, Translation
from petition.public import bp, links
from petition.public.act import deed
from petition.public.pages import FRESH, NAMES_FRESH, TAGGED, address, cached, letter_context, robots, speak, tagged
from petition.templating import current_language, settings

READ = N_("Please read this open letter.")
SIGN = N_("Please read this open letter and sign it.")
PRINTED = "print"  # the tag of whoever came by the short address


@dataclass(frozen=True)
class Passing:
    """What the buttons of a letter are made of; `act` is what readers can do beside sharing, where there is something."""

    ways: list[links.Way]
    title: str
    text: str
    link: str
    act: str


@bp.app_context_processor
def _passing() -> dict[str, object]:
    return {"passing": passing, "with_share_script": with_script}


def passing(letter: Letter, words: Translation, state: str) -> Passing:
    """How a published letter can be passed on, in the language of the page."""
    # A reader of a text in another language still gets what the organiser wrote in that of the page.
    own = sharing.texts(letter)
    text = own.get(current_language()) or own.get(words.language) or f"{words.title}\n{gettext(SIGN if state == 'open' else READ)}"
    found = deed(letter, words.language)
    return Passing(
        links.ways(words.title, text, lambda tag: address("letter", letter, external=True, s=tag)), words.title, text,
        address("letter", letter, external=True, s="link"), found.label if found else "",
    )  # fmt: skip


def with_script() -> bool:
    """Whether passing on is what the page is for; others stay without its script."""
    if str(request.endpoint).rpartition(".")[2] not in ("share", "acting", "signature"):
        return False
    g.scripted = True
    return True


@bp.get("/letters/<slug>/share")
def share(slug: str) -> Response:
    """The ways to share the letter, on a page of their own."""
    found = letters.find_published(slug)
    html = render_template("public/share.html", **letter_context(found))
    return robots(cached(html, FRESH), found.protected)


@bp.get("/letters/<slug>/card.png")
def card(slug: str) -> Response:
    """The picture that messengers show beside a link to the letter."""
    found = letters.find_published(slug)
    picture = cards.card_of(found, speak(found), config=settings(), now=datetime.now(UTC))
    response = make_response(picture.png)
    response.mimetype = "image/png"
    response.headers["Cache-Control"] = FRESH if picture.current else NAMES_FRESH
    response.set_etag(picture.key)
    response.make_conditional(request)
    return robots(response, found.protected)


@bp.get("/l/<int(max=2147483647):number>")
def short(number: int) -> BaseResponse:
    """Lead from the short address on paper to the letter in its language; what is not published is as unknown as what is not there."""
    found = letters.find_numbered(number)
    asked = g.language
    speak(found)
    response = make_response(redirect(address("letter", found, asked or current_language(), s=tagged() or PRINTED), 302))
    response.headers["Cache-Control"] = TAGGED if tagged() else FRESH
    return robots(response, hide=True)
