"""What the team decides about an organisation's entry besides its state: how far it was checked, and who answers for it."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.admin.review import show
from petition.errors import N_, Invalid
from petition.templating import settings

VERIFIED = N_("Noted. Readers see what was checked, and when.")
TAKEN_OVER = {
    "approve": N_("The new representative is mailed a link; the earlier one is told, and their links no longer work."),
    "refuse": N_("Whoever asked is told. Nothing was changed."),
}


@bp.post("/signatures/<public_id>/verification")
@gate("moderator")
def verify(public_id: str) -> BaseResponse:
    """Note how far an organisation was checked, and by what."""
    given = request.form
    try:
        moderation.verify(member(), public_id, given.get("level", ""), given.get("evidence", ""), now=datetime.now(UTC))
    except Invalid as error:
        return show(public_id, error)
    flash(gettext(VERIFIED))
    return redirect(url_for("admin.signature", public_id=public_id), 303)


@bp.post("/takeovers/<int(max=9223372036854775807):number>/decision")
@gate("moderator")
def decide_takeover(number: int) -> BaseResponse:
    """Let whoever asks answer for the entry, or refuse."""
    given = request.form
    decision, entry = given.get("decision", ""), given.get("entry", "")
    try:
        found = moderation.decide_takeover(
            member(), number, decision, given.get("reason", ""), entry=entry, config=settings(), now=datetime.now(UTC)
        )
    except Invalid as error:
        return show(entry, error)
    flash(gettext(TAKEN_OVER[decision]))
    return redirect(url_for("admin.signature", public_id=found), 303)
