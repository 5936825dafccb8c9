"""The audit trail: who did what, when and why."""

from __future__ import annotations

from flask import render_template, request

from petition import audit
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import BadCursor


@bp.get("/audit")
@gate("viewer")
def trail() -> str:
    """The newest entries of the member's teams, page by page."""
    before = request.args.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) < 10):
        raise BadCursor
    entries = audit.trail(member().team_ids, int(before) if before else None)
    return render_template(
        "admin/trail.html", entries=entries, next=entries[-1].id if len(entries) == audit.PAGE else None
    )
