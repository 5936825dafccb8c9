"""A draft that partners may read before it is published: by a secret link, which the team makes, renews and ends."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select

from petition import audit
from petition.audit import Actor
from petition.db import db, transaction
from petition.errors import N_, Conflict, NotFound
from petition.letters.models import Letter

LENGTH = 24  # random bytes of a link


class NoDraft(Conflict):
    """A published letter needs no secret link."""

    code = "no_draft"
    message = N_("This letter is published: everybody may read it.")


def share(letter: Letter, *, actor: Actor, now: datetime) -> str:
    """Make the draft's secret link, which ends the one before; returns its token. Raises NoDraft."""
    with transaction() as session:
        session.refresh(letter, with_for_update=True)
        if letter.status != "draft":
            raise NoDraft
        letter.preview_token = secrets.token_urlsafe(LENGTH)
        audit.record(session, at=now, actor=actor, action="letter.shared", thing=("letter", letter.id), team_id=letter.team_id)
        return letter.preview_token


def unshare(letter: Letter, *, actor: Actor, now: datetime) -> None:
    """End the draft's secret link, and what is gathered by it; doing it twice is doing it once."""
    with transaction() as session:
        session.refresh(letter, with_for_update=True)
        if letter.preview_token is not None:
            letter.preview_token, letter.gathering = None, False
            audit.record(session, at=now, actor=actor, action="letter.unshared", thing=("letter", letter.id), team_id=letter.team_id)


def follow(token: str) -> Letter:
    """The letter that a secret link shows, published or not; raises NotFound."""
    found = db.session.scalar(select(Letter).where(Letter.preview_token == token)) if 16 <= len(token) <= 64 else None
    if found is None:
        raise NotFound
    return found
