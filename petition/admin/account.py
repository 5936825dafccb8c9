"""One's own account: how one logs in, and where one is logged in."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext, refresh
from flask_security import current_user
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts
from petition.accounts import notices, sessions
from petition.admin import bp, logins
from petition.admin.gates import gate, member
from petition.errors import N_
from petition.templating import settings

SPOKEN = N_("The pages of the team are in this language now.")
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


@bp.post("/account/language")
@gate("viewer")
def choose_language() -> BaseResponse:
    """Change the language in which one sees the team's pages."""
    chosen = request.form.get("language", "")
    accounts.speak(member(), chosen, choices=settings().languages, now=datetime.now(UTC))
    g.language = chosen or None
    refresh()
    flash(gettext(SPOKEN))
    return redirect(url_for("admin.account"), 303)


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
