"""Following a letter: the form with one answer for everybody, and the page behind the links that follow from it."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from petition import limits
from petition.errors import BadRequest, Busy, Conflict, Invalid, LinkNotValid, PetitionError, TooMany, TooManyLinks
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.public import bp
from petition.public.errors import with_retry
from petition.public.pages import address, letter_context, private
from petition.public.sign import asking, knock, open_door
from petition.signatures import submission
from petition.signatures.door import ProofAsked
from petition.templating import current_language, settings
from petition.updates import followers


@bp.get("/letters/<slug>/follow")
def follow(slug: str) -> Response:
    """The form on a page of its own."""
    found = letters.find_published(slug)
    return _form(found, followers.NewsOver() if not followers.takes_followers(found, datetime.now(UTC)) else None)


@bp.post("/letters/<slug>/follow")
def ask_for_news(slug: str) -> Response:
    """Take an address and answer everybody alike; only its mailbox learns more."""
    found = letters.find_published(slug)
    context = letter_context(found)
    now = datetime.now(UTC)
    door = open_door(found, now)
    try:
        shown = door.look_up(limits.FOLLOW)
        followers.follow(
            found, submission.email(request.form.get("email", "")), language=current_language(), config=settings(), now=now, shown=shown
        )
    except (Invalid, Conflict, TooMany, Busy) as error:
        return _form(found, asking(door, error))
    g.private = True
    return private(render_template("public/follow.html", **context, done=True))


def _form(found: Letter, problem: PetitionError | None = None) -> Response:
    g.private = True
    asked = problem if isinstance(problem, ProofAsked) else None
    fault = problem.faults[0] if isinstance(problem, Invalid) else None if asked else problem
    g.scripted = asked is not None
    html = render_template(
        "public/follow.html", **letter_context(found), done=False, fault=fault, asked=asked, typed=request.form.get("email", ""),
        over=isinstance(problem, followers.NewsOver),
    )  # fmt: skip
    response = private(html, problem.status if problem else 200)
    return with_retry(response, problem) if problem else response


@bp.get("/subscription/<token>")
def subscription(token: str) -> Response:
    """Whether news comes to the mailbox behind the link; it changes nothing."""
    return _shown(token, _look(token))


@bp.post("/subscription/<token>")
def act_on_subscription(token: str) -> BaseResponse:
    """Let the news come, or stop it: by a button here, or by that of a mail program (RFC 8058)."""
    behind = _look(token)
    now = datetime.now(UTC)
    action = "stop" if request.form.get("List-Unsubscribe") == "One-Click" else request.form.get("action", "")
    if action == "confirm":
        followers.confirm(token, config=settings(), now=now)
        return redirect(address("subscription", behind.letter, g.language_asked, named=False, token=token), 303)
    does = {"stop": followers.stop, "not-me": followers.forget}.get(action)
    if does is None:
        raise BadRequest
    does(token, config=settings(), now=now)
    return _shown(token, behind, done=action)  # at once: the link may have died with what it led to


def _look(token: str) -> followers.Behind:
    """What the link leads to; guesses are counted, so that nobody can try many."""
    g.private = True
    g.language_asked = g.language
    try:
        behind = followers.look(token, config=settings(), now=datetime.now(UTC))
    except LinkNotValid:
        try:
            knock(limits.LINK_GUESSES)
        except TooMany as error:
            raise TooManyLinks(retry_after=error.retry_after) from None
        raise
    if g.language is None and behind.language in settings().languages:
        g.language = behind.language
    return behind


def _shown(token: str, behind: followers.Behind, done: str = "") -> Response:
    asked = g.language
    context = letter_context(behind.letter)
    g.language = asked or g.language
    return private(render_template("public/subscription.html", **context, behind=behind, done=done, token=token))
