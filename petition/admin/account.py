"""One's own account: how one logs in, and where one is logged in."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_security import current_user
from werkzeug.wrappers import Response as BaseResponse

from petition.accounts import notices, sessions
from petition.admin import bp, logins
from petition.admin.gates import gate, member
from petition.errors import N_

ENDED = N_("That session is ended.")
CHOSEN = N_("Saved. You are mailed what you chose.")
OTHERS_ENDED = N_("All other sessions are ended.")


@bp.get("/account")
@gate("viewer")
def account() -> str:
    """Password, second factor, passkeys, recovery codes and sessions."""
    mine = sessions.standing(member(), datetime.now(UTC))
    return render_template(
        "admin/account.html", sessions=mine, present=sessions.digest(logins.key()), account=current_user,
        choice=notices.choice(member()), digests=notices.DIGESTS,
    )  # fmt: skip


@bp.post("/account/mail")
@gate("viewer")
def choose_mail() -> BaseResponse:
    """Change which milestones and digests one is mailed."""
    notices.choose(
        member(), milestones=request.form.get("milestones") == "1", digest=request.form.get("digest", ""), now=datetime.now(UTC)
    )
    flash(gettext(CHOSEN))
    return redirect(url_for("admin.account", _anchor="mail"), 303)


@bp.post("/account/sessions")
@gate("viewer")
def end_session() -> BaseResponse:
    """End one other session, or all of them."""
    now, which = datetime.now(UTC), request.form.get("session", "")
    if request.form.get("action") == "others":
        sessions.end_others(member(), logins.key(), now)
        flash(gettext(OTHERS_ENDED))
    else:
        sessions.end(member(), which, now)
        flash(gettext(ENDED))
    return redirect(url_for("admin.account"), 303)
