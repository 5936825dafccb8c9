"""A letter's settings as a form: its dates, its goal, who may sign, and who answers for the names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp, saving
from petition.admin.gates import gate, member
from petition.admin.writing import SAVED
from petition.errors import BadFile, Conflict, Invalid, PetitionError
from petition.letters import operations as letters
from petition.letters import typed
from petition.letters.document import SHARED
from petition.letters.models import Letter


@bp.route("/letters/<slug>/settings", methods=["GET", "POST"])
@gate("editor")
def letter_settings(slug: str) -> BaseResponse:
    """Change what holds for every language; where anybody may have read the letter, what changes is shown first."""
    found = moderation.letter(member(), slug, "editor")
    standing = letters.as_document(found, found.original_language)
    if request.method == "GET":
        return _page(found, typed.settings_of(standing), standing.digest)
    given = {name: request.form.get(name, "") for name in SHARED}
    mark = request.form.get("standing", "")
    try:
        document = typed.settings(given, standing)
        if mark != standing.digest:
            return _page(found, given, standing.digest, letters.Overtaken(), **saving.difference(found, standing, document))
        if not saving.confirmed(found, document):
            return _page(found, given, mark, **saving.difference(found, standing, document))
        letters.edit(document, now=datetime.now(UTC), correction=saving.correction(), standing=mark, **saving.terms())
    except (Invalid, Conflict, BadFile) as error:
        return _page(found, given, mark, error)
    flash(gettext(SAVED))
    return redirect(url_for("admin.letter_settings", slug=slug), 303)


def _page(found: Letter, given: dict[str, str], standing: str, problem: PetitionError | None = None, **more: Any) -> BaseResponse:
    html = render_template(
        "admin/letter_settings.html", letter=found, given=given, standing=standing, problem=problem,
        faults=saving.faults(problem), at_once=saving.at_once(found), **({"difference": None} | more),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)
