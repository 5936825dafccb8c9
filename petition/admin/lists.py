"""The allow and block lists: what holds, whom a new entry would have hit, and who put it there."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid, PetitionError
from petition.letters.models import Letter
from petition.moderation import lists
from petition.moderation.lists import Draft, Preview, Scope
from petition.templating import settings

ADDED = N_("Added. It holds within five seconds.")
REMOVED = N_("Removed. It ends within five seconds.")


@bp.route("/lists", methods=["GET", "POST"])
@gate("moderator")
def access_lists() -> BaseResponse:
    """The lists of the member's teams, and the site's."""
    return _send(None) if request.method == "POST" else _page(None)


@bp.route("/letters/<slug>/lists", methods=["GET", "POST"])
@gate("moderator")
def letter_lists(slug: str) -> BaseResponse:
    """What holds for one letter."""
    found = moderation.letter(member(), slug, "moderator")
    return _send(found) if request.method == "POST" else _page(found)


@bp.post("/lists/<int(max=2147483647):number>/remove")
@gate("moderator")
def remove_entry(number: int) -> BaseResponse:
    """Take an entry off its list, and go back to the page it was shown on."""
    lists.remove(member(), number, now=datetime.now(UTC))
    flash(gettext(REMOVED))
    slug = request.form.get("letter")
    return redirect(url_for("admin.letter_lists", slug=slug) if slug else url_for("admin.access_lists"), 303)


def _send(found: Letter | None) -> BaseResponse:
    given, now = request.form, datetime.now(UTC)
    where = Scope(letter=found) if found is not None else lists.scope(member(), given.get("scope", ""))
    draft = Draft(*(given.get(name, "") for name in ("verdict", "kind", "pattern", "label", "reason", "until")))
    try:
        if given.get("action") != "add":
            return _page(found, shown=lists.preview(member(), where, draft, config=settings(), now=now))
        lists.add(member(), where, draft, config=settings(), now=now)
    except Invalid as error:
        return _page(found, problem=error)
    flash(gettext(ADDED))
    return redirect(request.path, 303)


def _page(found: Letter | None, *, shown: Preview | None = None, problem: PetitionError | None = None) -> BaseResponse:
    faults: dict[str, object] = {}
    for fault in problem.faults if isinstance(problem, Invalid) else ():
        faults.setdefault(fault.field, fault)
    html = render_template(
        "admin/lists.html", letter=found, entries=lists.entries(member(), found, now=datetime.now(UTC)),
        typed=request.form or request.args,  # a group in the queue links here with its domain or network filled in
        faults=faults, shown=shown, teams=lists.moderated(member()), today=datetime.now(UTC).date(),
    )  # fmt: skip
    return make_response(html, problem.status if problem is not None else 200)
