"""The page behind a draft's secret link: the letter as it would be published, for whoever was given the link."""

from __future__ import annotations

from flask import Response, g, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from petition import limits
from petition.errors import NotFound
from petition.letters import drafts, text
from petition.letters import operations as letters
from petition.letters.models import Letter, LetterText
from petition.public import bp
from petition.public.pages import address, speak
from petition.public.sign import knock
from petition.public.signature import private


@bp.get("/preview/<token>")
def preview(token: str) -> BaseResponse:
    """The draft, kept from caches and search engines; after publication the letter itself. Guesses are counted."""
    g.private = True  # the address is the key
    try:
        found = drafts.follow(token)
    except NotFound:
        knock(limits.LINK_GUESSES)
        raise
    language = speak(found)
    if found.status != "draft":
        return redirect(address("letter", found), 303)
    return _draft(found.preview_token or "", letters.text_shown(found, language), found, language)


def _draft(token: str, shown: LetterText, found: Letter, language: str) -> Response:
    words = found.translation(language)
    body = text.to_html(words.body) if words is not None else ""
    return private(render_template(
        "public/preview.html", letter=found, words=words, text_language=language, text=shown, body=body, token=token
    ))  # fmt: skip
