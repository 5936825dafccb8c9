"""A letter's way into the open and out of it: gathering in confidence, a set moment, asking again, the archive."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.admin.letters import letter_page
from petition.errors import N_, Fault, Invalid
from petition.letters import publishing
from petition.signatures import renewal

GATHERING = N_("Whoever has the secret link can sign now. Nobody else learns of it.")
STOPPED = N_("Nobody can sign the draft any more. Who signed it stays.")
SCHEDULED = N_("The letter opens by itself at that moment.")
NOT_SCHEDULED = N_("The letter does not open by itself.")
ASKED = N_("They are being asked by mail.")
ARCHIVED = N_("The letter is in the archive. Its page stays where it is.")
UNARCHIVED = N_("The letter is back in the list.")


@bp.post("/letters/<slug>/gathering")
@gate("editor")
def gathering(slug: str) -> BaseResponse:
    """Let whoever has the secret link sign the draft, or no more."""
    found = moderation.letter(member(), slug, "editor")
    stops = request.form.get("action") == "stop"
    (publishing.stop_gathering if stops else publishing.gather)(found, actor=member().actor, now=_now())
    return _done(slug, STOPPED if stops else GATHERING, "draft")


@bp.post("/letters/<slug>/schedule")
@gate("editor")
def schedule(slug: str) -> BaseResponse:
    """Open the draft by itself at a moment, in UTC, or not any more."""
    found = moderation.letter(member(), slug, "editor")
    try:
        at = None if request.form.get("action") == "cancel" else _moment(request.form.get("at", ""))
        publishing.schedule(found, at, actor=member().actor, now=_now())
    except Invalid as error:
        return letter_page(found, error)
    return _done(slug, SCHEDULED if at else NOT_SCHEDULED, "signing")


@bp.post("/letters/<slug>/ask-again")
@gate("editor")
def ask_again(slug: str) -> BaseResponse:
    """Ask those who signed an earlier version to sign the current one."""
    found = moderation.letter(member(), slug, "editor")
    renewal.ask(found, actor=member().actor, now=_now())
    return _done(slug, ASKED, "earlier")


@bp.post("/letters/<slug>/archive")
@gate("editor")
def archive(slug: str) -> BaseResponse:
    """Put a closed letter out of the way, or back into the lists."""
    found = moderation.letter(member(), slug, "editor")
    away = request.form.get("action") != "back"
    publishing.archive(found, away=away, actor=member().actor, now=_now())
    return _done(slug, ARCHIVED if away else UNARCHIVED, "signing")


def _moment(typed: str) -> datetime:
    """What a browser's field for a moment sends, taken as UTC (HTML, local date and time string); raises Invalid."""
    try:
        found = datetime.fromisoformat(typed.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid([Fault("at", "no_moment", N_("Use a day and a time such as 2026-01-31 09:00."))]) from None


def _done(slug: str, words: str, place: str) -> BaseResponse:
    flash(gettext(words))
    return redirect(url_for("admin.letter", slug=slug, _anchor=place), 303)


def _now() -> datetime:
    return datetime.now(UTC)
