"""The entries that readers reported: the team keeps each where it stands, or holds it."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_
from petition.templating import settings

DONE = {
    "keep": N_("Kept. It stays on the list, and its reports are settled."),
    "hold": N_("Held. It waits for a decision and does not count."),
}


@bp.get("/letters/<slug>/reported")
@gate("moderator")
def reported(slug: str) -> str:
    """What readers reported and still read."""
    found = moderation.letter(member(), slug, "moderator")
    return render_template("admin/reported.html", letter=found, reported=moderation.reported_entries(member(), found))


@bp.post("/letters/<slug>/reported")
@gate("moderator")
def settle(slug: str) -> BaseResponse:
    """Keep a reported entry, or hold it."""
    choice = request.form.get("choice", "")
    moderation.settle(member(), slug, request.form.get("entry", ""), choice, config=settings(), now=datetime.now(UTC))
    flash(gettext(DONE[choice]))
    return redirect(url_for("admin.reported", slug=slug), 303)
