"""The team's side: log-in, the queue of held signatures, letters, team and trail; each answer is for one member."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import format_datetime, gettext
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from petition.admin import gates, security
from petition.errors import N_, AlreadyDecided, Invalid, PetitionError
from petition.templating import say, settings

bp = Blueprint("admin", __name__, url_prefix="/admin")
csrf = CSRFProtect()

STALE_FORM = N_("This form is too old or came from another site. Please open the page again and send it from there.")


def init_app(app: Flask) -> None:
    """Register the log-in and every view; forms are checked for their token here, and nowhere else."""
    from petition.admin import views  # noqa: F401 (they hang themselves on the blueprint)

    # Only the team has sessions, so only its forms carry tokens; its pages send no Referer that could be compared.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_SSL_STRICT=False, WTF_CSRF_TIME_LIMIT=None)
    csrf.init_app(app)
    security.init_app(app, csrf)
    app.register_blueprint(bp)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(gates.NotFresh, _prove)
    app.jinja_env.filters.update(moment=moment, hour=hour)
    for name, file in (("admin_stylesheet", "admin.css"), ("admin_script", "admin.js"), ("passkeys_script", "passkeys.js")):
        app.extensions[name] = hashlib.sha256((Path(str(app.static_folder)) / file).read_bytes()).hexdigest()[:12]
    app.context_processor(_everywhere)


def moment(value: datetime) -> str:
    """A moment as the reader's language writes it, in UTC."""
    return f"{format_datetime(value, format='medium', rebase=False)} UTC"


def hour(value: str) -> str:
    """The beginning of an hour that an address names, as the reader's language writes it."""
    return f"{format_datetime(datetime.fromisoformat(value), format='short', rebase=False)} UTC"


def _everywhere() -> dict[str, Any]:
    digests = {name: current_app.extensions[name] for name in ("admin_stylesheet", "admin_script", "passkeys_script")}
    return {**digests, "member": gates.member_or_none, "holds": gates.holds}


@bp.before_app_request
def _speak() -> None:
    """The team's pages, those of logging in included, are in the language that whoever is logged in has chosen."""
    if request.blueprint in ("admin", "security") and (found := gates.member_or_none()) is not None:
        g.language = found.speaks(settings().languages)


@bp.before_request
def _check_form() -> None:
    session.permanent = True  # ends after half an hour without a visit
    gates.make_room()
    csrf.protect()


def wants_json() -> bool:
    """Whether a page's own script asks, which shows the answer in place."""
    return request.accept_mimetypes.best == "application/json"


@bp.errorhandler(PetitionError)
def _refused(error: PetitionError) -> Response:
    if isinstance(error, Invalid):
        words = " ".join(say(fault) for fault in error.faults)
    elif isinstance(error, AlreadyDecided):
        words = gettext(error.message, **(error.params | {"state": gettext(error.params["state"])}))
    else:
        words = say(error)
    if wants_json():
        response = make_response(jsonify(error={"code": error.code, "message": words}), error.status)
    else:
        response = make_response(render_template("admin/error.html", message=words, code=error.code), error.status)
    if error.status in (429, 503):
        response.headers["Retry-After"] = str(getattr(error, "retry_after", 10))
    return response


@bp.errorhandler(gates.NotFresh)
def _prove(error: gates.NotFresh) -> BaseResponse:
    """Ask who they are: before a page that is to be opened, or with everything that was sent, to be sent on."""
    if request.method == "GET":
        return redirect(url_for("security.verify", next=request.full_path.rstrip("?")), 303)
    given = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", gates.PROOF)]
    return make_response(render_template("admin/prove.html", given=given, wrong=error.wrong, proof=gates.PROOF), error.status)


def _stale_form(error: CSRFError) -> Response:
    html = render_template("admin/error.html", message=gettext(STALE_FORM), code="stale_form", typed=gates.typed_at_length())
    return make_response(html, 400)
