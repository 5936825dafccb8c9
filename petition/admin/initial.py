"""The initial signatories of a letter: found among the checked entries, and put in order with buttons."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member


@bp.get("/letters/<slug>/initial")
@gate("editor")
def initial(slug: str) -> str:
    """Who stands first, and who could."""
    found = moderation.letter(member(), slug, "editor")
    query = request.args.get("q", "")
    return render_template(
        "admin/initial.html", letter=found, rows=moderation.initial_signatories(member(), found), query=query,
        candidates=moderation.candidates(member(), found, query),
    )  # fmt: skip


@bp.post("/letters/<slug>/initial")
@gate("editor")
def arrange(slug: str) -> BaseResponse:
    """Add an entry, remove it, or move it one place."""
    given = request.form
    moderation.arrange(member(), slug, given.get("change", ""), given.get("entry", ""), now=datetime.now(UTC))
    return redirect(url_for("admin.initial", slug=slug, q=given.get("q") or None), 303)
