"""Letters, counts and signatories as JSON; nothing here that the public pages do not show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from petition.config import Config
from petition.errors import BadRequest
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.signatures import directory

bp = Blueprint("api", __name__, url_prefix="/api/v1")
NAMES_FRESH = "public, max-age=0, s-maxage=2, stale-while-revalidate=10, stale-if-error=600"


def _answer(body: dict[str, Any], policy: str = NAMES_FRESH) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = policy
    response.add_etag()
    response.make_conditional(request)
    return response


def _described(letter: Letter) -> dict[str, Any]:
    config: Config = current_app.config["PETITION"]
    original = letter.translation(letter.original_language)
    return {
        "slug": letter.slug, "title": original.title if original else "", "language": letter.original_language,
        "languages": letter.languages, "state": letter.state(datetime.now(UTC)), "address": f"{config.base_url}/letters/{letter.slug}",
        "version": letter.version.label, "goal": letter.goal, "signatories": letter.signatories,
        "fingerprints": {each.language: each.fingerprint for each in letter.version.texts},
    }  # fmt: skip


@bp.get("/letters")
def index() -> Response:
    """All published letters."""
    return _answer({"letters": [_described(each) for each in letters.listed()], "next": None})


@bp.get("/letters/<slug>")
def letter(slug: str) -> Response:
    """One letter."""
    return _answer(_described(letters.find_published(slug)))


@bp.get("/letters/<slug>/count")
def count(slug: str) -> Response:
    """The letter's numbers; open to every site, since it is what a counter on another page needs."""
    counts = directory.counts(letters.find_published(slug))
    response = _answer({
        "total": counts.total, "people": counts.people, "organisations": counts.organisations, "held": counts.waiting,
        "imported": counts.imported, "as_of": datetime.now(UTC).isoformat(timespec="seconds"),
    })  # fmt: skip
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@bp.get("/letters/<slug>/signatories")
def signatories(slug: str) -> Response:
    """The entries on display, page by page."""
    found = letters.find_published(slug)
    kind = request.args.get("kind", "")
    limit = request.args.get("limit", str(directory.PAGE))
    if kind not in ("", "person", "organisation") or not limit.isascii() or not limit.isdecimal() or len(limit) > 9:
        raise BadRequest
    page = directory.signatories(
        found, kind=kind, country=request.args.get("country", ""), after=request.args.get("after", ""), limit=int(limit)
    )
    shown = {code for code, _ in directory.countries(found)}
    rows = [
        {
            "id": each.id, "kind": each.kind, "name": each.name if each.kind == "person" else "",
            "organisation": each.name if each.kind == "organisation" else each.affiliation, "role": each.role, "website": each.website,
            "country": each.country if each.country in shown else "", "comment": each.comment,
            "signed_on": each.signed_on.isoformat() if each.signed_on else None, "verification": each.verification,
            "verified_on": each.verified_on.isoformat() if each.verified_on else None,
        }
        for each in page.entries
    ]  # fmt: skip
    return _answer({"signatories": rows, "next": page.next})
