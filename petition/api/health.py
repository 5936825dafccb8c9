"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

from datetime import UTC, datetime
from hmac import compare_digest

from flask import Blueprint, Response, current_app, jsonify, request

from petition.errors import NotFound
from petition.letters import operations as letters
from petition.outbox.delivery import waiting
from petition.signatures import directory
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


@bp.get("/metrics")
def metrics() -> Response:
    """What a monitoring system counts, in Prometheus' text format; no letter is named that the public may not know of."""
    token = current_app.config["PETITION"].metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not compare_digest(token.encode(), given.encode()):
        raise NotFound
    queue = waiting(datetime.now(UTC))
    lines = ["# TYPE petition_signatures gauge"]
    for letter in letters.listed():
        counts = directory.counts(letter)
        numbers = {"published": counts.total, "held": counts.held, "rejected": counts.rejected, "withdrawn": counts.withdrawn}
        for state, number in numbers.items():
            lines.append(f'petition_signatures{{letter="{letter.slug}",state="{state}"}} {number}')
    for name, value in (("waiting", queue.count), ("oldest_seconds", queue.oldest_age_seconds or 0), ("failed", queue.failed_count)):
        lines += [f"# TYPE petition_outbox_{name} gauge", f"petition_outbox_{name} {value}"]
    response = Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")
    return _fresh(response)


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
