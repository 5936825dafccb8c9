"""The page behind a mailed link: it shows and changes nothing until a button is pressed."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from petition import limits
from petition.errors import BadRequest, Busy, EntryStands, Fault, Invalid, LinkNotValid, TooMany, TooManyLinks
from petition.moderation import talk
from petition.public import bp
from petition.public.errors import with_retry
from petition.public.pages import address, letter_context
from petition.public.sign import knock
from petition.signatures import changes, operations, submission
from petition.templating import current_language, settings

# What the page may say was done, by the state that it finds: an address in a tab of yesterday proves nothing.
_STANDING = ("standing", "renewed", "changed", "mailed", "unsubscribed")
DONE = {
    "pending": ("taken",),
    "published": ("published", *_STANDING),
    "held": ("held", "answered", *_STANDING),
    "rejected": ("standing",),
    "withdrawn": ("withdrawn",),
}


@bp.get("/signature/<token>")
def signature(token: str) -> Response:
    """What the link leads to."""
    return _show(token, done=request.args.get("done", ""))


@bp.post("/signature/<token>")
def act(token: str) -> BaseResponse:
    """Do what the pressed button says, then show the page again."""
    action, now = request.form.get("action", ""), datetime.now(UTC)
    _look(token)
    try:
        if action == "confirm":
            done = operations.confirm(token, config=settings(), now=now, network=None).outcome
        elif action == "change":
            done = changes.change(token, _wanted(), address=request.form.get("email", "").strip(), config=settings(), now=now)
        elif action in ("withdraw", "not-me"):
            done = changes.withdraw(token, now=now, why="not me" if action == "not-me" else "withdrawn")
        elif action == "unsubscribe":
            changes.unsubscribe(token, now=now)
            done = "unsubscribed"
        elif action == "answer":
            talk.answer(token, request.form.get("answer", ""), now=now)
            done = "answered"
        else:
            raise BadRequest
    except Invalid as error:
        return _show(token, faults=error.faults, status=error.status)
    except EntryStands as error:
        return _show(token, faults=(Fault("organisation", error.code, error.message),), status=error.status)
    except Busy as error:
        return with_retry(_show(token, faults=(Fault("form", error.code, error.message),), status=error.status), error)
    if done == "forgotten":
        return private(render_template("public/forgotten.html"))
    return redirect(address("signature", language=g.language_asked, token=token, done=done), 303)


def _wanted() -> dict[str, str | bool]:
    """The changed fields, checked; a field that was not sent stays as it is."""
    rules = {
        "name": lambda value: submission.line("name", value),
        "organisation": lambda value: submission.line("organisation", value),
        "role": lambda value: submission.line("role", value),
        "website": submission.website,
        "country": submission.country,
        "comment": submission.comment,
        "visibility": submission.visibility,
    }
    faults: list[Fault] = []
    wanted: dict[str, str | bool] = {}
    for field, rule in rules.items():
        if field in request.form:
            try:
                wanted[field] = rule(request.form[field])
            except Invalid as error:
                faults.extend(error.faults)
    if faults:
        raise Invalid(faults)
    if "deliver_offered" in request.form:
        wanted["deliver"] = submission.ticked(request.form.get("deliver"))
    return wanted


def _look(token: str) -> changes.Behind:
    """What the link leads to; guesses are counted, so that nobody can try many."""
    g.private = True
    g.language_asked = g.language
    try:
        behind = changes.look(token, now=datetime.now(UTC))
    except LinkNotValid:
        try:
            knock(limits.LINK_GUESSES)
        except TooMany as error:
            raise TooManyLinks(retry_after=error.retry_after) from None
        raise
    if g.language is None and behind.statement.language in settings().languages:
        g.language = behind.statement.language
    return behind


def _show(token: str, *, done: str = "", faults: tuple[Fault, ...] = (), status: int = 200) -> Response:
    behind = _look(token)
    statement = behind.statement
    asked = g.language
    context = letter_context(statement.letter)
    g.language = asked or g.language
    first = {fault.field: fault for fault in reversed(faults)}
    state = behind.signature.state if behind.signature is not None else "pending"
    said = talk.between(behind.signature) if behind.signature else []
    html = render_template(
        "public/signature.html", **context, token=token, pending=behind.request, signature=behind.signature, statement=statement,
        done=done if done in DONE[state] else "", said=said, asked=talk.is_open(said), faults=first,
        typed=request.form if faults else {}, page_language=current_language(),
    )  # fmt: skip
    return private(html, status)


def private(html: str, status: int = 200) -> Response:
    """A page for one person only."""
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
