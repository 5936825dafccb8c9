"""Pages for readers: letters, signatories, integrity, privacy; rendered the same for everybody and cacheable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request, url_for

from petition import accounts, deliveries, i18n
from petition.errors import BadRequest, NotFound
from petition.letters import changes, goals, index, text
from petition.letters import operations as letters
from petition.letters.models import Letter, Translation
from petition.public import bp, heads
from petition.signatures import consent, directory, ledger, submission
from petition.templating import current_language, settings
from petition.updates import followers, writing
from petition.upkeep import seizure

NAMES_FRESH = "public, max-age=0, s-maxage=2, stale-while-revalidate=10, stale-if-error=600"
# Of an address with a tag, which anybody can make up: no cache keeps it for longer than it is of use.
TAGGED = "public, max-age=0, s-maxage=2"
FRESH = "public, max-age=60, s-maxage=300, stale-while-revalidate=600, stale-if-error=86400"


def cached(html: str, policy: str = FRESH) -> Response:
    """A page that shared caches may keep, with an ETag of its bytes; 304 where the reader has it already."""
    response = make_response(html)
    response.headers["Cache-Control"] = policy
    response.add_etag()
    response.make_conditional(request)
    return response


def speak(letter: Letter) -> str:
    """Settle the page's interface language: the address's, else the original's; returns the language of the text."""
    asked = g.language
    if asked is None:
        g.language = letter.original_language if letter.original_language in settings().languages else settings().languages[0]
    wanted = asked or letter.original_language
    return wanted if letter.translation(wanted) else letter.original_language


def address(
    endpoint: str, letter: Letter | None = None, language: str | None = None, external: bool = False, named: bool = True, **values: Any,
) -> str:  # fmt: skip
    """A page's address in a language: plain for the letter's own (or the site's), else behind the language.

    `named` is false for pages whose address does not tell the letter's.
    """
    language = language or current_language()
    plain = letter.original_language if letter is not None else settings().languages[0]
    if letter is not None and letter.status == "draft":
        endpoint, values = _of_draft(endpoint, letter, values)
    elif letter is not None and named:
        values["slug"] = letter.slug
    if language == plain:
        path = url_for(f"public.{endpoint}", **values)
    else:
        path = url_for(f"public_in.{endpoint}", language=language, **values)
    return settings().base_url + path if external else path


def _of_draft(endpoint: str, letter: Letter, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where a page about a draft is: behind its secret link, and where that is ended nowhere at all."""
    if endpoint not in _BEHIND_THE_LINK:
        return endpoint, values
    if letter.preview_token is None:
        return "home", {}
    return _BEHIND_THE_LINK[endpoint], {**values, "token": letter.preview_token}


# The pages of a letter that a draft has too, and what they are called there.
_BEHIND_THE_LINK = {
    "letter": "preview", "sign": "preview_sign", "sign_form": "preview_sign_form", "check_your_inbox": "preview_inbox",
    "puzzle": "preview_puzzle", "find": "preview_find",
}  # fmt: skip


@bp.app_context_processor
def _addresses() -> dict[str, object]:
    return {"address": address, "site_languages": settings().languages}


def tagged() -> str:
    """The tag by which the address says where its readers come from (`?s=newsletter`), or nothing."""
    return submission.tag(request.args.get("s"))


def letter_context(letter: Letter) -> dict[str, object]:
    """What every page about a letter shows."""
    language = speak(letter)
    words = letter.translation(language)
    counts = directory.counts(letter)
    sentence = consent.sentence(letter, current_language())
    goal = goals.shown(letter.goal, counts.total)
    return {
        "letter": letter, "words": words, "text_language": language, "text": letters.text_shown(letter, language), "counts": counts,
        "state": letter.state(datetime.now(UTC)), "consent_sentence": sentence, "consent_digest": consent.digest(sentence),
        "goal": goal, "progress": counts.total * 100 // (goal or 1), "countries": i18n.countries(current_language()),
    }  # fmt: skip


@bp.get("/")
def home() -> Response:
    """Published letters, page by page; on request those with some words in them, or in one state."""
    g.language = g.language or settings().languages[0]
    query, state, after = (request.args.get(name, "").strip()[:100] for name in ("q", "state", "after"))
    if state not in ("", *index.STATES):
        raise BadRequest
    now = datetime.now(UTC)
    found = index.search(now, query=query, state=state, after=after)
    counts = directory.counts_of(found.letters)
    rows = [(each, _words(each), counts[each.id], each.state(now)) for each in found.letters]
    parts = {away: [row for row in rows if row[0].is_archived(now) == away] for away in (False, True)}
    html = render_template(
        "public/home.html", rows=parts[False], archived=parts[True], query=query, state=state, next=found.next,
        narrowed=bool(query or state or after), several=len(rows) > 1,
    )  # fmt: skip
    return robots(cached(html, NAMES_FRESH), hide=bool(query or state))


def _words(letter: Letter) -> Translation | None:
    """A letter's words in the reader's language, else in its own."""
    return letter.translation(current_language()) or letter.translation(letter.original_language)


@bp.get("/letters/<slug>")
def letter(slug: str) -> Response:
    """The letter, its counts, its latest signatories, and the form."""
    found = letters.find_published(slug)
    context = letter_context(found) | {"related": [(each, _words(each)) for each in index.related(found, datetime.now(UTC))]}
    organisations = directory.signatories(found, kind="organisation", limit=12, besides_initial=True, online=True).entries
    people = directory.signatories(found, kind="person", limit=40, besides_initial=True, online=True).entries
    g.scripted = context["state"] == "open"  # the script that keeps the counts fresh
    html = render_template(
        "public/letter.html", **context, body=text.to_html(context["words"].body), organisations=organisations, people=people, form=None,  # type: ignore[attr-defined]
        initial=directory.initial(found), source=tagged(), news=writing.public(found, writing.ON_THE_LETTER),
        follows=followers.takes_followers(found, datetime.now(UTC)), deliveries=deliveries.timeline(found),
        described=_described(found, context),
    )  # fmt: skip
    return robots(cached(html, TAGGED if tagged() else NAMES_FRESH), found.protected)


def _described(letter: Letter, context: dict[str, Any]) -> dict[str, Any]:
    """The letter as search engines read it; its one address in the language of its text."""
    spoken = context["text_language"] if context["text_language"] in settings().languages else current_language()
    return heads.described(letter, context["words"], context["counts"], address("letter", letter, spoken, external=True))


def private(html: str, status: int = 200) -> Response:
    """A page for one person only, or for those who were given its address."""
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def robots(response: Response, hide: bool) -> Response:
    """Ask search engines to leave a page out."""
    if hide:
        response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.get("/letters/<slug>/signatories")
def signatories(slug: str) -> Response:
    """Who signed: organisations and people, by country and by name, page by page."""
    found = letters.find_published(slug)
    context = letter_context(found)
    kind, country, query = (request.args.get(name, "").strip()[:100] for name in ("kind", "country", "q"))
    if kind not in ("", "person", "organisation") or "\x00" in query:
        raise BadRequest
    page = directory.signatories(found, kind=kind, country=country, query=query, after=request.args.get("after", ""))
    html = render_template(
        "public/signatories.html", **context, page=page, kind=kind, country=country, query=query, shown_countries=directory.countries(found)
    )  # fmt: skip
    return robots(cached(html, NAMES_FRESH), hide=True)


@bp.get("/letters/<slug>/integrity")
def integrity(slug: str) -> Response:
    """How many signatures are in which state, how they were verified, and the text they stand under."""
    found = letters.find_published(slug)
    context = letter_context(found)
    html = render_template(
        "public/integrity.html", **context, states=ledger.by_state(found), periods=ledger.periods(found),
        corrections=ledger.corrections(found),
    )  # fmt: skip
    return robots(cached(html, NAMES_FRESH), found.protected)


@bp.get("/letters/<slug>/versions")
def versions(slug: str) -> Response:
    """Every version of the text: when, what changed, its fingerprints, and how many signed it."""
    found = letters.find_published(slug)
    context = letter_context(found)
    html = render_template("public/versions.html", **context, rows=changes.history(found), signed=ledger.by_version(found))
    return robots(cached(html, NAMES_FRESH), found.protected)


@bp.get("/letters/<slug>/text/<fingerprint>.txt")
def canonical_text(slug: str, fingerprint: str) -> Response:
    """The exact bytes whose SHA-256 is the fingerprint."""
    letter = letters.find_published(slug)
    found = letters.text_by_fingerprint(letter, fingerprint)
    response = cached(found.canonical, "public, max-age=31536000, immutable")
    response.mimetype = "text/plain"
    return robots(response, letter.protected)


@bp.get("/teams/<int(max=2147483647):team_id>/logo")
def logo(team_id: int) -> Response:
    """A team's logo."""
    found = accounts.find_team(team_id)
    if found.logo is None:
        raise NotFound
    response = make_response(found.logo)
    response.mimetype = found.logo_type
    response.headers["Cache-Control"] = FRESH
    response.set_etag(found.logo_digest)
    response.make_conditional(request)
    return response


@bp.get("/favicon.ico")
def favicon() -> Response:
    """The envelope in the browser's tab, for those who ask by its old name."""
    return current_app.send_static_file("favicon.svg")


@bp.get("/privacy")
def privacy() -> Response:
    """What is kept, in which form, and for how long."""
    g.language = g.language or settings().languages[0]
    return cached(render_template("public/privacy.html", signatories=seizure.SIGNATORIES, team=seizure.TEAM))


@bp.get("/about")
def about() -> Response:
    """What this site is and who runs it."""
    g.language = g.language or settings().languages[0]
    return cached(render_template("public/about.html"))
