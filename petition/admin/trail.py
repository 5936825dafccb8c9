"""The audit trail: who did what, when and why; looked through by the team, taken away by its owners."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from flask import Response, render_template, request, stream_with_context

from petition import audit, exports, moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.audit import Wanted
from petition.errors import N_, BadCursor, Fault, Invalid
from petition.letters import operations as letters

FORMATS = {"csv": "text/csv", "ndjson": "application/x-ndjson"}


@bp.get("/audit")
@gate("viewer")
def trail() -> str:
    """The newest entries of the member's teams, page by page, filtered."""
    before = request.args.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) < 10):
        raise BadCursor
    found = audit.trail(member().team_ids, int(before) if before else None, wanted=_wanted())
    return render_template(
        "admin/trail.html", entries=found, next=found[-1].id if len(found) == audit.PAGE else None, asked=_asked(),
        letters=letters.listed(member().team_ids, drafts=True), may_export=member().owned_ids != [],
    )  # fmt: skip


@bp.get("/audit/export")
@gate("owner")
def export_trail() -> Response:
    """The entries of the teams that the member owns, with their seals, as CSV or NDJSON."""
    format_ = request.args.get("format", "csv")
    if format_ not in FORMATS:
        raise Invalid([Fault("format", "unknown_format", N_("Choose one of the formats offered."))])
    rows = exports.trail(format_, member().owned_ids, _wanted())
    concerned: list[int | None] = list(member().owned_ids or [])
    for team_id in concerned or [None]:
        audit.note(
            at=datetime.now(UTC), actor=member().actor, action="trail.exported", thing=("trail", format_), team_id=team_id,
            wanted=_asked(),
        )  # fmt: skip
    response = Response(stream_with_context(rows), mimetype=FORMATS[format_])
    response.headers["Content-Disposition"] = f'attachment; filename="trail.{format_}"'
    return response


def _asked() -> dict[str, Any]:
    names = ("who", "action", "letter", "from", "to")
    return {name: request.args[name].strip()[:100] for name in names if request.args.get(name, "").strip()}


def _wanted() -> Wanted:
    asked = _asked()
    letter = moderation.letter(member(), asked["letter"]) if "letter" in asked else None
    return Wanted(
        who=asked.get("who", ""), action=asked.get("action", ""), letter=(letter.slug, letter.id) if letter else None,
        since=_day(asked, "from"), until=_day(asked, "to"),
    )  # fmt: skip


def _day(asked: dict[str, Any], field: str) -> date | None:
    if field not in asked:
        return None
    try:
        found = date.fromisoformat(asked[field])
    except ValueError as error:
        raise Invalid([Fault(field, "not_a_day", N_("Give the day as year, month and day: 2026-01-31."))]) from error
    return found if date(1970, 1, 2) <= found <= date(9990, 1, 1) else None
