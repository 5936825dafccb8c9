"""The page behind a mailed link: it shows and changes nothing until a button is pressed."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from petition import deliveries, limits
from petition.errors import (
    BadRequest,
    Busy,
    EntryStands,
    Fault,
    Invalid,
    LetterChanged,
    LetterNotOpen,
    LinkNotValid,
    TooMany,
    TooManyLinks,
)
from petition.moderation import talk
from petition.public import bp
from petition.public.errors import with_retry
from petition.public.pages import address, letter_context, private, speak
from petition.public.sign import knock, network
from petition.signatures import changes, directory, domains, operations, renewal, submission, takeovers
from petition.templating import current_language, settings

# What the page may say was done, by the state that it finds: an address in a tab of yesterday proves nothing.
_STANDING = ("standing", "renewed", "changed", "mailed", "unsubscribed", "dns-found", "dns-missing", "dns-silent")
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
    behind = _look(token)
    try:
        done = _do(request.form.get("action", ""), token, behind, datetime.now(UTC))
    except Invalid as error:
        return _show(token, faults=error.faults, status=error.status)
    except EntryStands as error:
        return _show(token, faults=(Fault("organisation", error.code, error.message),), status=error.status)
    except (LetterChanged, LetterNotOpen) as error:
        if behind.signature is None:
            raise
        return _show(token, faults=(Fault("form", error.code, error.message),), status=error.status)
    except Busy as error:
        return with_retry(_show(token, faults=(Fault("form", error.code, error.message),), status=error.status), error)
    if done in ("forgotten", "asked"):  # the link died with the request
        return private(render_template(f"public/{done}.html"))
    return redirect(address("signature", language=g.language_asked, token=token, done=done), 303)


def _do(action: str, token: str, behind: changes.Behind, now: datetime) -> str:
    """What the button means, done; returns the outcome in one word."""
    if action == "confirm" and behind.signature is not None and "text" in request.form:
        return renewal.renew(token, text=request.form["text"].strip()[:64], language=_spoken(behind), now=now)
    if action == "confirm":
        return operations.confirm(token, config=settings(), now=now, network=network()).outcome
    if action == "change":
        return changes.change(token, _wanted(), address=request.form.get("email", "").strip(), config=settings(), now=now)
    if action in ("withdraw", "not-me"):
        return changes.withdraw(token, now=now, why="not me" if action == "not-me" else "withdrawn")
    if action == "unsubscribe":
        changes.unsubscribe(token, now=now)
        return "unsubscribed"
    if action == "answer":
        talk.answer(token, request.form.get("answer", ""), now=now)
        return "answered"
    if action == "check-dns":
        _knock_for_dns(behind)
        return domains.prove(token, config=settings(), now=now)
    if action == "take-over":
        return takeovers.ask(token, now=now)
    raise BadRequest


def _spoken(behind: changes.Behind) -> str:
    """The language that the page speaks, and its letter where it is translated."""
    speak(behind.statement.letter)
    return current_language()


def _knock_for_dns(behind: changes.Behind) -> None:
    """Count a look-up for the visitor's network and, whoever asks, for the entry; raises TooMany."""
    knock(limits.DNS_CHECK)
    if behind.signature is not None:
        limiter: limits.Limiter = current_app.extensions["limiter"]
        limiter.spend(limits.DNS_CHECK, "", of=behind.signature.public_id)


def _wanted() -> dict[str, str | bool]:
    """The changed fields, checked; a field that was not sent stays as it is."""
    rules = {
        "name": lambda value: submission.line("name", value),
        "organisation": lambda value: submission.line("organisation", value),
        "latin_name": submission.latin,
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
        typed=request.form if faults else {}, page_language=current_language(), record=domains.record(behind.signature, settings()),
        checked=behind.signature and directory.entry(behind.signature),
        handed=deliveries.handed(behind.signature) if behind.signature is not None else [],
    )  # fmt: skip
    return private(html, status)
