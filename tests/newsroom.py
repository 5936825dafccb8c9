"""What tests of updates and mailings need: an update, people who want news, and a worker's steps until nothing is left."""

from __future__ import annotations

from datetime import datetime

from flask import current_app
from sqlalchemy import select

from petition.audit import COMMAND_LINE
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.signatures import tokens
from petition.updates import feeding, writing
from petition.updates.models import Follower, Update
from tests import factories

BODY = "The council **answered**.\n\n- It opens the road.\n- [Its words](https://example.org/answer)"


def update(letter: Letter, *, publish: bool = True, now: datetime | None = None, **typed: dict[str, str]) -> Update:
    """An update of a letter, published unless said otherwise."""
    now = now or factories.now()
    words = writing.check(letter, {"en": {"title": "The council answers", "body": BODY}} | typed)
    made = writing.draft(letter, words, actor=COMMAND_LINE, now=now)
    if publish:
        writing.publish(made, actor=COMMAND_LINE, now=now)
    return made


def follower(letter: Letter, address: str, *, language: str = "en", now: datetime | None = None) -> None:
    """Somebody who follows a letter and has confirmed it."""
    from petition.addresses import fingerprint

    mailbox = fingerprint(address, factories.config().fingerprint_bytes)
    with transaction() as session:
        session.add(Follower(
            letter_id=letter.id, email=address, address_fingerprint=mailbox, language=language, digest=tokens.digest(address),
            confirmed_at=now or factories.now(),
        ))  # fmt: skip


def feed(now: datetime, steps: int = 50) -> None:
    """Gather and hand over what there is room for at this moment."""
    db.session.rollback()  # what browsers changed meanwhile is not in a read that goes on
    for _ in range(steps):
        if not feeding.work(current_app.config["PETITION"], now):
            return


def queued(message: str = "update") -> list[OutboxMail]:
    """The mails of a kind that wait, oldest first."""
    db.session.rollback()
    mine = select(OutboxMail).where(OutboxMail.message == message, OutboxMail.state == "queued")
    return list(db.session.scalars(mine.order_by(OutboxMail.id)))
