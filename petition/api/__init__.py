"""What programs read: the public JSON under /api/v1, the health of the process, and what a mail service posts."""

from __future__ import annotations

from flask import Flask

from petition.api import health, hooks, letters


def init_app(app: Flask) -> None:
    """Register the API and the health addresses."""
    app.register_blueprint(letters.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(hooks.bp)
