"""Letters, counts and signatories as JSON; nothing here that the public pages do not show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from petition.api import openapi as described
from petition.api.description import AFTER, COUNTRY, KIND, LETTERS_AFTER, LETTERS_LIMIT, LIMIT, OPERATIONS, Parameter
from petition.config import Config
from petition.letters import listing
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.signatures import directory

bp = Blueprint("api", __name__, url_prefix="/api/v1")
NAMES_FRESH = "public, max-age=0, s-maxage=2, stale-while-revalidate=10, stale-if-error=600"
FRESH = "public, max-age=60, s-maxage=300, stale-while-revalidate=600, stale-if-error=86400"


def _answer(body: dict[str, Any], policy: str = NAMES_FRESH) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = policy
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.after_request
def _openly(response: Response) -> Response:
    """Search engines keep to the pages; a number that a counter elsewhere shows may be read from everywhere, and so may its errors."""
    response.headers["X-Robots-Tag"] = "noindex"
    if OPERATIONS[str(request.endpoint).removeprefix("api.")].open_to_all:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _read(parameter: Parameter) -> str:
    return parameter.read(request.args)


def _settings() -> Config:
    found: Config = current_app.config["PETITION"]
    return found


def _described(letter: Letter, now: datetime) -> dict[str, Any]:
    original = letter.translation(letter.original_language)
    return {
        "slug": letter.slug, "title": original.title if original else "", "summary": original.summary if original else "",
        "language": letter.original_language, "languages": letter.languages,
        "titles": {each.language: each.title for each in letter.translations}, "state": letter.state(now),
        "address": f"{_settings().base_url}/letters/{letter.slug}", "version": letter.version.label, "goal": letter.goal,
        "signatories": letter.signatories, "opens": _moment(letter.opens), "closes": _moment(letter.closes), "protected": letter.protected,
        "fingerprints": {each.language: each.fingerprint for each in letter.version.texts},
    }  # fmt: skip


def _moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else None


@bp.get("/letters")
def index() -> Response:
    """The published letters, page by page."""
    page = listing.page(after=_read(LETTERS_AFTER), limit=int(_read(LETTERS_LIMIT) or listing.PAGE))
    now = datetime.now(UTC)
    return _answer({"letters": [_described(each, now) for each in page.letters], "next": page.next})


@bp.get("/letters/<slug>")
def letter(slug: str) -> Response:
    """One letter."""
    return _answer(_described(letters.find_published(slug), datetime.now(UTC)))


@bp.get("/letters/<slug>/count")
def count(slug: str) -> Response:
    """The letter's numbers, and the day for which they are said: a finer moment would be other bytes for the same numbers."""
    counts = directory.counts(letters.find_published(slug))
    return _answer({
        "total": counts.total, "people": counts.people, "organisations": counts.organisations, "held": counts.waiting,
        "imported": counts.imported, "as_of": datetime.now(UTC).date().isoformat(),
    })  # fmt: skip


@bp.get("/letters/<slug>/signatories")
def signatories(slug: str) -> Response:
    """The entries on display, page by page."""
    found = letters.find_published(slug)
    kind, country, after, limit = (_read(each) for each in (KIND, COUNTRY, AFTER, LIMIT))
    page = directory.signatories(found, kind=kind, country=country, after=after, limit=int(limit or directory.PAGE))
    shown = {code for code, _ in directory.countries(found)}
    return _answer({"signatories": [_entry(each, shown) for each in page.entries], "next": page.next})


def _entry(entry: directory.Entry, shown_countries: set[str]) -> dict[str, Any]:
    person = entry.kind == "person"
    return {
        "id": entry.id, "kind": entry.kind, "name": entry.name if person else "",
        "organisation": entry.affiliation if person else entry.name, "role": entry.role, "website": entry.website,
        "country": entry.country if entry.country in shown_countries else "", "comment": entry.comment,
        "signed_on": entry.signed_on.isoformat() if entry.signed_on else None, "verification": entry.verification,
        "verified_on": entry.verified_on.isoformat() if entry.verified_on else None,
    }  # fmt: skip


@bp.get("/openapi.json")
def openapi() -> Response:
    """What all of this takes and gives, for programs."""
    return _answer(described.document(current_app, _settings().base_url), FRESH)
