"""Before and after a letter is open: gathered in confidence, published by itself at a set moment, archived."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition import audit
from petition.audit import PLATFORM, Actor
from petition.db import reading, transaction
from petition.errors import N_, Conflict, Fault, Invalid
from petition.letters import operations as letters
from petition.letters.drafts import LENGTH, NoDraft
from petition.letters.models import Letter


class StillOpen(Conflict):
    """What takes signatures, or may again, is not put into the archive."""

    code = "still_open"
    message = N_("Only a closed letter can be archived.")


def gather(letter: Letter, *, actor: Actor, now: datetime) -> None:
    """Let whoever has the draft's secret link sign it, and make the link if there is none; raises NoDraft."""
    with transaction() as session:
        _lock_draft(session, letter)
        letter.preview_token = letter.preview_token or secrets.token_urlsafe(LENGTH)
        if not letter.gathering:
            letter.gathering = True
            _note(session, letter, "letter.gathering", actor, now)


def stop_gathering(letter: Letter, *, actor: Actor, now: datetime) -> None:
    """Take no more signatures under the draft; who signed stays, and can be seen by the team alone. Raises NoDraft."""
    with transaction() as session:
        _lock_draft(session, letter)
        if letter.gathering:
            letter.gathering = False
            _note(session, letter, "letter.gathering_stopped", actor, now)


def schedule(letter: Letter, at: datetime | None, *, actor: Actor, now: datetime) -> None:
    """Publish the draft by itself at a moment, or (None) not any more; raises NoDraft, and Invalid for a moment gone by."""
    with transaction() as session:
        _lock_draft(session, letter)
        if at is not None and at <= now:
            raise Invalid([Fault("at", "gone_by", N_("This moment has passed already."))])
        if letter.publishes_at != at:
            letter.publishes_at = at
            _note(session, letter, "letter.scheduled", actor, now, moment=at.isoformat() if at else "never")


def publish_due(now: datetime) -> int:
    """Open the drafts whose moment has come; returns how many. Raises Busy."""
    due = select(Letter.id, Letter.slug).where(Letter.status == "draft", Letter.publishes_at <= now)
    with reading() as session:
        found = [(number, slug) for number, slug in session.execute(due)]
    return sum(_publish(number, slug, now) for number, slug in found)


def _publish(letter_id: int, slug: str, now: datetime) -> int:
    with transaction() as session:
        letters.hold(session, slug)  # before the row, as whoever else writes the letter does
        letter = session.get_one(Letter, letter_id, with_for_update=True, populate_existing=True)
        if letter.status != "draft" or letter.publishes_at is None or letter.publishes_at > now:
            return 0  # another worker was first, or the team thought better of it
        letters.set_status(letter, "open", actor=PLATFORM, now=now)
        return 1


def archive(letter: Letter, *, away: bool, actor: Actor, now: datetime) -> None:
    """Put a closed letter out of the way in the lists, or back; its page stays where it is. Raises StillOpen."""
    with transaction() as session:
        session.refresh(letter, with_for_update=True)
        if away and letter.state(now) != "closed":
            raise StillOpen
        if letter.archived != away:
            letter.archived = away
            _note(session, letter, "letter.archived" if away else "letter.unarchived", actor, now)


def _lock_draft(session: Session, letter: Letter) -> None:
    session.refresh(letter, with_for_update=True)
    if letter.status != "draft":
        raise NoDraft


def _note(session: Session, letter: Letter, action: str, actor: Actor, now: datetime, **details: str) -> None:
    audit.record(session, at=now, actor=actor, action=action, thing=("letter", letter.id), team_id=letter.team_id, **details)
