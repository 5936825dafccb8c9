"""The team's updates of a letter: written in its languages, looked at, tried out, published, mailed, corrected, taken down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid, NotFound, PetitionError
from petition.letters import text
from petition.letters.models import Letter
from petition.templating import settings
from petition.updates import followers, mailing, trying, writing
from petition.updates.models import Update

SAVED = N_("The draft is saved. Nobody else sees it yet.")
CORRECTED = N_("Saved. Readers see that it was corrected today.")
UNCHANGED = N_("Nothing was changed.")
DONE = {
    "publish": N_("The update is published."),
    "mail": N_("The mailing has begun."),
    "stop": N_("The mailing is stopped."),
    "resume": N_("The mailing goes on."),
    "take-down": N_("The update is taken down. Its place says so."),
    "discard": N_("The draft is deleted."),
    "test": N_("The test mail is on its way to your address."),
}
LAST_CALL = {"on": N_("The last call will be sent."), "off": N_("The last call will not be sent.")}


@bp.get("/letters/<slug>/updates")
@gate("viewer")
def updates(slug: str) -> str:
    """Every update, and how far its mailing is."""
    found = moderation.letter(member(), slug)
    rows = [(each, mailing.progress(each)) for each in writing.listed(found)]
    return render_template(
        "admin/updates.html", letter=found, rows=rows, readers=followers.readers(found), wanted=followers.wanted_by(found),
        last_call=mailing.last_call(found), now=_now(),
    )  # fmt: skip


@bp.post("/letters/<slug>/updates/last-call")
@gate("editor")
def last_call(slug: str) -> BaseResponse:
    """Whether followers who have not signed are reminded before the letter closes."""
    found = moderation.letter(member(), slug, "editor")
    choice = request.form.get("last_call", "")
    if choice not in LAST_CALL:
        raise NotFound
    mailing.want_last_call(found, choice == "on", actor=member().actor, now=_now())
    flash(gettext(LAST_CALL[choice]))
    return redirect(url_for("admin.updates", slug=slug, _anchor="last-call"), 303)


@bp.route("/letters/<slug>/updates/new", methods=["GET", "POST"])
@gate("editor")
def new_update(slug: str) -> BaseResponse:
    """Write an update."""
    found = moderation.letter(member(), slug, "editor")
    if request.method == "GET":
        return _editor(found, None)
    try:
        made = writing.draft(found, writing.check(found, _typed(found)), actor=member().actor, now=_now())
    except Invalid as error:
        return _editor(found, None, error)
    flash(gettext(SAVED))
    return _after(made)


@bp.route("/letters/<slug>/updates/<public_id>", methods=["GET", "POST"])
@gate("editor")
def update(slug: str, public_id: str) -> BaseResponse:
    """Change a draft, or correct what is published."""
    found = moderation.letter(member(), slug, "editor")
    one = writing.find(found, public_id)
    if request.method == "GET":
        return _editor(found, one)
    seen = request.form.get("revision", "")
    try:
        words = writing.check(found, _typed(found))
        changed = writing.save(one, words, seen=int(seen) if seen.isdecimal() and len(seen) < 10 else -1, actor=member().actor, now=_now())
    except (Invalid, writing.Overtaken, writing.NotPublished) as error:
        return _editor(found, one, error)
    flash(gettext((SAVED if one.state == "draft" else CORRECTED) if changed else UNCHANGED))
    return _after(one)


def _after(one: Update) -> BaseResponse:
    """To the preview where that was asked for, else back to the form."""
    if request.form.get("then") == "preview":
        return redirect(url_for("admin.preview_update", slug=one.letter.slug, public_id=one.public_id), 303)
    return redirect(url_for("admin.update", slug=one.letter.slug, public_id=one.public_id), 303)


@bp.get("/letters/<slug>/updates/<public_id>/preview")
@gate("editor")
def preview_update(slug: str, public_id: str) -> BaseResponse:
    """The page as readers will see it, in the language asked for."""
    found = moderation.letter(member(), slug, "editor")
    one = writing.find(found, public_id)
    asked = request.args.get("language", found.original_language)
    g.language = asked if asked in settings().languages else settings().languages[0]
    spoken = asked if found.translation(asked) else found.original_language
    return make_response(render_template(
        "public/update.html", letter=found, words=found.translation(spoken), text_language=spoken, update=one, html_of=text.to_html,
        trial=url_for("admin.update", slug=slug, public_id=public_id),
    ))  # fmt: skip


@bp.post("/letters/<slug>/updates/<public_id>/<step>")
@gate("editor")
def update_step(slug: str, public_id: str, step: str) -> BaseResponse:
    """Publish, mail, stop, resume, take down, delete, or try out."""
    found = moderation.letter(member(), slug, "editor")
    one = writing.find(found, public_id)
    if step not in _STEPS:
        raise NotFound
    _STEPS[step](one)
    flash(gettext(DONE[step]))
    if step == "discard":
        return redirect(url_for("admin.updates", slug=slug), 303)
    return redirect(url_for("admin.update", slug=slug, public_id=public_id), 303)


def _publish(one: Update) -> None:
    writing.publish(one, actor=member().actor, now=_now())
    if request.form.get("mail"):
        mailing.start(one, actor=member().actor, now=_now())


def _try_out(one: Update) -> None:
    asked = request.form.get("language", "")
    language = asked if asked in settings().languages else settings().languages[0]
    trying.try_out(one, language, member=member(), config=settings(), now=_now())


_STEPS: dict[str, Callable[[Update], None]] = {
    "publish": _publish,
    "test": _try_out,
    "mail": lambda one: mailing.start(one, actor=member().actor, now=_now()),
    "stop": lambda one: mailing.stop(one, actor=member().actor, now=_now()),
    "resume": lambda one: mailing.resume(one, actor=member().actor, now=_now()),
    "take-down": lambda one: writing.take_down(one, actor=member().actor, now=_now()),
    "discard": lambda one: writing.discard(one, actor=member().actor, now=_now()),
}


def _typed(found: Letter) -> dict[str, dict[str, str]]:
    return {code: {part: request.form.get(f"{part}.{code}", "") for part in ("title", "body")} for code in found.languages}


def _editor(found: Letter, one: Update | None, problem: PetitionError | None = None) -> BaseResponse:
    said = {each.language: {"title": each.title, "body": each.body} for each in one.texts} if one is not None else {}
    faults = {fault.field: fault for fault in reversed(problem.faults)} if isinstance(problem, Invalid) else {}
    html = render_template(
        "admin/update.html", letter=found, update=one, typed=_typed(found) if problem else said, faults=faults, problem=problem,
        wanted=followers.wanted_by(found), progress=mailing.progress(one) if one is not None else None,
        revision=request.form.get("revision") if problem else one.revision if one is not None else 0,
        spoken=[code for code in settings().languages if one is not None and one.text(code)] or list(settings().languages[:1]),
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


def _now() -> datetime:
    return datetime.now(UTC)
