"""Signatures collected on paper or elsewhere: a file is uploaded, judged, confirmed, and can be taken back as a whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, holds, member, member_or_none
from petition.errors import N_, Conflict, Invalid, NotFound, PetitionError
from petition.imports import batches, staging, terms
from petition.imports.reading import ENCODINGS, SEPARATORS, Unreadable, unreadable
from petition.imports.staging import Report
from petition.letters.models import Letter
from petition.templating import settings

LARGEST = 8 * 1024 * 1024
MOST_ROWS = 20_000  # what a browser may wait for; longer files go by the command line
REFRESH = 3  # seconds between two looks at an import that is being carried out
STEPS = {
    "confirm": N_("Confirmed. The signatures are being added now."),
    "discard": N_("The file is discarded; nothing of it is kept."),
    "take-back": N_("The import is being taken back now."),
}


@bp.url_value_preprocessor
def _let_files_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Take a larger body than other forms send, from those who may import only; before anything reads the form."""
    if endpoint == "admin.stage_import":
        found = member_or_none()
        if found is not None and holds(found, "editor"):
            request.max_content_length = LARGEST


@bp.get("/letters/<slug>/imports")
@gate("editor")
def imports(slug: str) -> BaseResponse:
    """The imports of a letter, and the form for another file."""
    return _list(moderation.letter(member(), slug, "editor"))


@bp.post("/letters/<slug>/imports")
@gate("editor")
def stage_import(slug: str) -> BaseResponse:
    """Judge a file and stage it; nothing of it is a signature until it is confirmed."""
    found = moderation.letter(member(), slug, "editor")
    sent, encoding = request.files.get("file"), request.form.get("encoding", "")
    try:
        if sent is None or not sent.filename:
            raise unreadable("no_file", N_("Please choose a file."))
        report = staging.read(
            found, cast(Any, sent.stream), file_name=sent.filename, config=settings(), actor=member().actor, now=_now(),
            encoding=encoding if encoding in ENCODINGS else "", most=MOST_ROWS,
        )  # fmt: skip
    except Unreadable as error:
        return _list(moderation.letter(member(), slug, "editor"), problem=error)
    if report.batch:
        return redirect(url_for("admin.import_", public_id=report.batch), 303)
    return _list(moderation.letter(member(), slug, "editor"), report=report)


def _list(found: Letter, problem: Unreadable | None = None, report: Report | None = None) -> BaseResponse:
    """The page with the form; the report of a file that was not staged stands on top."""
    html = render_template(
        "admin/imports.html", letter=found, batches=batches.listed(member(), found), problem=problem, report=report,
        encodings=ENCODINGS, separators=SEPARATORS, left_out=staging.LEFT_OUT, largest=LARGEST // 2**20, most=MOST_ROWS,
    )  # fmt: skip
    return make_response(html, 422 if problem or report else 200)


@bp.get("/imports/<public_id>")
@gate("editor")
def import_(public_id: str) -> BaseResponse:
    """One import: what it would add, or how far it is."""
    return _show(public_id)


@bp.post("/imports/<public_id>/<step>")
@gate("editor")
def import_step(public_id: str, step: str) -> BaseResponse:
    """Confirm, discard or take back."""
    if step not in STEPS:
        raise NotFound
    try:
        if step == "discard":
            left = batches.discard(member(), public_id, now=_now())
            flash(gettext(STEPS[step]))
            return redirect(url_for("admin.imports", slug=left.slug), 303)
        if step == "confirm":
            batches.confirm(member(), public_id, agreed=request.form.get("agreed") == "yes", now=_now())
        else:
            batches.take_back(member(), public_id, now=_now())
    except (Invalid, Conflict) as error:
        return _show(public_id, error)
    flash(gettext(STEPS[step]))
    return redirect(url_for("admin.import_", public_id=public_id), 303)


def _show(public_id: str, problem: PetitionError | None = None) -> BaseResponse:
    batch = batches.find(member(), public_id)
    before = staging.imported_before(batch.letter, batch.sha256)
    changed = batches.changed(batch, _now()) if batch.state == "staged" else batch.changed
    html = render_template(
        "admin/import.html", batch=batch, letter=batch.letter, report=batch.report, sample=batches.sample(batch), problem=problem,
        before=before if before is not None and before.id != batch.id else None, separators=SEPARATORS, left_out=staging.LEFT_OUT,
        lies_still=batches.lies_still(batch, _now()), changed=[terms.WHAT[each] for each in changed],
    )  # fmt: skip
    response = make_response(html, problem.status if problem else 200)
    if problem is None and batch.state in ("landing", "taking back"):
        response.headers["Refresh"] = str(REFRESH)  # the page comes again by itself, with and without scripts
    return response


def _now() -> datetime:
    return datetime.now(UTC)
