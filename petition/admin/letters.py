"""The team's letters: how each stands, what can be done next, its states, its files and its copies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Conflict, Invalid, NotFound, PetitionError
from petition.letters import copies, drafts, translating
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation import spikes
from petition.signatures import directory, renewal, series

SPIKES_SHOWN = timedelta(days=3)
STATUSES = {
    "open": N_("The letter is open for signature."),
    "paused": N_("Signing is paused."),
    "closed": N_("The letter is closed. Whoever asked to sign before may confirm for another day."),
}
DUPLICATED = N_("This is the copy: a draft with the same words and without dates.")
SHARED = N_("Whoever has the link can read the draft now.")
UNSHARED = N_("The link leads nowhere any more.")


@bp.get("/letters")
@gate("viewer")
def letter_list() -> str:
    """The letters of the member's teams, drafts included."""
    found = letters.listed(member().team_ids, drafts=True)
    return render_template(
        "admin/letters.html", letters=found, counts={each.id: directory.counts(each) for each in found}, now=_now(),
        lately=series.lately(found, _now().date()),
    )  # fmt: skip


@bp.get("/letters/<slug>")
@gate("viewer")
def letter(slug: str) -> BaseResponse:
    """One letter: state, counts, versions and languages."""
    return letter_page(moderation.letter(member(), slug))


def letter_page(found: Letter, problem: PetitionError | None = None) -> BaseResponse:
    """The page of one letter, perhaps with what was wrong with a form that it holds."""
    lately = spikes.listed(member(), found, since=_now() - SPIKES_SHOWN)
    html = render_template(
        "admin/letter.html", letter=found, counts=directory.counts(found), now=_now(), spikes=lately,
        aside=moderation.aside(member(), found), problem=problem, typed=request.form, states=translating.states(found),
        earlier=renewal.earlier(found),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.post("/letters/<slug>/status")
@gate("editor")
def status(slug: str) -> BaseResponse:
    """Open, pause or close a letter."""
    found = moderation.letter(member(), slug, "editor")
    wanted = request.form.get("status", "")
    if wanted not in STATUSES:
        raise NotFound
    letters.set_status(found, wanted, actor=member().actor, now=_now())
    flash(gettext(STATUSES[wanted]))
    return redirect(url_for("admin.letter", slug=slug), 303)


@bp.post("/letters/<slug>/preview")
@gate("editor")
def share_draft(slug: str) -> BaseResponse:
    """Make the secret link to a draft, or end it."""
    found = moderation.letter(member(), slug, "editor")
    if request.form.get("action") == "end":
        drafts.unshare(found, actor=member().actor, now=_now())
        flash(gettext(UNSHARED))
    else:
        drafts.share(found, actor=member().actor, now=_now())
        flash(gettext(SHARED))
    return redirect(url_for("admin.letter", slug=slug, _anchor="draft"), 303)


@bp.get("/letters/<slug>/files.zip")
@gate("viewer")
def letter_files(slug: str) -> BaseResponse:
    """The letter as letter files, one a language, in a zip archive."""
    found = moderation.letter(member(), slug)
    response = make_response(copies.packed(found))
    response.mimetype = "application/zip"
    response.headers.set("Content-Disposition", "attachment", filename=f"{slug}.zip")
    return response


@bp.post("/letters/<slug>/duplicate")
@gate("editor")
def duplicate(slug: str) -> BaseResponse:
    """Make a draft of the same words at another address."""
    found = moderation.letter(member(), slug, "editor")
    try:
        made = copies.duplicate(found, request.form.get("to", "").strip(), actor=member().actor, now=_now())
    except (Invalid, Conflict) as error:
        return letter_page(found, error)
    flash(gettext(DUPLICATED))
    return redirect(url_for("admin.letter", slug=made.slug), 303)


def _now() -> datetime:
    return datetime.now(UTC)
