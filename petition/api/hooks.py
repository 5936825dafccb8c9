"""What a mail service posts to us: that a mail came back or was reported as unwanted (docs/bounces.md)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, jsonify, request

from petition.errors import NotFound, PetitionError
from petition.upkeep import returned

bp = Blueprint("hooks", __name__)

LARGEST = 64 * 1024


@bp.post("/hooks/bounces")
def bounces() -> Response:
    """Take one signed report in."""
    config = current_app.config["PETITION"]
    if not config.bounce_secret:
        raise NotFound
    request.max_content_length = LARGEST
    timestamp, signature = (request.headers.get(f"Petition-{name}", "") for name in ("Timestamp", "Signature"))
    outcome = returned.posted(request.get_data(), timestamp, signature, config=config, now=datetime.now(UTC))
    return jsonify(outcome=outcome)


@bp.errorhandler(PetitionError)
def _refused(error: PetitionError) -> tuple[Response, int]:
    return jsonify(error={"code": error.code, "message": error.sentence}), error.status


@bp.after_request
def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
