"""Confirming by the short code of the mail, for those whose mail is on another device."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from petition import limits
from petition.errors import Busy, Fault, Invalid, PetitionError, TooMany
from petition.public import bp
from petition.public.errors import with_retry
from petition.public.pages import address
from petition.public.sign import knock, network
from petition.signatures import codes, operations, submission
from petition.templating import settings


@bp.route("/code", methods=["GET", "POST"])
def code() -> BaseResponse:
    """Show the form for a code, or confirm with what it brings and lead to the signature.

    It names no letter: its address is short enough to be typed, and may stand in a mail that must not tell which letter.
    """
    g.private = True
    g.language = g.language or settings().languages[0]
    if request.method == "GET":
        return _form()
    now = datetime.now(UTC)
    try:
        token = _token(now)
        done = operations.confirm(token, config=settings(), now=now, network=network()).outcome
    except Invalid as error:
        return _form(error, error.faults)
    except (TooMany, Busy) as error:
        return _form(error)
    return redirect(address("signature", token=token, done=done), 303)


def _token(now: datetime) -> str:
    """A link to the request that the form names; wrong codes are counted for the network as unknown links are."""
    faults: list[Fault] = []
    email, typed = "", request.form.get("code", "")[:60]
    try:
        email = submission.email(request.form.get("email", ""))
    except Invalid as error:
        faults += error.faults
    try:
        codes.plain(typed)
    except Invalid as error:
        faults += error.faults
    if faults:
        raise Invalid(faults)
    try:
        return codes.exchange(email, typed, config=settings(), now=now)
    except Invalid:
        knock(limits.LINK_GUESSES)
        raise


def _form(error: PetitionError | None = None, faults: tuple[Fault, ...] = ()) -> Response:
    """The form, with what was typed and each fault in its place."""
    first = {fault.field: fault for fault in reversed(faults)}
    html = render_template("public/code.html", faults=first, problem=None if faults else error, typed=request.form)
    response = make_response(html, error.status if error is not None else 200)
    response.headers["Cache-Control"] = "no-store"
    return with_retry(response, error) if error is not None else response
