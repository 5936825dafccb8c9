"""Twenty at once with one proof, or one ticket: one request, and the others are asked again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from petition import challenge, create_app
from petition.db import db, dispose
from petition.limits import counters
from petition.limits import limiter as limiter_module
from tests.conftest import settings
from tests.factories import ANA, SIGN, letter
from tests.public.door import allow, proof, requests, ticket

TWENTY = 20


@pytest.fixture
def app(database_url, tmp_path, monkeypatch, clock):
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(counters, "WAIT", 5.0)
    monkeypatch.setattr(limiter_module, "READ_EVERY", 0.0)
    monkeypatch.setattr(challenge, "TRIES", 100)
    app = create_app(settings(tmp_path, database_url, limits="on"))
    with app.app_context():
        letter()
        yield app
        app.extensions["limiter"].close()
        dispose()


def at_once(app: Flask, posts: list[dict[str, str]]) -> list[int]:
    db.session.rollback()
    with ThreadPoolExecutor(TWENTY) as pool:
        return sorted(pool.map(lambda data: app.test_client().post(SIGN, data=data).status_code, posts))


def test_of_twenty_posts_with_one_proof_one_is_let_in(app):
    allow("sign_burst", 1)
    client = app.test_client()
    client.post(SIGN, data=ANA | {"name": "First"})
    payload = proof(client)
    posts = [ANA | {"name": f"Ana {number}", "email": f"ana{number}@example.org", "altcha": payload} for number in range(TWENTY)]
    assert at_once(app, posts) == [303] + [429] * 19
    assert [each.signals for each in requests()[1:]] == [["network_burst", "came_by_proof"]]


def test_twenty_times_the_same_form_with_its_proof_is_one_request(app):
    allow("sign_burst", 1)
    client = app.test_client()
    client.post(SIGN, data=ANA | {"name": "First"})
    assert at_once(app, [ANA | {"altcha": proof(client)}] * TWENTY) == [303] * TWENTY
    assert len(requests()) == 2


def test_of_twenty_posts_with_one_ticket_one_is_let_in(app, clock):
    allow("sign_sustained", 1, 3600)
    allow("tickets", 100)
    client = app.test_client()
    client.post(SIGN, data=ANA | {"name": "First"})
    held = ticket(client.post(SIGN, data=ANA))
    clock.shift(timedelta(seconds=60))
    posts = [ANA | {"name": f"Ana {number}", "email": f"ana{number}@example.org", "ticket": held} for number in range(TWENTY)]
    assert at_once(app, posts) == [303] + [429] * 19
    assert len(requests()) == 2
