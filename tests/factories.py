"""The small cast of every test: one letter, a few people who sign it, one organisation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import select

from petition.audit import COMMAND_LINE
from petition.db import db
from petition.letters import document
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.signatures import directory

ORIGINAL = """---
slug: {slug}
language: en
title: Open the road
summary: A sample letter for the tests.
place: Sampletown
date: 2026-01-15
senders: [Sample Union]
addressees:
  - {{name: The Sample Council, role: which decides}}
demands: [Open the road., Keep it open.]
events:
  - {{date: 2026-01-02, text: The road was closed.}}
goal: 100
controller: Sample Office
contact: letters@example.org
keep_until: 2033-12-31
{more}---

{body}
"""
ARMENIAN = """---
slug: open-the-road
language: hy
title: Բացե՛ք ճանապարհը
senders: [Օրինակելի միություն]
addressees: [{name: Օրինակելի խորհուրդ}]
demands: [Բացե՛ք ճանապարհը։, Մի՛ փակեք այն։]
events: [{date: 2026-01-02, text: Ճանապարհը փակվեց։}]
---

Գրում ենք փակ ճանապարհից։
"""
ANA = {"name": "Ana Sample", "email": "ana@example.org", "consent": "yes"}
ARAM = {"name": "Արամ Օրինակյան", "email": "aram@example.org", "consent": "yes", "country": "AM"}
UNION = {
    "kind": "organisation", "organisation": "Sample Union of Bakers", "name": "Rita Representative",
    "email": "rita@bakers.example.org", "website": "https://bakers.example.org", "consent": "yes",
}  # fmt: skip
SIGN = "/letters/open-the-road/sign"


def now() -> datetime:
    """The moment a test happens at."""
    return datetime.now(UTC)


def letter(
    slug: str = "open-the-road", *, status: str = "open", body: str = "We write from a closed road.", more: str = "", **options: Any
) -> Letter:
    """A loaded letter, open unless said otherwise."""
    source = ORIGINAL.format(slug=slug, body=body, more=more)
    load(source, **options)
    found = letters.find(slug)
    for step in dict.fromkeys(("open", status)) if status != "draft" else ():
        letters.set_status(found, step, actor=COMMAND_LINE, now=now())
    return found


def load(source: str, **options: Any) -> letters.Loaded:
    """Load a letter file's text."""
    return letters.load(
        document.read(source, "letter.md"), file="letter.md", signed=directory.anybody, actor=COMMAND_LINE, now=now(), **options
    )


def mails(message: str = "verify") -> list[OutboxMail]:
    """The queued mails of a kind, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).where(OutboxMail.message == message).order_by(OutboxMail.id)))


def last_token(message: str = "verify") -> str:
    """The token in the newest mail of a kind."""
    return str((mails(message)[-1].values or {})["token"])


def ask(client: FlaskClient, **fields: str) -> str:
    """Send the form and return the token that was mailed."""
    answer = client.post(SIGN, data=fields)
    assert answer.status_code == 303, answer.text[:2000]
    return last_token()


def sign(client: FlaskClient, **fields: str) -> str:
    """Send the form, press the mailed button, and return the link's token."""
    token = ask(client, **fields)
    answer = client.post(f"/signature/{token}", data={"action": "confirm"})
    assert answer.status_code == 303, answer.text[:2000]
    return token


def count(client: FlaskClient, slug: str = "open-the-road") -> dict[str, Any]:
    """The public count."""
    answer: dict[str, Any] = client.get(f"/api/v1/letters/{slug}/count").json
    return answer


def config() -> Any:
    """The settings of the application under test."""
    return current_app.config["PETITION"]
