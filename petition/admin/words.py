"""The word lists: what a team adds to or takes off the shipped insults, jokes and protected names, and a letter's own names."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts, moderation
from petition.accounts import Team
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid
from petition.signatures import screening, wordlists
from petition.signatures.screening.wordset import LANGUAGES, LISTS

SAVED = N_("Saved. It holds for every signature that is confirmed from now on.")


@bp.get("/words")
@bp.get("/words/<int(max=2147483647):team_id>")
@gate("editor")
def words(team_id: int | None = None) -> BaseResponse:
    """One team's lists in one language, beside what is shipped."""
    return _words(_asked(team_id), request.args.get("language", LANGUAGES[0]))


@bp.post("/words/<int(max=2147483647):team_id>")
@gate("editor")
def save_words(team_id: int) -> BaseResponse:
    """Replace one team's lines in one language."""
    language = request.form.get("language", "")
    given = {name: request.form.get(name, "") for name in LISTS}
    try:
        wordlists.save(member(), team_id, language, given, now=datetime.now(UTC))
    except Invalid as error:
        return _words(_asked(team_id), language, given, error)
    flash(gettext(SAVED))
    return redirect(url_for("admin.words", team_id=team_id, language=language), 303)


def _words(team: Team, language: str, typed: dict[str, str] | None = None, problem: Invalid | None = None) -> BaseResponse:
    standing = wordlists.added(member(), team.id, language)
    html = render_template(
        "admin/words.html", team=team, teams=_mine(), chosen=language, languages=LANGUAGES, lists=LISTS,
        lines=typed or standing, shipped={name: screening.shipped(name, language) for name in LISTS},
        faults={fault.field: fault for fault in problem.faults} if problem else {},
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


def _mine() -> list[Team]:
    return [each for each in accounts.teams(member()) if member().may("editor", each.id)]


def _asked(team_id: int | None) -> Team:
    """The team of that number, or the member's first; raises NotFound, and Forbidden below an editor."""
    if team_id is None:
        return _mine()[0]  # the gate let nobody through who is no editor anywhere
    team = accounts.find_team(team_id)
    accounts.require(member(), "editor", team.id)
    return team


@bp.route("/letters/<slug>/protected-names", methods=["GET", "POST"])
@gate("editor")
def protected_names(slug: str) -> BaseResponse:
    """The names that nobody signs this letter with before the team has looked."""
    found = moderation.letter(member(), slug, "editor")
    faults, names, status = {}, "\n".join(found.protected_names), 200
    if request.method == "POST":
        names = request.form.get("names", "")
        try:
            wordlists.protect(member(), found, names, now=datetime.now(UTC))
        except Invalid as error:
            faults, status = {fault.field: fault for fault in error.faults}, error.status
        else:
            flash(gettext(SAVED))
            return redirect(url_for("admin.protected_names", slug=slug), 303)
    return make_response(render_template("admin/protected_names.html", letter=found, names=names, faults=faults), status)
