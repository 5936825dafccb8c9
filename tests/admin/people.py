"""The team of the admin tests: a member of each role, who logs in as people do, form by form."""

from __future__ import annotations

import functools
import re
import time
from typing import Any

from flask import current_app
from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import select
from werkzeug.test import TestResponse

from petition import accounts
from petition.accounts import ROLES, Member, sessions
from petition.audit import COMMAND_LINE, AuditEntry
from petition.db import db, transaction
from petition.moderation.models import ReasonTemplate
from petition.signatures.models import Signature, Takeover
from tests import factories

PASSWORD = "a sample pass phrase"
ADDRESSES = {role: f"{role}@team.example.org" for role in ROLES}


@functools.cache
def hashed() -> str:
    """The password's hash; Argon2 is slow on purpose, so it is made once."""
    return str(current_app.extensions["hash_password"](PASSWORD))


def member(role: str = "moderator", email: str = "", team: str = accounts.DEFAULT_TEAM) -> Member:
    """A member of a team with a password."""
    return accounts.add_member(
        email or ADDRESSES[role], role, actor=COMMAND_LINE, now=factories.now(), password_hash=hashed(), team_name=team
    )


def token(page: TestResponse) -> str:
    """The form token in a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def post(client: FlaskClient, address: str, page: str = "", **fields: Any) -> TestResponse:
    """Send a form from the page that shows it, with that page's token."""
    shown = client.get(page or "/admin/")
    return client.post(address, data={"csrf_token": token(shown), **fields})


def type_password(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    """The first step of logging in."""
    return post(client, "/admin/login", "/admin/login", email=email, password=password, next="/admin/")


def enter(client: FlaskClient, who: Member) -> None:
    """Be logged in as that member, second step included, without walking through the forms again."""
    with client.session_transaction("/admin/") as session:
        session["_user_id"] = who.fs_uniquifier
        session["_fresh"] = True
        session["fs_cc"] = "set"
        session["fs_paa"] = time.time()
        session["team_session"] = sessions.begin(who.id, factories.now())


def browser(who: Member) -> FlaskClient:
    """A browser of its own in which the member is logged in."""
    client = current_app.test_client()
    enter(client, who)
    return client


def code(key: str, steps: int = 0) -> str:
    """What an authenticator app with this key shows, some 30-second steps from now."""
    return str(TOTP(key=key.replace("-", "").replace(" ", "")).generate(time.time() + 30 * steps).token)


def set_up_app(client: FlaskClient, email: str) -> str:
    """Type the password and enrol an app, which logs in; returns the app's key."""
    answer = type_password(client, email)
    assert answer.location == "/admin/tf-setup", answer.text
    page = post(client, "/admin/tf-setup", "/admin/tf-setup", setup="authenticator")
    key = re.search(r'<code dir="ltr">([A-Z0-9-]+)</code>', page.text)
    assert key is not None, page.text
    answer = client.post("/admin/tf-validate", data={"csrf_token": token(page), "code": code(key[1])})
    assert answer.status_code == 302, answer.text
    return key[1]


def recorded(action: str) -> list[AuditEntry]:
    """What is on record of a kind, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def signature(name: str = "") -> Signature:
    """The newest signature, as the database has it now."""
    db.session.rollback()
    query = select(Signature).order_by(Signature.id.desc())
    if name:
        query = query.where((Signature.name == name) | (Signature.organisation == name))
    return db.session.scalars(query.limit(1)).one()


def held_union(client: FlaskClient) -> str:
    """An organisation that waits for the team; returns its public id."""
    factories.letter()
    factories.sign(client, **factories.UNION)
    found = signature()
    assert found.state == "held"
    return found.public_id


def ready_reason(team_id: int) -> None:
    """A ready-made reason of the team's own."""
    with transaction() as session:
        session.add(ReasonTemplate(team_id=team_id, reason_class="other", words="A reason of our own."))


def asked_to_take_over(client: FlaskClient, **fields: str) -> int:
    """Another representative of the union asks to answer for its entry; returns the number of the request."""
    token = factories.sign(client, **factories.UNION | {"name": "Second Speaker", "email": "second@bakers.example.org"} | fields)
    client.post(f"/signature/{token}", data={"action": "take-over"})
    db.session.rollback()
    return int(db.session.scalars(select(Takeover.id).order_by(Takeover.id.desc()).limit(1)).one())


def published_union(client: FlaskClient) -> str:
    """An organisation that the team has checked and published; returns its public id."""
    found = held_union(client)
    decision(browser(member()), found, "approve")
    return found


def decision(client: FlaskClient, public_id: str, choice: str, **fields: str) -> TestResponse:
    """Press one of the decision buttons."""
    return post(
        client, f"/admin/signatures/{public_id}/decision", f"/admin/signatures/{public_id}", decision=choice, **fields
    )
