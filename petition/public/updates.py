"""Updates of a letter: the list, each on a page of its own, and the Atom feed; the same bytes for everybody."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from flask import Response, render_template, request

from petition.errors import BadRequest
from petition.letters import operations as letters
from petition.letters import text
from petition.letters.models import Letter
from petition.public import bp
from petition.public.pages import NAMES_FRESH, cached, letter_context, robots
from petition.templating import current_language
from petition.updates import followers, writing
from petition.updates.models import Update


@bp.get("/letters/<slug>/updates")
def updates(slug: str) -> Response:
    """The updates of a letter, the newest first, page by page."""
    found = letters.find_published(slug)
    context = letter_context(found)
    rows = writing.public(found, writing.A_PAGE + 1, _before())
    html = render_template(
        "public/updates.html", **context, rows=rows[: writing.A_PAGE], older=len(rows) > writing.A_PAGE, html_of=text.to_html,
        follows=followers.takes_followers(found, datetime.now(UTC)),
    )  # fmt: skip
    return robots(cached(html, NAMES_FRESH), found.protected)


def _before() -> int | None:
    given = request.args.get("before", "")
    if not given:
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > 9:
        raise BadRequest
    return int(given)


@bp.get("/letters/<slug>/updates/<int(max=2147483647):number>")
def update(slug: str, number: int) -> Response:
    """One update, or that it was taken down."""
    found = letters.find_published(slug)
    context = letter_context(found)
    html = render_template("public/update.html", **context, update=writing.numbered(found, number), html_of=text.to_html, trial="")
    return robots(cached(html, NAMES_FRESH), found.protected)


@bp.get("/letters/<slug>/updates.atom")
def update_feed(slug: str) -> Response:
    """The newest updates as an Atom feed (RFC 4287); of a protected letter only that there are any, and the count."""
    found = letters.find_published(slug)
    context = letter_context(found)
    rows = writing.public(found, writing.IN_THE_FEED)
    changed = max((each.changed_at for each in rows), default=found.created_at)
    xml = render_template(
        "public/updates.atom.html", **context, rows=rows, changed=changed, html_of=text.to_html, moment=_moment,
        feed_id=_feed_id(found), entry_id=_entry_id,
    )  # fmt: skip
    response = robots(cached(xml, NAMES_FRESH), found.protected)
    response.mimetype = "application/atom+xml"
    return response


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _feed_id(letter: Letter) -> str:
    """The same for ever, and another for every language; it does not move with the site."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"letter {letter.slug} {letter.created_at.isoformat()} {current_language()}").urn


def _entry_id(found: Update) -> str:
    return uuid.uuid5(uuid.UUID(found.public_id), current_language()).urn
