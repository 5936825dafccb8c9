"""The team's side: log-in, the queue of held signatures, letters, team and trail; each answer is for one member."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, make_response, render_template, session
from flask_babel import format_datetime, gettext
from flask_wtf.csrf import CSRFError, CSRFProtect

from petition.admin import gates, security
from petition.errors import N_, AlreadyDecided, Invalid, PetitionError
from petition.templating import say

bp = Blueprint("admin", __name__, url_prefix="/admin")
csrf = CSRFProtect()

STALE_FORM = N_("This form is too old or came from another site. Please open the page again and send it from there.")


def init_app(app: Flask) -> None:
    """Register the log-in and every view; forms are checked for their token here, and nowhere else."""
    from petition.admin import letters, lists, mail, review, signatures, team, trail  # noqa: F401 (they hang their views on the blueprint)

    # Only the team has sessions, so only its forms carry tokens; its pages send no Referer that could be compared.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_SSL_STRICT=False, WTF_CSRF_TIME_LIMIT=None)
    csrf.init_app(app)
    security.init_app(app, csrf)
    app.register_blueprint(bp)
    app.register_error_handler(CSRFError, _stale_form)
    app.jinja_env.filters.update(moment=moment)
    sheet = Path(str(app.static_folder)) / "admin.css"
    app.extensions["admin_stylesheet"] = hashlib.sha256(sheet.read_bytes()).hexdigest()[:12]
    app.context_processor(_everywhere)


def moment(value: datetime) -> str:
    """A moment as the reader's language writes it, in UTC."""
    return f"{format_datetime(value, format='medium', rebase=False)} UTC"


def _everywhere() -> dict[str, Any]:
    sheet = current_app.extensions["admin_stylesheet"]
    return {"admin_stylesheet": sheet, "member": gates.member_or_none, "holds": gates.holds}


@bp.before_request
def _check_form() -> None:
    session.permanent = True  # ends after half an hour without a visit
    csrf.protect()


@bp.errorhandler(PetitionError)
def _refused(error: PetitionError) -> Response:
    if isinstance(error, Invalid):
        words = " ".join(say(fault) for fault in error.faults)
    elif isinstance(error, AlreadyDecided):
        words = gettext(error.message, **(error.params | {"state": gettext(error.params["state"])}))
    else:
        words = say(error)
    response = make_response(render_template("admin/error.html", message=words, code=error.code), error.status)
    if error.status in (429, 503):
        response.headers["Retry-After"] = str(getattr(error, "retry_after", 10))
    return response


def _stale_form(error: CSRFError) -> Response:
    return make_response(render_template("admin/error.html", message=gettext(STALE_FORM), code="stale_form"), 400)
