"""What is behind a draft's secret link: the letter as it would be published and, while it is gathered in confidence, its form."""

from __future__ import annotations

from flask import Response, g, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from petition import limits
from petition.errors import NotFound
from petition.letters import drafts, text
from petition.letters.models import Letter
from petition.public import bp
from petition.public.pages import address, letter_context, private, speak
from petition.public.sign import form_page, inbox_page, knock, look_for, puzzle_for, take


@bp.get("/preview/<token>")
def preview(token: str) -> BaseResponse:
    """The draft, kept from caches and search engines; after publication the letter itself. Guesses are counted."""
    found = _behind(token)
    return _draft(found) if found.status == "draft" else _published("letter", found)


@bp.get("/preview/<token>/sign")
def preview_sign_form(token: str) -> BaseResponse:
    """The form on a page of its own."""
    found = _behind(token)
    return form_page(found) if found.status == "draft" else _published("sign_form", found)


@bp.post("/preview/<token>/sign")
def preview_sign(token: str) -> BaseResponse:
    """Take a signing request before publication, or after it from a page that was opened before."""
    return take(_behind(token))


@bp.get("/preview/<token>/check-your-inbox")
def preview_inbox(token: str) -> BaseResponse:
    """Where everybody lands after sending the form."""
    found = _behind(token)
    return inbox_page(found) if found.status == "draft" else _published("check_your_inbox", found)


@bp.get("/preview/<token>/challenge")
def preview_puzzle(token: str) -> Response:
    """A puzzle for the browser of somebody who is asked for a proof."""
    return puzzle_for(_behind(token))


@bp.route("/preview/<token>/find", methods=["GET", "POST"])
def preview_find(token: str) -> BaseResponse:
    """Mail the holder of an address the link to their signature."""
    return look_for(_behind(token))


def _behind(token: str) -> Letter:
    """The letter that the link leads to; raises NotFound, having counted the guess."""
    g.private = True  # the address is the key
    try:
        return drafts.follow(token)
    except NotFound:
        knock(limits.LINK_GUESSES)
        raise


def _published(endpoint: str, found: Letter) -> BaseResponse:
    speak(found)
    return redirect(address(endpoint, found), 303)


def _draft(found: Letter) -> Response:
    context = letter_context(found)
    words = found.translation(str(context["text_language"]))
    body = text.to_html(words.body) if words is not None else ""
    return private(render_template("public/preview.html", **context, body=body))
