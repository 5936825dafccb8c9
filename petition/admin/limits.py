"""The limits at the door: what each allows, how much of it is used now, and changing it while a wave is coming in."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid
from petition.limits import POLICIES, Policy, Rate
from petition.limits import settings as limit_settings
from petition.moderation import door
from petition.templating import number

PERIODS = (10, 60, 300, 600, 1_800, 3_600, 6 * 3_600, 86_400)
SAVED_PROOF = N_("Saved.")
SAVED = N_("Saved. It is in force everywhere within five seconds.")
RESET = N_("The default is back. It is in force everywhere within five seconds.")


@bp.get("/limits")
@gate("owner")
def limits() -> BaseResponse:
    """Every limit in a sentence, its use, and a form for whoever owns the installation."""
    return _limits()


@bp.post("/limits/<name>")
@gate("owner")
def set_limit(name: str) -> BaseResponse:
    """Change a limit, or go back to its default."""
    now = datetime.now(UTC)
    try:
        if request.form.get("action") == "reset":
            door.reset_limit(member(), name, now=now)
            flash(gettext(RESET))
        else:
            door.set_limit(member(), name, _whole("count"), _whole("seconds"), now=now)
            flash(gettext(SAVED))
    except Invalid as error:
        return _limits(name, error)
    return redirect(url_for("admin.limits", _anchor=name), 303)


@bp.post("/letters/<slug>/proof")
@gate("moderator")
def proof(slug: str) -> BaseResponse:
    """Say when a letter asks those who sign for a proof."""
    door.set_proof(member(), slug, request.form.get("proof", ""), now=datetime.now(UTC))
    flash(gettext(SAVED_PROOF))
    return redirect(url_for("admin.letter", slug=slug), 303)


def _limits(wrong: str = "", problem: Invalid | None = None) -> BaseResponse:
    rows = {each.name: each for each in limit_settings.changed()}
    uses = {each.policy.name: each for each in current_app.extensions["limiter"].usage()}
    rates = {name: Rate(each.count, each.seconds) for name, each in rows.items()}
    html = render_template(
        "admin/limits.html", policies=POLICIES, rows=rows, uses=uses, rates=rates, sentence=_sentence, period=_period,
        periods=PERIODS, wrong=wrong, faults={fault.field: fault for fault in problem.faults} if problem else {},
        typed=request.form,
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


def _whole(field: str) -> int:
    """The whole number in a field; what is none counts as 0, which no limit may be."""
    text = request.form.get(field, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _sentence(policy: Policy, rate: Rate) -> str:
    """The policy in the reader's language."""
    return str(gettext(policy.words, count=number(rate.count), period=_period(rate.seconds)))


def _period(seconds: int) -> str:
    count, unit = Rate(1, seconds).period
    if unit == "day":
        return str(ngettext("in one day", "in %(num)s days", count))
    if unit == "hour":
        return str(ngettext("in one hour", "in %(num)s hours", count))
    if unit == "minute":
        return str(ngettext("in one minute", "in %(num)s minutes", count))
    return str(ngettext("in one second", "in %(num)s seconds", count))
