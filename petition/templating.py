"""What every template may use: the reader's language, dates and numbers in it, safe Markdown, and translated errors."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, has_request_context
from flask_babel import format_decimal, get_locale, gettext
from markupsafe import Markup

from petition import i18n
from petition.config import Config
from petition.errors import Fault, PetitionError

CATALOGUES: Path = i18n.CATALOGUES


def settings() -> Config:
    """The settings of the running application."""
    found: Config = current_app.config["PETITION"]
    return found


def current_language() -> str:
    """The language of the page being made: the address's, else the letter's, else the site's own."""
    language = g.get("language") if has_request_context() else None
    return str(language or settings().languages[0])


def say(problem: Fault | PetitionError | str) -> str:
    """A fault's or error's sentence in the reader's language."""
    if isinstance(problem, str):
        return str(gettext(problem))
    return str(gettext(problem.message, **problem.params)) if problem.params else str(gettext(problem.message))


def number(value: int) -> str:
    """A number as the reader's language writes it."""
    return str(format_decimal(value))


def day(value: date | datetime | str, language: str | None = None) -> str:
    """A date as the reader's language, or the one named, writes it out."""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    return i18n.format_day(value, language or current_language())


def lines(text: str) -> Markup:
    """Plain text with its line breaks, safe to show."""
    return Markup("<br>").join(text.split("\n"))


def short_fingerprint(fingerprint: str) -> str:
    """The first half-line of a fingerprint, in groups of four that can be read aloud."""
    return " ".join(fingerprint[i : i + 4] for i in range(0, 16, 4))


def _digest(path: Path) -> str:
    """A short name of a file's bytes, so that a changed stylesheet has a new address."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def init_app(app: Flask) -> None:
    """Give the templates their filters and globals."""
    app.jinja_env.filters.update(number=number, day=day, lines=lines, say=say, short=short_fingerprint)
    app.jinja_env.globals.update(
        direction=i18n.direction, own_name=i18n.own_name, country_name=lambda code: i18n.country_name(code, current_language()),
        settings=settings, current_language=current_language, stylesheet=_digest(Path(str(app.static_folder)) / "site.css"),
        embed_stylesheet=_digest(Path(str(app.static_folder)) / "embed.css"),
        challenge_script=_digest(Path(str(app.static_folder)) / "challenge.js"),
        count_script=_digest(Path(str(app.static_folder)) / "count.js"),
        share_script=_digest(Path(str(app.static_folder)) / "share.js"),
    )  # fmt: skip
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    def reading() -> dict[str, Any]:
        language = current_language()
        return {"language": language, "dir": i18n.direction(language), "locale": get_locale()}

    app.context_processor(reading)
