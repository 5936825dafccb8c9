"""The ready-made reasons of a team, written and removed by its editors."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid
from petition.moderation import reasons

SAVED = N_("Saved.")
REMOVED = N_("Removed. Decisions that used it keep their words.")


@bp.get("/reasons")
@gate("editor")
def reason_list() -> BaseResponse:
    """Every ready-made reason of the teams that the member edits for."""
    return _list()


def _list(wrong: str = "", problem: Invalid | None = None) -> BaseResponse:
    teams = [each for each in accounts.teams(member()) if member().may("editor", each.id)]
    html = render_template(
        "admin/reasons.html", teams=teams, ready=reasons.offered([each.id for each in teams]), shipped=reasons.shipped(),
        classes=reasons.CLASSES, wrong=wrong, typed=request.form,
        faults={fault.field: fault for fault in problem.faults} if problem else {},
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.post("/reasons/of/<int(max=2147483647):team_id>")
@gate("editor")
def add_reason(team_id: int) -> BaseResponse:
    """Add one to a team's list."""
    given = request.form
    try:
        reasons.add(
            member(), team_id, words=given.get("words", ""), reason_class=given.get("reason_class", ""), now=datetime.now(UTC)
        )  # fmt: skip
    except Invalid as error:
        return _list(f"new-{team_id}", error)
    return _done(SAVED)


@bp.post("/reasons/<int(max=2147483647):number>")
@gate("editor")
def change_reason(number: int) -> BaseResponse:
    """Write one anew, or remove it."""
    given, now = request.form, datetime.now(UTC)
    if given.get("action") == "remove":
        reasons.remove(member(), number, now=now)
        return _done(REMOVED)
    try:
        reasons.change(member(), number, words=given.get("words", ""), reason_class=given.get("reason_class", ""), now=now)
    except Invalid as error:
        return _list(f"own-{number}", error)
    return _done(SAVED)


def _done(message: str) -> BaseResponse:
    flash(gettext(message))
    return redirect(url_for("admin.reason_list"), 303)
