"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify

from petition.upkeep import readiness

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return _fresh(jsonify({"status": "ok"}))


@bp.get("/readyz")
def readyz() -> tuple[Response, int]:
    """The database answers, its schema is this version's, and mail is not stuck."""
    problems = readiness.problems(datetime.now(UTC))
    return _fresh(jsonify({"status": "not ready" if problems else "ready", "problems": problems})), 503 if problems else 200


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
