"""What is written beside a signature: notes for the team, and questions to whoever signed."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition.admin import bp, wants_json
from petition.admin.gates import gate, member
from petition.admin.review import show, where_from
from petition.errors import N_, Invalid
from petition.moderation import talk
from petition.templating import settings

NOTED = N_("The note is kept.")
ASKED = N_("The question is on its way. The answer will appear here.")


@bp.post("/signatures/<public_id>/notes")
@gate("moderator")
def note(public_id: str) -> BaseResponse:
    """Keep a note for the team."""
    try:
        talk.add_note(member(), public_id, request.form.get("note", ""), now=datetime.now(UTC))
    except Invalid as error:
        if wants_json():
            raise
        return show(public_id, error)
    if wants_json():
        return jsonify(message=gettext(NOTED))
    flash(gettext(NOTED))
    return redirect(where_from(public_id), 303)


@bp.post("/signatures/<public_id>/questions")
@gate("moderator")
def question(public_id: str) -> BaseResponse:
    """Mail the signatory a question; nobody here sees the address."""
    try:
        talk.ask(member(), public_id, request.form.get("question", ""), config=settings(), now=datetime.now(UTC))
    except Invalid as error:
        return show(public_id, error)
    flash(gettext(ASKED))
    return redirect(url_for("admin.signature", public_id=public_id), 303)
