"""Finding any signature of a letter, in whatever state, and taking the list away as a file."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, render_template, request, stream_with_context

from petition import exports, moderation
from petition.admin import bp
from petition.admin.gates import gate, member, require_fresh
from petition.signatures import directory
from petition.signatures.models import STATES


@bp.get("/letters/<slug>/signatures")
@gate("viewer")
def signatures(slug: str) -> str:
    """All signatures of a letter, filtered by name and state."""
    found = moderation.letter(member(), slug)
    query, state = request.args.get("q", ""), request.args.get("state", "")
    rows = moderation.search(member(), found, query, state, request.args.get("after"))
    return render_template(
        "admin/signatures.html", letter=found, rows=rows, query=query, state=state, states=STATES,
        counts=directory.counts(found),
        next=rows[-1].id if len(rows) == moderation.PAGE else None,
    )  # fmt: skip


@bp.get("/letters/<slug>/export.csv")
@gate("viewer")
def export(slug: str) -> Response:
    """The letter's signatories as CSV, streamed; addresses are for owners."""
    found = moderation.letter(member(), slug)
    if member().may("owner", found.team_id):
        require_fresh()  # the file holds addresses
    owner = member().may("owner", found.team_id)
    choice = exports.choose(found, states=request.args.getlist("state"), kinds=request.args.getlist("kind"))
    rows = exports.write(found, "csv", choice, owner=owner)
    moderation.note_export(
        member(), found, "csv", now=datetime.now(UTC), addresses=owner, filters=choice.as_json(), count=exports.meant(found, choice)
    )
    response = Response(stream_with_context(rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.slug}.csv"'
    return response
