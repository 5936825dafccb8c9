"""Taking the list of signatories away: filters, formats and columns; long files are made in the background."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Response, make_response, redirect, render_template, request, send_file, stream_with_context, url_for
from werkzeug.wrappers import Response as BaseResponse

from petition import exports, i18n, moderation
from petition.admin import bp
from petition.admin.gates import fresh, gate, member, require_fresh
from petition.deliveries import preparing
from petition.errors import N_, Forbidden, PetitionError
from petition.exports import documents, workplace
from petition.exports.rows import STATES
from petition.letters.models import Letter
from petition.templating import settings

AT_ONCE = 10_000  # rows that a browser waits for; more are made in the background
FORMATS = {
    "csv": N_("CSV, for spreadsheets"), "xlsx": N_("XLSX, a spreadsheet"), "pdf": N_("PDF, the letter with its signatories"),
    "json": N_("JSON, for programs"), "ndjson": N_("NDJSON, for programs, a line each"),
}  # fmt: skip
PRESETS = {"civicrm": "CiviCRM", "actionnetwork": "Action Network", "mailchimp": "Mailchimp"}
TYPES = {
    "csv": "text/csv", "json": "application/json", "ndjson": "application/x-ndjson", "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "zip": "application/zip",
}  # fmt: skip


@bp.get("/letters/<slug>/exports")
@gate("viewer")
def export_desk(slug: str) -> BaseResponse:
    """What can be taken away, and what is being prepared."""
    return _desk(moderation.letter(member(), slug))


@bp.post("/letters/<slug>/exports")
@gate("viewer")
def take_away(slug: str) -> BaseResponse:
    """Send the file at once, or have it prepared and lead to the page that says how far it is."""
    found = moderation.letter(member(), slug)
    format_, wanted = request.form.get("format", "csv"), _wanted(found)
    try:
        choice = _chosen(found, format_)
        pieces = _pieces(found, format_, choice, wanted)
        count = exports.meant(found, choice, wanted["preset"])
    except exports.BadExport as error:
        return _desk(found, error)
    now = datetime.now(UTC)
    told = {name: wanted[name] for name in ("addresses", "names", "columns", "preset") if wanted[name] or name == "addresses"}
    moderation.note_export(member(), found, format_, now=now, filters=choice.as_json(), count=count, **told)
    if pieces is None or count > AT_ONCE:
        row = preparing.ask(member(), found, format_, choice=choice, wanted=wanted, now=now)
        return redirect(url_for("admin.prepared", public_id=row.public_id), 303)
    response = Response(stream_with_context(pieces), mimetype=TYPES[format_])
    name = "-".join(filter(None, (found.slug, wanted["preset"])))
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{format_}")
    return response


def _wanted(found: Letter) -> dict[str, Any]:
    """What the form asks for besides the filters.

    Addresses are for owners who have just proved who they are, and so are the names under a protected letter.
    """
    given = request.form
    if given.get("format") == "pdf":
        return {"columns": [], "preset": "", "addresses": False, "names": False, "language": given.get("language", "")}
    preset = given.get("preset", "")
    addresses = bool(preset) or given.get("addresses") == "yes"
    owner = member().may("owner", found.team_id)
    names = owner and found.protected
    if addresses and not owner:
        raise Forbidden
    if addresses or names:
        require_fresh()
    columns = [] if preset else given.getlist("columns") or list(exports.COLUMNS)
    return {"columns": columns, "preset": preset, "addresses": addresses, "names": names, "language": ""}


def _pieces(found: Letter, format_: str, choice: exports.Choice, wanted: dict[str, Any]) -> Iterator[bytes] | None:
    """The file as it would be sent at once, None for a PDF; raises BadExport."""
    if format_ == "pdf":
        return None
    return exports.write(
        found, format_, choice, columns=wanted["columns"], preset=wanted["preset"], owner=wanted["addresses"], names=wanted["names"],
        folder=workplace.folder(settings()),
    )


@bp.get("/prepared/<public_id>")
@gate("viewer")
def prepared(public_id: str) -> str:
    """How far a file is, and the way to it once it is ready."""
    row = preparing.find(member(), public_id)
    return render_template("admin/prepared.html", row=row, letter=row.letter, formats=FORMATS)


@bp.get("/prepared/<public_id>/file")
@gate("viewer")
@fresh
def prepared_file(public_id: str) -> BaseResponse:
    """The file, for the member who asked for it."""
    row = preparing.find(member(), public_id)
    file = preparing.fetch(member(), public_id, config=settings(), now=datetime.now(UTC))
    with file.open("rb") as opened:
        packed = row.delivery_id is not None or (row.format == "pdf" and opened.read(2) == b"PK")
    suffix = "zip" if packed else row.format
    name = row.delivery.reference if row.delivery is not None else row.letter.slug
    return send_file(file, mimetype=TYPES[suffix], as_attachment=True, download_name=f"{name}.{suffix}", max_age=0)


def _chosen(found: Letter, format_: str) -> exports.Choice:
    given = request.form
    country = [each for each in given.getlist("country") if each]
    version = [each for each in given.getlist("version") if each]
    kinds = [each for each in given.getlist("kind") if each]
    choice = exports.choose(found, states=given.getlist("state"), kinds=kinds, countries=country, versions=version)
    return documents.printable(choice) if format_ == "pdf" else choice


def _desk(found: Letter, problem: PetitionError | None = None) -> BaseResponse:
    values: dict[str, Any] = {"problem": problem, "typed": request.form, "columns": exports.COLUMNS, "formats": FORMATS}
    html = render_template(
        "admin/exports.html", letter=found, states=STATES, presets=PRESETS, rows=preparing.of(member(), found),
        owner=member().may("owner", found.team_id), countries=i18n.countries("en"), at_once=AT_ONCE, **values,
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)
