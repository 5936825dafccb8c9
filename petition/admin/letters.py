"""The team's letters: their states, their words in each language, and new ones."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts, moderation
from petition.accounts import Team
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, BadFile, Conflict, Invalid, NotFound, PetitionError
from petition.letters import copies, document, drafts
from petition.letters import operations as letters
from petition.letters.document import LetterDocument
from petition.letters.models import Letter
from petition.moderation import spikes
from petition.signatures import directory, series

SPIKES_SHOWN = timedelta(days=3)
STATUSES = {
    "open": N_("The letter is open for signature."),
    "paused": N_("Signing is paused."),
    "closed": N_("The letter is closed."),
}
SAVED = N_("Saved.")
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
    return _letter(moderation.letter(member(), slug))


def _letter(found: Letter, problem: PetitionError | None = None) -> BaseResponse:
    lately = spikes.listed(member(), found, since=_now() - SPIKES_SHOWN)
    html = render_template(
        "admin/letter.html", letter=found, counts=directory.counts(found), now=_now(), spikes=lately,
        aside=moderation.aside(member(), found), problem=problem, typed=request.form,
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
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in copies.files(found):
            archive.writestr(name, content)
    response = make_response(packed.getvalue())
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
        return _letter(found, error)
    flash(gettext(DUPLICATED))
    return redirect(url_for("admin.letter", slug=made.slug), 303)


@bp.route("/letters/<slug>/edit/<language>", methods=["GET", "POST"])
@gate("editor")
def edit(slug: str, language: str) -> BaseResponse:
    """Change a letter's words in one language: first the difference, then the saving."""
    found = moderation.letter(member(), slug, "editor")
    standing = letters.as_document(found, language)
    if request.method == "GET":
        return _editor(found, language, source=document.write(standing), standing=standing.digest)
    try:
        given = _read(slug, language)
        if request.form.get("standing") != standing.digest:
            raise letters.Overtaken
        if request.form.get("action") == "save":
            return _save(given, standing.digest)
    except (BadFile, Conflict) as error:
        return _editor(found, language, source=_typed(), standing=standing.digest, problem=error)
    difference = letters.difference(standing, given)
    return _editor(found, language, source=_typed(), standing=standing.digest, difference=difference)


@bp.route("/letters/<slug>/translate", methods=["GET", "POST"])
@gate("editor")
def translate(slug: str) -> BaseResponse:
    """Add a translation, given as a letter file."""
    found = moderation.letter(member(), slug, "editor")
    if request.method == "GET":
        return _editor(found, None, source=_skeleton(found))
    try:
        given = _read(slug, None)
        if found.translation(given.language) is not None:
            raise BadFile(file=slug, line=3, reason=f"there is a text in {given.language} already; edit that one")
        return _save(given)
    except (BadFile, Conflict) as error:
        return _editor(found, None, source=_typed(), problem=error)


@bp.route("/letters/new", methods=["GET", "POST"])
@gate("editor")
def new_letter() -> BaseResponse:
    """Make a draft from a letter file."""
    teams = [each for each in accounts.teams(member()) if member().may("editor", each.id)]
    if request.method == "GET":
        return _new(teams)
    try:
        given = document.read(_typed(), "letter.md")
        team = next((each for each in teams if str(each.id) == request.form.get("team")), None)
        if team is None:
            raise NotFound
        letters.load(
            given, file="letter.md", signed=directory.anybody, actor=member().actor, now=_now(), team_name=team.name, new=True
        )
    except (BadFile, Conflict) as error:
        return _new(teams, error)
    return redirect(url_for("admin.letter", slug=given.slug), 303)


def _new(teams: list[Team], problem: PetitionError | None = None) -> BaseResponse:
    html = render_template("admin/new_letter.html", teams=teams, source=_typed(), problem=problem)
    return make_response(html, problem.status if problem else 200)


def _read(slug: str, language: str | None) -> LetterDocument:
    given = document.read(_typed(), slug)
    if given.slug != slug or (language is not None and given.language != language):
        raise BadFile(file=slug, line=2, reason="slug and language cannot be changed here")
    return given


def _save(given: LetterDocument, standing: str = "") -> BaseResponse:
    correction = request.form.get("as", "version") == "correction"
    letters.edit(given, signed=directory.anybody, actor=member().actor, now=_now(), correction=correction, standing=standing)
    flash(gettext(SAVED))
    return redirect(url_for("admin.letter", slug=given.slug), 303)


def _editor(
    found: Letter, language: str | None, *, source: str, standing: str = "", difference: str | None = None,
    problem: PetitionError | None = None,
) -> BaseResponse:  # fmt: skip
    asks = language == found.original_language and directory.anybody(found.id)
    html = render_template(
        "admin/editor.html", letter=found, edited=language, source=source, standing=standing, difference=difference,
        problem=problem, asks=asks, choice=request.form.get("as", ""),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


def _skeleton(found: Letter) -> str:
    """The original's words as a letter file, to be typed over in another language."""
    original = letters.as_document(found, found.original_language)
    words = {name: getattr(original, name) for name in letters.WORDS}
    return document.write(LetterDocument(slug=found.slug, language="xx", **words))


def _typed() -> str:
    return request.form.get("source", "").replace("\r\n", "\n")


def _now() -> datetime:
    return datetime.now(UTC)
