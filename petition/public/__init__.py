"""The public site: letters, signatories and signing; no cookie, no script needed, the same bytes for every reader."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, g, request
from werkzeug.routing import AnyConverter

from petition.errors import CrossSite, LengthRequired, WrongMediaType
from petition.public import errors, squeezing
from petition.signatures.rulebook import Rulebook

bp = Blueprint("public", __name__)
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", ""}


def init_app(app: Flask) -> None:
    """Register every page twice: at its plain address and behind each interface language."""
    from petition.public import (  # noqa: F401 (they hang their views on the blueprint)
        act,
        code,
        crawlers,
        embed,
        follow,
        mailbox,
        pages,
        papers,
        preview,
        report,
        share,
        sign,
        signature,
        stop,
        updates,
    )

    config = app.config["PETITION"]
    app.extensions["rulebook"] = Rulebook()
    app.url_map.converters["language"] = AnyConverter
    codes = ",".join(config.languages)
    app.register_blueprint(bp)
    app.register_blueprint(bp, url_prefix=f"/<language({codes}):language>", name="public_in")
    app.register_blueprint(crawlers.bp)
    if config.shows_mailbox:
        app.register_blueprint(mailbox.bp)
    errors.init_app(app)
    squeezing.init_app(app)


@bp.url_value_preprocessor
def _take_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.language = values.pop("language", None) if values else None
    g.scripted = False


@bp.before_request
def _judge_origin() -> None:
    """Refuse forms that another site made the browser send; a client that names no origin is no browser (Fetch Metadata)."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if request.mimetype not in FORM_TYPES:
        raise WrongMediaType
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        raise LengthRequired  # cut off at the limit it would look whole
    if _is_one_click():
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CrossSite
    elif origin not in (None, "null") and origin != request.host_url.rstrip("/") and not _own(origin):
        raise CrossSite


def _is_one_click() -> bool:
    """Whether a mail program unsubscribes its user: whoever has the link may, from wherever (RFC 8058)."""
    return bool(request.endpoint) and str(request.endpoint).endswith(".act_on_subscription") and (
        request.form.get("List-Unsubscribe") == "One-Click"
    )


def _own(origin: str) -> bool:
    from petition.templating import settings

    return settings().base_url == origin or settings().base_url.startswith(origin + "/")
