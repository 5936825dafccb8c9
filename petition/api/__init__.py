"""What programs read: the public JSON under /api/v1, and the health of the process and its database."""

from __future__ import annotations

from flask import Flask

from petition.api import health, letters


def init_app(app: Flask) -> None:
    """Register the API and the health addresses."""
    app.register_blueprint(letters.bp)
    app.register_blueprint(health.bp)
