"""The queue of held signatures, one signature with its history, and the decisions about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Response, current_app, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp, wants_json
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation import reasons
from petition.signatures.screening import REASONS
from petition.templating import number, settings

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
    who, only = member(), moderation.Filter.parse(request.args)
    rows = moderation.queue(who, slug, request.args.get("after"), only=only)
    waiting = moderation.waiting(who)
    found = letters.listed(who.team_ids, drafts=True)
    here = [each for each in found if slug in (None, each.slug)]
    moderated = {each.team_id for each in here if who.may("moderator", each.team_id)}
    return render_template(
        "admin/queue.html", rows=rows, slug=slug, only=only, groups=moderation.groups(who, slug, only), reasons=REASONS,
        waiting=waiting, total=sum(waiting.get(each.id, 0) for each in here), lead=_lead, letters=found,
        bulk=_bulk([each for each in here if slug or waiting.get(each.id)]),
        ready=reasons.offered(moderated), moderated=moderated, back=request.full_path.rstrip("?"), now=_now(),
        next=rows[-1].id if len(rows) == moderation.PAGE else None,
    )  # fmt: skip


def _bulk(shown: list[Letter]) -> Letter | None:
    """The letter that a bulk decision from this page would be about: there has to be one, and no more."""
    offered = "admin.new_bulk" in current_app.view_functions and len(shown) == 1
    return shown[0] if offered and member().may("moderator", shown[0].team_id) else None


def _lead(total: int) -> str:
    """How much waits, in one sentence."""
    return str(ngettext(
        "%(n)s signature is held and not counted until it is decided.",
        "%(n)s signatures are held and not counted until they are decided.", total, n=number(total),
    ))  # fmt: skip


@bp.get("/signatures/<public_id>")
@gate("viewer")
def signature(public_id: str) -> Response:
    """One signature, all that is known of it, and what happened to it."""
    return show(public_id)


def show(public_id: str, problem: Invalid | None = None) -> Response:
    """The signature's page, with what was typed there and is wrong."""
    found = moderation.detail(member(), public_id)
    faults = {fault.field: fault for fault in problem.faults} if problem else {}
    team_id = found.row.letter.team_id
    html = render_template(
        "admin/signature.html", row=found.row, history=found.history, notes=found.notes, unaskable=found.unaskable,
        moderator=member().may("moderator", team_id), ready=reasons.offered([team_id]), reason_classes=reasons.CLASSES,
        reasons=REASONS, faults=faults, typed=request.form if problem else {}, now=_now(),
        background=moderation.background(member(), public_id), given=request.form,
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.post("/signatures/<public_id>/decision")
@gate("moderator")
def decide(public_id: str) -> BaseResponse:
    """Approve, reject, hold or restore one signature."""
    given, who = request.form, member()
    back = where_from(public_id)
    from_queue = back != url_for("admin.signature", public_id=public_id)
    try:
        decided = moderation.decide(
            who, public_id, given.get("decision", ""), given.get("reason", ""), template=given.get("template", ""),
            reason_class=given.get("reason_class", ""), seen=given.get("seen", ""), checked=not given.get("unchecked"),
            config=settings(), now=_now(), wait=moderation.SECOND_THOUGHTS if from_queue else timedelta(0),
        )  # fmt: skip
    except Invalid as error:
        if wants_json():
            raise
        return show(public_id, error)
    message, seen = gettext(DONE[decided.state]), moderation.row(who, decided).seen
    if wants_json():
        return jsonify(message=message, seen=seen, state=decided.state, lead=_lead(sum(moderation.waiting(who).values())))
    flash(message, f"{public_id} {seen}")
    return redirect(back, 303)


def where_from(public_id: str) -> str:
    """The page a form was sent from, if it was a page of the queue; else the signature's own."""
    given = request.form.get("from", "")
    if given == "queue":
        return url_for("admin.queue")
    parts = urlsplit(given)
    ours = given.startswith("/admin/") and not parts.scheme and not parts.netloc and "\\" not in given and given.isprintable()
    of_queue = parts.path == url_for("admin.queue") or parts.path.endswith("/queue")
    return given if ours and of_queue else url_for("admin.signature", public_id=public_id)


def _now() -> datetime:
    return datetime.now(UTC)
