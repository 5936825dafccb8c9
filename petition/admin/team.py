"""The team: who belongs to it, and how it appears to readers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts
from petition.accounts import MemberRow, Team, sessions
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Fault, Invalid, PetitionError

LARGEST_LOGO = 200_000  # bytes
SAVED = N_("Saved.")


@bp.get("/team")
@gate("owner")
def team() -> BaseResponse:
    """Members and settings of the teams that the member owns."""
    return show_team()


def show_team(wrong: int | None = None, problem: PetitionError | None = None) -> BaseResponse:
    """The page, with what was wrong with something sent to one of the teams."""
    me = member()
    owned = [each for each in accounts.teams(me) if me.may("owner", each.id)]
    rows: dict[int, list[MemberRow]] = {each.id: [] for each in owned}
    for row in accounts.members(me):
        if row.team_id in rows:
            rows[row.team_id].append(row)
    faults = {fault.field: fault for fault in problem.faults} if isinstance(problem, Invalid) else {}
    html = render_template(
        "admin/team.html", teams=owned, rows=rows, roles=accounts.ROLES, wrong=wrong, faults=faults, typed=request.form,
        problem=None if isinstance(problem, Invalid) else problem, sessions=sessions.counted(datetime.now(UTC)),
        commands=accounts.commanded(me),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.post("/team/<int(max=2147483647):team_id>")
@gate("owner")
def describe(team_id: int) -> BaseResponse:
    """Change a team's name, operator and imprint."""
    found, given = _owned(team_id), request.form
    try:
        accounts.describe_team(
            found.id, name=given.get("name", "").strip(), operator=given.get("operator", "").strip(),
            imprint=given.get("imprint", "").replace("\r\n", "\n").strip(), actor=member().actor, now=datetime.now(UTC),
        )  # fmt: skip
    except Invalid as error:
        return show_team(team_id, error)
    flash(gettext(SAVED))
    return redirect(url_for("admin.team"), 303)


@bp.post("/team/<int(max=2147483647):team_id>/logo")
@gate("owner")
def logo(team_id: int) -> BaseResponse:
    """Take a team's logo, or remove it."""
    found = _owned(team_id)
    picture: bytes | None = None
    media_type = ""
    try:
        if request.form.get("action") != "remove":
            picture, media_type = _picture()
    except Invalid as error:
        return show_team(team_id, error)
    digest = hashlib.sha256(picture).hexdigest() if picture else ""
    accounts.set_logo(found.id, picture, media_type, digest, actor=member().actor, now=datetime.now(UTC))
    flash(gettext(SAVED))
    return redirect(url_for("admin.team"), 303)


def _owned(team_id: int) -> Team:
    found = accounts.find_team(team_id)
    accounts.require(member(), "owner", found.id)
    return found


def _picture() -> tuple[bytes, str]:
    sent = request.files.get("logo")
    picture = sent.read(LARGEST_LOGO + 1) if sent else b""
    if len(picture) > LARGEST_LOGO:
        raise Invalid([Fault("logo", "too_large", N_("A logo has at most 200 KB."))])
    media_type = kind_of_picture(picture)
    if media_type is None:
        raise Invalid([Fault("logo", "not_a_picture", N_("Please choose a PNG, JPEG or WebP picture."))])
    return picture, media_type


def kind_of_picture(picture: bytes) -> str | None:
    """The media type that a picture's first bytes say, whatever its name claims."""
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if picture.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" else None
