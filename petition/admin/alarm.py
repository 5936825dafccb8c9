"""What helps under attack: the hours in which far more came than usual, and the switch that lets everything new wait."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_
from petition.moderation import holding as switch
from petition.moderation import spikes as noticed

SWITCHED = {
    "on": N_("Everything new waits for a decision from now on."),
    "off": N_("New signatures appear by themselves again. What was held meanwhile still waits in the queue."),
}


@bp.get("/spikes")
@gate("moderator")
def spikes() -> str:
    """The spikes of the member's letters, the newest first."""
    return render_template("admin/spikes.html", rows=noticed.listed(member()))


@bp.post("/letters/<slug>/holding")
@gate("moderator")
def holding(slug: str) -> BaseResponse:
    """Let everything new wait, or no more, and hold what came in the last hours along."""
    found = moderation.letter(member(), slug, "moderator")
    state = request.form.get("state", "")
    started = switch.hold_new(member(), found, state, request.form.get("hours", "0"), now=datetime.now(UTC))
    flash(gettext(SWITCHED[state]))
    if started is not None:
        return redirect(url_for("admin.bulk", public_id=started.public_id), 303)
    return redirect(url_for("admin.letter", slug=slug), 303)
