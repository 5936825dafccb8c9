"""What an owner does with the members of a team: invite, change a role, reset, end sessions, remove."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts
from petition.admin import bp
from petition.admin.gates import fresh, gate, member
from petition.admin.team import show_team
from petition.errors import N_, Conflict, Invalid
from petition.templating import settings

INVITED = N_("%(email)s is invited.")
MAILED = N_("The invitation is on its way by mail. It works once, within 3 days.")
NOT_MAILED = N_("This address has had its share of invitations for now, so no mail is sent.")
CHANGED = N_("%(email)s has another role now.")
REMOVED = N_("%(email)s is no longer a member of this team.")
RESET = N_("%(email)s has to set up their log-in again. Their sessions are ended.")
LOGGED_OUT = N_("%(email)s is logged out everywhere.")


@bp.post("/team/<int(max=2147483647):team_id>/invite")
@gate("owner")
@fresh
def invite(team_id: int) -> BaseResponse:
    """Invite somebody by address and role, or invite again with a new link."""
    try:
        done = accounts.invite(
            member(), team_id, request.form.get("email", ""), request.form.get("role", ""),
            link=current_app.extensions["setup_link"], config=settings(), now=_now(),
        )  # fmt: skip
    except Invalid as error:
        return show_team(team_id, error)
    flash(f"{gettext(INVITED, email=done.email)} {gettext(MAILED if done.mailed else NOT_MAILED)}")
    if done.link:
        flash(done.link, "link")
    return _back()


@bp.post("/team/<int(max=2147483647):team_id>/members/<int(max=2147483647):member_id>/role")
@gate("owner")
@fresh
def change_role(team_id: int, member_id: int) -> BaseResponse:
    """Give a member another role."""
    try:
        found = accounts.change_role(member(), team_id, member_id, request.form.get("role", ""), now=_now())
    except (Invalid, Conflict) as error:
        return show_team(team_id, error)
    flash(gettext(CHANGED, email=found.email))
    return _back()


@bp.post("/team/<int(max=2147483647):team_id>/members/<int(max=2147483647):member_id>/remove")
@gate("owner")
@fresh
def remove_member(team_id: int, member_id: int) -> BaseResponse:
    """Take a member out of the team."""
    try:
        email = accounts.remove_from_team(member(), team_id, member_id, now=_now())
    except Conflict as error:
        return show_team(team_id, error)
    flash(gettext(REMOVED, email=email))
    return _back()


@bp.post("/team/<int(max=2147483647):team_id>/members/<int(max=2147483647):member_id>/reset")
@gate("owner")
@fresh
def reset_member(team_id: int, member_id: int) -> BaseResponse:
    """Clear what a member logs in with, and show the link that leads in again."""
    try:
        email, link = accounts.reset_member(
            member(), team_id, member_id, link=current_app.extensions["setup_link"], now=_now()
        )
    except Conflict as error:
        return show_team(team_id, error)
    flash(gettext(RESET, email=email))
    flash(link, "link")
    return _back()


@bp.post("/team/<int(max=2147483647):team_id>/members/<int(max=2147483647):member_id>/sessions")
@gate("owner")
@fresh
def log_out_member(team_id: int, member_id: int) -> BaseResponse:
    """End every session of a member."""
    found = accounts.end_sessions_of(member(), team_id, member_id, now=_now())
    flash(gettext(LOGGED_OUT, email=found.email))
    return _back()


def _back() -> BaseResponse:
    return redirect(url_for("admin.team"), 303)


def _now() -> datetime:
    return datetime.now(UTC)
