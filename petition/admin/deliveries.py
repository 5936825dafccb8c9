"""Handing a letter over: the pack for an addressee, what was delivered when, and what came back."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import deliveries, exports, moderation
from petition.admin import bp
from petition.admin.gates import gate, member, require_fresh
from petition.deliveries.models import Delivery
from petition.errors import N_, Forbidden, Invalid, PetitionError
from petition.letters.models import Letter

NOTED = N_("Noted. Readers of the letter and its signatories see it.")


@bp.get("/letters/<slug>/deliveries")
@gate("viewer")
def delivery_list(slug: str) -> BaseResponse:
    """What was handed over, and the form for the next one."""
    return _list(moderation.letter(member(), slug))


@bp.post("/letters/<slug>/deliveries")
@gate("editor")
def prepare_delivery(slug: str) -> BaseResponse:
    """Have the files for an addressee made."""
    found = moderation.letter(member(), slug, "editor")
    given = request.form
    handed = given.get("handed") == "yes"
    if handed:
        if not member().may("owner", found.team_id):
            raise Forbidden
        require_fresh()
    addressee = given.get("other", "").strip() or given.get("addressee", "")
    try:
        choice = exports.choose(
            found, states=["published"], kinds=[each for each in given.getlist("kind") if each],
            versions=[each for each in given.getlist("version") if each],
        )  # fmt: skip
        row = deliveries.prepare(
            member(), found, addressee, choice=choice, language=given.get("language", ""), handed=handed, now=datetime.now(UTC)
        )
    except (Invalid, exports.BadExport) as error:
        return _list(found, error)
    return redirect(url_for("admin.prepared", public_id=row.public_id), 303)


@bp.get("/deliveries/<reference>")
@gate("viewer")
def delivery(reference: str) -> BaseResponse:
    """One delivery: numbers, hashes, and what is noted of it."""
    return _one(deliveries.find(member(), reference))


@bp.post("/deliveries/<reference>")
@gate("editor")
def note_delivery(reference: str) -> BaseResponse:
    """Note the handing over and the answer."""
    found = deliveries.find(member(), reference, "editor")
    try:
        deliveries.note(member(), found, request.form.to_dict(), now=datetime.now(UTC))
    except Invalid as error:
        return _one(found, error)
    flash(gettext(NOTED))
    return redirect(url_for("admin.delivery", reference=reference), 303)


@bp.post("/deliveries/<reference>/files")
@gate("editor")
def make_again(reference: str) -> BaseResponse:
    """Have the files made once more, of those who stand now."""
    found = deliveries.find(member(), reference, "editor")
    if found.handed:
        if not member().may("owner", found.letter.team_id):
            raise Forbidden
        require_fresh()
    try:
        row = deliveries.again(member(), found, now=datetime.now(UTC))
    except Invalid as error:
        return _one(found, error)
    return redirect(url_for("admin.prepared", public_id=row.public_id), 303)


def _list(found: Letter, problem: PetitionError | None = None) -> BaseResponse:
    words = found.translation(found.original_language)
    html = render_template(
        "admin/deliveries.html", letter=found, rows=deliveries.of(found), problem=problem, typed=request.form,
        addressees=words.addressees if words is not None else [], owner=member().may("owner", found.team_id),
        editor=member().may("editor", found.team_id),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


def _one(found: Delivery, problem: PetitionError | None = None) -> BaseResponse:
    faults = {fault.field: fault for fault in problem.faults} if isinstance(problem, Invalid) else {}
    html = render_template(
        "admin/delivery.html", delivery=found, letter=found.letter, faults=faults, typed=request.form,
        counted=deliveries.numbers(found) if found.counts else None, changed=deliveries.changed(found.id),
        editor=member().may("editor", found.letter.team_id),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)
