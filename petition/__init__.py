"""Wires the platform together: settings, database, languages, log-in, pages, API and commands; nothing else."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_babel import Babel
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from petition import admin, api, cli, config, db, public, templating
from petition.config import Config
from petition.limits import Limiter
from petition.limits import settings as limit_settings
from petition.upkeep import schema, wiring  # noqa: F401 (migrations compare the whole of it; rooms hear of each other)

# What a page may fetch: its own stylesheet and pictures, nothing from anywhere else, and no script; the page that asks for a
# proof may run the script that works it out.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
FRAMED_POLICY = POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")  # of a card that is made for frames
SCRIPT_POLICY = POLICY.replace("default-src 'none'", "default-src 'none'; script-src 'self'; connect-src 'self'")
ADMIN_POLICY = SCRIPT_POLICY.replace("img-src 'self'", "img-src 'self' data:")


def create_app(settings: Config | None = None) -> Flask:
    """The application, made from the settings given or from the environment; raises BadSetting."""
    settings = settings or config.load(os.environ)
    app = Flask(
        "petition", template_folder=str(config.data_folder("templates")), static_folder=str(config.data_folder("static")),
    )  # fmt: skip
    app.config.update(
        PETITION=settings, SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=256 * 1024, MAX_FORM_MEMORY_SIZE=256 * 1024,
        MAX_FORM_PARTS=100, SESSION_COOKIE_NAME="petition_team", SESSION_COOKIE_PATH="/admin", SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"), SESSION_COOKIE_SAMESITE="Lax",
        BABEL_DEFAULT_LOCALE="en", BABEL_TRANSLATION_DIRECTORIES=str(templating.CATALOGUES),
        SEND_FILE_MAX_AGE_DEFAULT=86_400, SQLALCHEMY_TRACK_MODIFICATIONS=False,
    )  # fmt: skip
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_prefix=0)  # type: ignore[method-assign]
    db.init_app(app, settings.database_url)
    Migrate(app, db.db, directory=str(config.data_folder("migrations")), render_as_batch=True, compare_type=True)
    Babel(app, locale_selector=templating.current_language)
    app.extensions["limiter"] = Limiter(settings, changed=limit_settings.stored)
    templating.init_app(app)
    for edge in (public, api, admin):
        edge.init_app(app)
    cli.init_app(app)
    app.after_request(_headers)
    return app


def _headers(response: Response) -> Response:
    """Say on every answer what a browser may do with it."""
    in_admin = request.path.startswith("/admin")
    framed = str(request.endpoint).endswith(".embed") and response.status_code < 400
    policy = ADMIN_POLICY if in_admin else SCRIPT_POLICY if g.get("scripted") else FRAMED_POLICY if framed else POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if not framed:
        response.headers.setdefault("X-Frame-Options", "DENY")
    private = in_admin or g.get("private", False) or "/signature/" in request.path or "/mail/stop/" in request.path
    response.headers.setdefault("Referrer-Policy", "no-referrer" if private else "strict-origin-when-cross-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), browsing-topics=()")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.status_code == 308:  # the router's own, made with whatever Host the request named
        parts = urlsplit(response.headers["Location"])
        response.data = b""  # it names the Host as well
        response.headers["Location"] = f"{parts.path}?{parts.query}" if parts.query else parts.path
        response.headers["Cache-Control"] = "no-store"
    if in_admin:
        response.headers["Cache-Control"] = "no-store"
    return response
