"""Bulk decisions in the browser: criteria with their preview, the stored decision with its buttons, and its progress."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_percent, gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n, moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Conflict, Invalid, NotFound, PetitionError
from petition.letters.models import Letter
from petition.moderation import bulk as bulks
from petition.moderation import criteria as criteria_
from petition.moderation.bulk import Look, Preview
from petition.moderation.criteria import Criteria
from petition.signatures.models import KINDS, REASON_CLASSES
from petition.signatures.screening import REASONS
from petition.templating import current_language

REFRESH = 5  # seconds between two looks at a decision that is being carried out
STEPS = {
    "confirm": N_("Confirmed."),
    "second": N_("Confirmed. It is carried out now."),
    "cancel": N_("Stopped."),
    "reverse": N_("It is being reversed now."),
}


@bp.get("/letters/<slug>/bulk")
@gate("moderator")
def bulk_list(slug: str) -> str:
    """The bulk decisions of a letter."""
    found = moderation.letter(member(), slug, "moderator")
    rows = [(each, Criteria.from_json(each.criteria)) for each in bulks.listed(member(), found)]
    return render_template("admin/bulk_list.html", letter=found, rows=rows, reasons=REASONS)


@bp.get("/letters/<slug>/bulk/new")
@gate("moderator")
def new_bulk(slug: str) -> Response:
    """The criteria and, once there are some, what they match."""
    found = moderation.letter(member(), slug, "moderator")
    try:
        given = criteria_.parse(request.args.to_dict(flat=False))
    except Invalid as error:
        return _form(found, None, error)
    return _form(found, given)


@bp.post("/letters/<slug>/bulk/new")
@gate("moderator")
def prepare_bulk(slug: str) -> BaseResponse:
    """Store a bulk decision; nothing moves until it is confirmed."""
    found = moderation.letter(member(), slug, "moderator")
    given = None
    try:
        given = criteria_.parse(request.form.to_dict(flat=False))
        stored = bulks.prepare(
            member(), found, given, request.form.get("decision", ""), reason=request.form.get("reason", ""),
            reason_class=request.form.get("reason_class", ""), now=_now(),
        )  # fmt: skip
    except Invalid as error:
        return _form(found, given, error)
    return redirect(url_for("admin.bulk", public_id=stored.public_id), 303)


def _form(found: Letter, given: Criteria | None, problem: Invalid | None = None) -> Response:
    faults = {fault.field: fault for fault in problem.faults} if problem else {}
    typed = given.as_query() if given else request.values.to_dict(flat=True) | {"state": request.values.getlist("state")}
    shown: Preview | None = bulks.preview(member(), found, given) if given and not given.empty else None
    matched = {each: shown.matched(each, given) for each in criteria_.STARTS} if shown and given else {}
    html = render_template(
        "admin/new_bulk.html", letter=found, criteria=given, preview=shown, matched=matched, faults=faults, typed=typed,
        share=_share(sum(shown.counts.get(each, 0) for each in criteria_.LIVE), shown.live) if shown else "",
        chosen=request.form.get("decision", ""), reason=request.form.get("reason", ""),
        reason_class=request.form.get("reason_class", ""), reasons=REASONS, states=criteria_.STATES, kinds=KINDS,
        classes=REASON_CLASSES, countries=i18n.countries(current_language()),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


def _share(part: int, whole: int) -> str:
    return str(format_percent(part / whole, format="#,##0.#%")) if whole else ""


@bp.get("/bulk/<public_id>")
@gate("moderator")
def bulk(public_id: str) -> Response:
    """One bulk decision: what it is about, its buttons, and how far it is."""
    return _show(public_id)


@bp.post("/bulk/<public_id>/<step>")
@gate("moderator")
def bulk_step(public_id: str, step: str) -> BaseResponse:
    """Confirm, confirm as the second person, stop or reverse."""
    seen = request.form.get("seen", "")
    counted: dict[str, Any] = {"seen": int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else -1}
    if step not in STEPS:
        raise NotFound
    try:
        if step == "confirm":
            done = bulks.confirm(member(), public_id, **counted, tell=request.form.get("tell") == "yes", now=_now())
        elif step == "second":
            done = bulks.second(member(), public_id, **counted, now=_now())
        else:
            done = {"cancel": bulks.cancel, "reverse": bulks.reverse}[step](member(), public_id, now=_now())
    except (Invalid, Conflict) as error:
        return _show(public_id, error)
    flash(gettext(STEPS[step]))
    return redirect(url_for("admin.bulk", public_id=done.public_id), 303)


def _show(public_id: str, problem: PetitionError | None = None) -> Response:
    look: Look = bulks.look(member(), public_id, _now())
    html = render_template(
        "admin/bulk.html", look=look, bulk=look.bulk, letter=look.bulk.letter, problem=problem, reasons=REASONS,
        share=_share(look.matched, look.live), mine=look.bulk.confirmed_by == member().email,
    )  # fmt: skip
    response = make_response(html, problem.status if problem else 200)
    if problem is None and look.bulk.state in ("running", "reversing"):
        # The page comes again by itself, with and without scripts.
        response.headers["Refresh"] = str(REFRESH)
    return response


def _now() -> datetime:
    return datetime.now(UTC)
