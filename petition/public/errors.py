"""How the site says no: one plain page for people, one JSON shape for the API."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from petition.errors import N_, BadRequest, Busy, Invalid, NotFound, PetitionError

log = logging.getLogger(__name__)

_WORDS = {
    400: N_("This request could not be read."),
    403: N_("You may not open this page."),
    404: N_("There is nothing at this address."),
    405: N_("This address does not take that kind of request."),
    408: N_("The request took too long to arrive."),
    413: N_("That is more than this form can take. Please shorten it."),
    415: N_("Please send the form as a form."),
    429: N_("Too many attempts. Please wait a moment."),
    500: N_("Something went wrong on our side. Nothing you sent was lost silently: please try again."),
}


def init_app(app: Flask) -> None:
    """Answer every error of ours, of the framework's and of the unforeseen."""
    app.log_exception = _log_exception  # type: ignore[method-assign]
    app.before_request(_refuse_nul)
    app.register_error_handler(PetitionError, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(500, _unforeseen)


def _refuse_nul() -> None:
    """No address of ours holds a NUL, and no database takes one."""
    if "\x00" in request.path:
        raise NotFound
    if b"%00" in request.query_string or b"\x00" in request.query_string:
        raise BadRequest


def answer(error: PetitionError) -> Response:
    """The page, or the JSON, of one error."""
    if error.status >= 500 and error.status != 501:  # which only says what was asked for
        log.error("%s: %s", type(error).__name__, error.__cause__.__class__.__name__)
    if request.path.startswith("/api/") or request.path == "/oembed":
        body = {"error": {"code": error.code, "message": str(error) if isinstance(error, Invalid) else error.sentence}}
        response = make_response(jsonify(body), error.status)
    else:
        words = gettext(error.message, **error.params) if error.params else gettext(error.message)
        response = make_response(render_template("errors/error.html", message=words, code=error.code, status=error.status), error.status)
    return with_retry(response, error)


def with_retry(response: Response, error: PetitionError) -> Response:
    """Errors are never cached, and those that pass say when to come back."""
    response.headers["Cache-Control"] = "no-store"
    if error.status in (429, 503):
        response.headers["Retry-After"] = str(getattr(error, "retry_after", Busy.retry_after))
    return response


def _http(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    problem = PetitionError()
    problem.status, problem.message = error.code, _WORDS.get(error.code, PetitionError.message)
    problem.code = error.name.lower().replace(" ", "_")
    response = answer(problem)
    if error.code == 405:
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    return response


def _log_exception(exc_info: Any) -> None:
    """Where it happened and what sort it was: an address can be a token, and an error's words can hold a name."""
    kind, error, trace = exc_info
    cause = getattr(error, "orig", None)
    sort = kind.__name__ if cause is None else f"{kind.__name__} ({type(cause).__name__})"
    log.error("%s in %s %s\n%s", sort, request.method, request.endpoint, "".join(traceback.format_tb(trace)))


def _unforeseen(error: Exception) -> Response:
    cause = getattr(error, "original_exception", None) or error
    if type(cause).__name__ in ("OperationalError", "InterfaceError"):  # the database is away while reading
        return answer(Busy())
    g.pop("language", None)
    problem = PetitionError()
    problem.status, problem.message, problem.code = 500, _WORDS[500], "internal_error"
    return answer(problem)
