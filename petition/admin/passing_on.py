"""Passing a letter on: what its share links say, and the list of those whom readers can write to."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from typing import Any, cast

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n, moderation
from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_, Invalid
from petition.exports.formats import harmless
from petition.exports.paper import short_address
from petition.imports import contacts as lists
from petition.imports.reading import Unreadable, unreadable
from petition.letters import contacts, sharing
from petition.letters.models import Letter
from petition.templating import current_language, settings

SAVED = N_("Saved. New links say this from now on.")
REMOVED = N_("The list is removed.")


@bp.get("/letters/<slug>/passing-on")
@gate("editor")
def passing_on(slug: str) -> BaseResponse:
    """The share texts and the list of contacts."""
    return _page(moderation.letter(member(), slug, "editor"))


@bp.post("/letters/<slug>/passing-on")
@gate("editor")
def save_share_texts(slug: str) -> BaseResponse:
    """Replace the share texts of all languages."""
    found = moderation.letter(member(), slug, "editor")
    given = {code: request.form.get(f"text-{code}", "") for code in _languages(found)}
    kept = {code: words for code, words in sharing.texts(found).items() if code not in given}
    try:
        sharing.save(found, kept | given, actor=member().actor, now=datetime.now(UTC))
    except Invalid as error:
        return _page(found, given=given, faults={fault.field: fault for fault in error.faults}, status=error.status)
    flash(gettext(SAVED))
    return redirect(url_for("admin.passing_on", slug=slug), 303)


@bp.post("/letters/<slug>/contacts")
@gate("editor")
def take_contacts(slug: str) -> BaseResponse:
    """Put an uploaded list in the place of the one before, whole or not at all; or remove it."""
    found = moderation.letter(member(), slug, "editor")
    entries: list[contacts.Entry] = []
    if request.form.get("action") != "remove":
        try:
            sent = request.files.get("file")
            if sent is None or not sent.filename:
                raise unreadable("no_file", N_("Please choose a file."))
            entries, faults = lists.read(cast(Any, sent.stream))
        except Unreadable as error:
            return _page(found, problem=error, status=error.status)
        if faults:
            return _page(found, lines=faults, status=422)
    contacts.replace(found, entries, actor=member().actor, now=datetime.now(UTC))
    said = ngettext("The list is in use: %(num)s contact.", "The list is in use: %(num)s contacts.", len(entries))
    flash(said if entries else gettext(REMOVED))
    return redirect(url_for("admin.passing_on", slug=slug, _anchor="contacts"), 303)


@bp.get("/letters/<slug>/contacts.csv")
@gate("editor")
def contacts_file(slug: str) -> Response:
    """The list as it is in use."""
    found = moderation.letter(member(), slug, "editor")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(contacts.COLUMNS)
    for each in contacts.of(found):
        writer.writerow([harmless(getattr(each, name)) for name in contacts.COLUMNS])
    response = make_response("\ufeff" + text.getvalue())
    response.mimetype = "text/csv"
    response.headers.set("Content-Disposition", "attachment", filename=f"{slug}-contacts.csv")
    return response


def _languages(found: Letter) -> list[str]:
    """The letter's own languages first, then those of the site's pages."""
    return list(dict.fromkeys([*found.languages, *settings().languages]))


def _page(found: Letter, *, given: dict[str, str] | None = None, status: int = 200, **more: Any) -> BaseResponse:
    listed = Counter(each.country for each in contacts.of(found))
    shown: dict[str, Any] = {"problem": None, "lines": (), "faults": {}} | more
    html = render_template(
        "admin/passing_on.html", letter=found, texts=given or sharing.texts(found), languages=_languages(found), longest=sharing.LONGEST,
        countries=sorted((i18n.country_name(code, current_language()), number) for code, number in listed.items()),
        size=lists.MOST_BYTES // 1024, most=lists.MOST_ROWS, short=short_address(found, found.original_language, settings()),
        acts=any(each.action for each in found.translations), **shown,
    )  # fmt: skip
    return make_response(html, status)
