"""The addresses that a team's owners have told: which events, the secret once, how they answered, and their buttons."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts
from petition.admin import bp
from petition.admin.gates import fresh, gate, member
from petition.errors import N_, Conflict, Invalid, NotFound, PetitionError, TooMany
from petition.templating import settings
from petition.webhooks import hooks
from petition.webhooks.models import EVENTS

WORDS = {
    "signature.published": N_("a signature appears"),
    "signature.changed": N_("a name on display is changed or hidden"),
    "signature.withdrawn": N_("a signature disappears"),
    "letter.milestone": N_("a letter reaches a milestone"),
    "update.published": N_("an update is published"),
    "webhook.test": N_("a test"),
}
ADDED = N_("The webhook is added. Its secret, which is shown only now:")
ROTATED = N_("The new secret, which is shown only now and holds at once:")
STEPS = {
    "test": N_("A test message is on its way."),
    "rotate": ROTATED,
    "disable": N_("Nothing is sent there any more."),
    "enable": N_("Messages are sent there again."),
    "remove": N_("The webhook is removed."),
}


@bp.get("/webhooks")
@gate("owner")
def webhooks() -> BaseResponse:
    """The webhooks of the teams that the member owns, and the form for another."""
    return _list()


def _list(problem: Invalid | None = None) -> BaseResponse:
    owned = [each for each in accounts.teams(member()) if member().may("owner", each.id)]
    html = render_template(
        "admin/webhooks.html", hooks=hooks.listed(member()), teams=owned, events=EVENTS, words=WORDS,
        faults={fault.field: fault for fault in problem.faults} if problem else {},
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.post("/webhooks")
@gate("owner")
@fresh
def add_webhook() -> BaseResponse:
    """Add a webhook and show its secret."""
    given = request.form
    team_id = int(given["team"]) if given.get("team", "").isdecimal() and len(given["team"]) < 10 else 0
    try:
        found, secret = hooks.add(member(), team_id, given.get("url", ""), given.getlist("events"), config=settings(), now=_now())
    except Invalid as error:
        return _list(error)
    flash(gettext(ADDED))
    flash(secret, "secret")
    return redirect(url_for("admin.webhook", public_id=found.public_id), 303)


@bp.get("/webhooks/<public_id>")
@gate("owner")
def webhook(public_id: str) -> BaseResponse:
    """One webhook: its last messages and its buttons."""
    return _show(public_id)


def _show(public_id: str, problem: PetitionError | None = None) -> BaseResponse:
    html = render_template("admin/webhook.html", look=hooks.look(member(), public_id), words=WORDS, problem=problem)
    response = make_response(html, problem.status if problem else 200)
    if isinstance(problem, TooMany):
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


@bp.post("/webhooks/<public_id>/<step>")
@gate("owner")
@fresh
def webhook_step(public_id: str, step: str) -> BaseResponse:
    """Try it, change its secret, switch it off or on, or remove it."""
    if step not in STEPS:
        raise NotFound
    secret = ""
    try:
        if step == "rotate":
            secret = hooks.rotate(member(), public_id, config=settings(), now=_now())
        elif step == "test":
            hooks.try_it(member(), public_id, now=_now())
        elif step == "remove":
            hooks.remove(member(), public_id, now=_now())
        else:
            hooks.switch(member(), public_id, step == "enable", now=_now())
    except (Conflict, TooMany) as error:
        return _show(public_id, error)
    flash(gettext(STEPS[step]))
    if secret:
        flash(secret, "secret")
    gone = step == "remove"
    return redirect(url_for("admin.webhooks") if gone else url_for("admin.webhook", public_id=public_id), 303)


def _now() -> datetime:
    return datetime.now(UTC)
