"""Letter files in the admin: one language edited as a file, and files sent in, shown as what they would change, then loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts, moderation
from petition.accounts import Team
from petition.admin import bp, saving
from petition.admin.gates import gate, member, roomy
from petition.admin.writing import SAVED
from petition.errors import N_, BadFile, Conflict, Fault, Invalid, PetitionError
from petition.letters import document, importing
from petition.letters import operations as letters
from petition.letters.document import LetterDocument
from petition.letters.models import Letter
from petition.signatures import directory

NO_FILES = N_("Please choose one or more letter files, or the archive with them.")


@bp.route("/letters/<slug>/edit/<language>/file", methods=["GET", "POST"])
@gate("editor")
@roomy
def edit_file(slug: str, language: str) -> BaseResponse:
    """Change a letter's words in one language as a letter file: first the difference, then the saving."""
    found = moderation.letter(member(), slug, "editor")
    standing = letters.as_document(found, language)
    if request.method == "GET":
        return _editor(found, language, source=document.write(standing), standing=standing.digest)
    try:
        given = _read(slug, language)
        if request.form.get("standing") != standing.digest:
            raise letters.Overtaken
        if request.form.get("action") == "save":
            letters.edit(
                given, now=_now(), correction=saving.correction(), standing=standing.digest, **saving.terms()
            )  # fmt: skip
            flash(gettext(SAVED))
            return redirect(url_for("admin.letter", slug=slug), 303)
    except (BadFile, Conflict) as error:
        return _editor(found, language, source=_typed(), standing=standing.digest, problem=error)
    difference = letters.difference(standing, given)
    return _editor(found, language, source=_typed(), standing=standing.digest, difference=difference)


def _read(slug: str, language: str) -> LetterDocument:
    given = document.read(_typed(), slug)
    if given.slug != slug or given.language != language:
        raise BadFile(file=slug, line=2, reason="slug and language cannot be changed here")
    return given


def _editor(
    found: Letter, language: str, *, source: str, standing: str = "", difference: str | None = None, problem: PetitionError | None = None,
) -> BaseResponse:  # fmt: skip
    asks = language == found.original_language and directory.anybody(found.id)
    html = render_template(
        "admin/editor.html", letter=found, edited=language, source=source, standing=standing, difference=difference,
        problem=problem, asks=asks, choice=request.form.get("as", ""),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.route("/letter-files", methods=["GET", "POST"])
@gate("editor")
@roomy
def letter_files_in() -> BaseResponse:
    """Load letter files: first what they would change, then all of them or none."""
    teams = [each for each in accounts.teams(member()) if member().may("editor", each.id)]
    if request.method == "GET":
        return _upload(teams)
    sources: list[tuple[str, str]] = []
    try:
        sources = _sent()
        files, terms = importing.read(sources), {"may": _may, "team_name": _team(teams).name, "now": _now(), **saving.terms()}
        if request.form.get("do") == "load":
            loaded = importing.carry_out(files, seen=request.form.get("seen", ""), correction=saving.correction(), **terms)
            flash(ngettext("%(num)s file is loaded.", "%(num)s files are loaded.", len(loaded)))
            one = {each.slug for each in loaded}
            return redirect(url_for("admin.letter", slug=one.pop()) if len(one) == 1 else url_for("admin.letter_list"), 303)
        plan = importing.rehearse(files, **terms)
    except letters.Overtaken as error:
        return _upload(teams, error, sources=sources, plan=importing.rehearse(files, **terms))
    except (BadFile, Invalid, Conflict) as error:
        return _upload(teams, error, sources=sources)
    return _upload(teams, sources=sources, plan=plan)


def _may(letter: Letter) -> bool:
    return member().may("editor", letter.team_id)


def _team(teams: list[Team]) -> Team:
    return next((each for each in teams if str(each.id) == request.form.get("team")), teams[0])


def _sent() -> list[tuple[str, str]]:
    """The files that were sent or, once they were looked at, that the page gave back; raises Invalid and BadFile."""
    again = list(zip(request.form.getlist("name"), request.form.getlist("source"), strict=False))
    if again:
        return [(name, source.replace("\r\n", "\n")) for name, source in again[: importing.MOST]]
    uploads = [(each.filename or "", each.read()) for each in request.files.getlist("files") if each.filename]
    if not uploads:
        raise Invalid([Fault("files", "no_files", NO_FILES)])
    return importing.unpack(uploads)


def _upload(teams: list[Team], problem: PetitionError | None = None, **more: Any) -> BaseResponse:
    html = render_template(
        "admin/letter_files.html", teams=teams, problem=problem, team=request.form.get("team", ""), **({"plan": None, "sources": ()} | more)
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


def _typed() -> str:
    return request.form.get("source", "").replace("\r\n", "\n")


def _now() -> datetime:
    return datetime.now(UTC)
