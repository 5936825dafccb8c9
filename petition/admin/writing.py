"""Writing a letter: the first form of a new one, its words as a form, and each translation beside the original."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from petition import accounts, i18n, moderation
from petition.accounts import Team
from petition.admin import bp, saving
from petition.admin.gates import gate, member, roomy
from petition.errors import N_, BadFile, Conflict, Fault, Invalid, NotFound, PetitionError
from petition.letters import fields, slugs, text, translating, typed
from petition.letters import operations as letters
from petition.letters.document import LetterDocument
from petition.letters.models import Letter
from petition.letters.typed import Typed
from petition.templating import current_language, settings

SAVED = N_("Saved.")
STARTED = N_("This is your draft. Nobody but the team can see it.")
KEPT = N_("Kept as work of the team. Readers get it once everything that is marked is written and you save it.")
THROWN_AWAY = N_("The unfinished work is thrown away.")
GUESSED = N_("This address is a guess from the title. Change it or leave it, and send the form again.")
NO_ADDRESS = N_("No address can be made of this title. Please write one.")


@dataclass
class Sheet:
    """One language of a letter on the desk, and what its page shows besides the words."""

    letter: Letter
    language: str
    standing: str
    more: dict[str, Any] = field(default_factory=dict)

    def show(self, given: Typed, problem: PetitionError | None = None, **more: Any) -> BaseResponse:
        """The form, with everything that was typed."""
        html = render_template("admin/writing.html", **(
            {
                "letter": self.letter, "edited": self.language, "given": given, "standing": self.standing, "problem": problem,
                "faults": saving.faults(problem), "original": self.language == self.letter.original_language, "source": None,
                "since": {}, "missing": (), "gone": (), "kept": "", "kept_at": None, "leftover": (), "marks": "", "under": {},
                "at_once": saving.at_once(self.letter), "difference": None, "focus": "", "named": typed.named,
            } | self.more | more
        ))  # fmt: skip
        return make_response(html, problem.status if problem else 200)


@bp.route("/letters/new", methods=["GET", "POST"])
@gate("editor")
@roomy
def new_letter() -> BaseResponse:
    """Make a draft of a title and a text; everything else can wait."""
    teams = [each for each in accounts.teams(member()) if member().may("editor", each.id)]
    given = {name: request.form.get(name, "") for name in ("team", "title", "language", "slug", "body")}
    if request.method == "GET":
        return _new(teams, given)
    try:
        team, first = _first(teams, given)
        letters.load(
            first, file=first.slug, now=_now(), team_name=team.name, new=True, source="admin", **saving.terms()
        )  # fmt: skip
    except letters.SlugTaken as error:
        return _new(teams, given, Invalid([Fault("slug", error.code, error.message)]))
    except Invalid as error:
        return _new(teams, given, error)
    flash(gettext(STARTED))
    return redirect(url_for("admin.letter", slug=first.slug), 303)


def _first(teams: list[Team], given: dict[str, str]) -> tuple[Team, LetterDocument]:
    team = next((each for each in teams if str(each.id) == given["team"]), None)
    values, faults = typed.words(typed.of({"title": given["title"], "body": given["body"].replace("\r\n", "\n")}))
    if team is None:
        faults.append(fields.Bad("no_choice", choices="").fault("team"))
    for name in ("language", "slug"):
        if name == "slug" and not given["slug"].strip():
            faults += _suggested(given)
        try:
            values[name] = fields.KEYS[name](given[name].strip())
        except fields.Bad as error:
            faults += [error.fault(name)] if given[name] or name == "language" else []
    if faults or team is None:
        raise Invalid(faults)
    return team, LetterDocument(**values)


def _suggested(given: dict[str, str]) -> list[Fault]:
    """Fill in an address made of the title; what nobody could read is asked about first."""
    if not given["title"].strip():
        return []
    given["slug"] = slugs.suggest(given["title"])
    if not given["slug"]:
        return [Fault("slug", "no_address", NO_ADDRESS)]
    return [] if slugs.readable(given["title"]) else [Fault("slug", "guessed", GUESSED)]


def _new(teams: list[Team], given: dict[str, str], problem: Invalid | None = None) -> BaseResponse:
    html = render_template(
        "admin/new_letter.html", teams=teams, given=given, faults=problem.faults if problem else (),
        ours=settings().languages, others=[pair for pair in i18n.languages(current_language()) if pair[0] not in settings().languages],
    )  # fmt: skip
    return make_response(html, problem.status if problem else 200)


@bp.get("/letters/<slug>/translate")
@gate("editor")
def translate(slug: str) -> BaseResponse:
    """Choose the language of another translation."""
    found = moderation.letter(member(), slug, "editor")
    left = [code for code in settings().languages if code not in {each.language for each in translating.states(found)}]
    if (chosen := request.args.get("language")) in left:
        return redirect(url_for("admin.edit", slug=slug, language=chosen), 303)
    return make_response(render_template("admin/translate.html", letter=found, left=left))


@bp.route("/letters/<slug>/edit", defaults={"language": ""}, methods=["GET", "POST"])
@bp.route("/letters/<slug>/edit/<language>", methods=["GET", "POST"])
@gate("editor")
@roomy
def edit(slug: str, language: str) -> BaseResponse:
    """A letter's words in one language as a form; without a language those of the original."""
    found = moderation.letter(member(), slug, "editor")
    if language in ("", found.original_language):
        return _original(found)
    if language not in (*settings().languages, *(each.language for each in translating.states(found))):
        raise NotFound
    return _translation(found, language)


def _original(found: Letter) -> BaseResponse:
    standing = letters.as_document(found, found.original_language)
    if request.method == "GET":
        return Sheet(found, standing.language, standing.digest).show(typed.of(letters.spoken(standing)))
    given, do = typed.received(request.form), request.form.get("do", "")
    # What this form was opened on stays with it until its words are compared.
    sheet = Sheet(found, standing.language, request.form.get("standing", ""))
    if (moved := typed.changed(given, do)) is not None:
        return sheet.show(moved[0], focus=moved[1])
    if do == "preview":
        return _preview(found, standing.language, given)
    try:
        document = typed.document(given, standing)
        if sheet.standing != standing.digest:
            sheet = Sheet(found, standing.language, standing.digest, saving.difference(found, standing, document))
            raise letters.Overtaken
        if saving.confirmed(found, document):
            letters.edit(document, now=_now(), correction=saving.correction(), standing=sheet.standing, **saving.terms())
            return _saved(found, standing.language)
    except (Invalid, Conflict, BadFile) as error:
        return sheet.show(given, error)
    return sheet.show(given, **saving.difference(found, standing, document))


def _translation(found: Letter, language: str) -> BaseResponse:
    desk = translating.opened(found, language)
    more = {
        "source": desk.source, "since": desk.since, "kept_at": desk.kept_at, "kept": desk.kept,
        "marks": translating.marks(desk.source), "gone": translating.gone(found, language),
    }  # fmt: skip
    sheet = Sheet(found, language, desk.standing, more)
    if request.method == "GET":
        return sheet.show(desk.given, missing=translating.missing_in(desk.source, desk.given) if desk.standing or desk.kept else ())
    sent, form = typed.received(request.form), request.form
    same = form.get("source") == more["marks"]
    moved = None if same else translating.moved(form.get("source", ""), desk.source, sent)
    given = moved.given if moved else translating.fitted(desk.source, sent)
    sheet.more["leftover"] = [*(moved.leftover if moved else ()), *form.getlist("leftover")][: typed.MOST]
    sheet.more["missing"] = translating.missing_in(desk.source, given)
    if form.get("do") == "preview":
        return _preview(found, language, given)
    try:
        if moved is not None:
            sheet.more |= {"since": {**moved.since, **desk.since}, "under": moved.since}
            raise translating.OriginalChanged
        if (form.get("standing"), form.get("kept")) != (desk.standing, desk.kept):
            raise letters.Overtaken
        return _judge(sheet, given)
    except (Invalid, Conflict, BadFile) as error:
        return sheet.show(given, error)


def _judge(sheet: Sheet, given: Typed) -> BaseResponse:
    """Do what the pressed button of a translation asks for; raises Invalid and Overtaken."""
    found, language, do, kept = sheet.letter, sheet.language, request.form.get("do", ""), sheet.more["kept"]
    beside = {"kept": kept, "source": sheet.more["marks"], "now": _now()}
    if do == "discard":
        translating.discard(found, language, kept=kept, actor=member().actor, now=_now())
        return _saved(found, language, THROWN_AWAY)
    try:
        if do == "keep":
            raise Invalid([])
        document = translating.document(found, language, given)
    except Invalid as error:
        if do == "look" or not translating.only_missing(error):
            raise
        translating.keep(found, language, given, actor=member().actor, **beside)
        return _saved(found, language, KEPT)
    if saving.confirmed(found, document):
        translating.finish(found, document, standing=sheet.standing, **beside, **saving.terms())
        return _saved(found, language)
    standing = letters.as_document(found, language) if sheet.standing else None
    return sheet.show(given, **saving.difference(found, standing, document))


def _saved(found: Letter, language: str, words: str = SAVED) -> BaseResponse:
    flash(gettext(words))
    return redirect(url_for("admin.edit", slug=found.slug, language=language), 303)


def _preview(found: Letter, language: str, given: Typed) -> BaseResponse:
    """The letter as readers would get it, from what is typed; nothing is saved."""
    if language in settings().languages:
        g.language = language
    words, (_, faults) = typed.shown(given), typed.words(given)
    canonical = text.canonical(words, found.dated.isoformat() if found.dated else "")
    html = render_template(
        "admin/letter_preview.html", letter=found, words=words, text_language=language, body=text.to_html(words.body),
        text={"fingerprint": text.fingerprint(canonical)}, faults=faults, draft=True,
    )  # fmt: skip
    return make_response(html)


def _now() -> datetime:
    return datetime.now(UTC)
