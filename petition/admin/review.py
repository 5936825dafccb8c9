"""The queue of held signatures, one signature with its history, and the decisions about it."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid
from petition.letters import operations as letters
from petition.signatures.screening import REASONS
from petition.templating import settings

DONE = {
    "published": N_("Published. It counts, and its entry is on the list."),
    "rejected": N_("Rejected. It does not count."),
    "held": N_("Held. It waits for a decision and does not count."),
}


@bp.get("/")
@gate("viewer")
def queue() -> str:
    """Everything that waits, in all the member's teams."""
    return _queue(None)


@bp.get("/letters/<slug>/queue")
@gate("viewer")
def letter_queue(slug: str) -> str:
    """What waits under one letter."""
    return _queue(slug)


def _queue(slug: str | None) -> str:
    after = request.args.get("after")
    rows = moderation.queue(member(), slug, after)
    return render_template(
        "admin/queue.html", rows=rows, slug=slug, after=after, reasons=REASONS,
        waiting=moderation.waiting(member()), letters=letters.listed(member().team_ids, drafts=True),
        next=rows[-1].id if len(rows) == moderation.PAGE else None,
    )  # fmt: skip


@bp.get("/signatures/<public_id>")
@gate("viewer")
def signature(public_id: str) -> Response:
    """One signature, all that is known of it, and what happened to it."""
    return show(public_id)


def show(public_id: str, problem: Invalid | None = None) -> Response:
    """The signature's page, with what was wrong with the form that came from it."""
    row, history = moderation.detail(member(), public_id)
    faults = {fault.field: fault for fault in problem.faults} if problem else {}
    html = render_template(
        "admin/signature.html", row=row, history=history, reasons=REASONS, faults=faults,
        typed=request.form.get("reason", ""), background=moderation.background(member(), public_id), given=request.form,
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.post("/signatures/<public_id>/decision")
@gate("moderator")
def decide(public_id: str) -> BaseResponse:
    """Approve, reject, hold or restore one signature."""
    given = request.form
    try:
        decided = moderation.decide(
            member(), public_id, given.get("decision", ""), given.get("reason", ""), seen=given.get("seen", ""),
            checked=not given.get("unchecked"), config=settings(), now=datetime.now(UTC),
        )  # fmt: skip
    except Invalid as error:
        return show(public_id, error)
    flash(gettext(DONE[decided.state]), public_id)
    if given.get("from") == "queue":
        return redirect(url_for("admin.queue"), 303)
    return redirect(url_for("admin.signature", public_id=public_id), 303)
