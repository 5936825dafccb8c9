"""What the tests of the door share: limits that are soon spent, and ways to bring a proof or a ticket."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime

import altcha
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from petition.db import db, transaction
from petition.limits import Rate, settings
from petition.signatures.models import SigningRequest
from tests.factories import ANA, SIGN

NOON = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)
CHALLENGE = "/letters/open-the-road/challenge"


def allow(name: str, count: int, seconds: int = 60) -> None:
    """Set a limit as the team would."""
    with transaction() as session:
        settings.write(session, settings.policy(name), Rate(count, seconds), "owner@example.org", NOON)


def spent(client: FlaskClient) -> TestResponse:
    """Use the network's only post up, and return the page that the next one gets."""
    allow("sign_burst", 1)
    assert client.post(SIGN, data=ANA | {"name": "First"}).status_code == 303
    answer = client.post(SIGN, data=ANA)
    assert answer.status_code == 429
    return answer


def ticket(page: TestResponse) -> str:
    """The ticket that a page carries."""
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def proof(client: FlaskClient, address: str = CHALLENGE) -> str:
    """A puzzle fetched and solved, as the browser sends it."""
    found = client.get(address).json
    solution = altcha.solve_challenge(altcha.Challenge.from_dict(found))
    assert solution is not None
    return base64.b64encode(json.dumps({"challenge": found, "solution": solution.to_dict()}).encode()).decode()


def requests() -> list[SigningRequest]:
    """Every signing request, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(SigningRequest).order_by(SigningRequest.id)))
