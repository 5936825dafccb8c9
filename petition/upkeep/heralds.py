"""Tells webhooks of what happens in rooms beside theirs: milestones that are reached and updates that are published."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from petition.signatures import milestones
from petition.signatures.milestones import Reached
from petition.updates import writing
from petition.updates.models import Update
from petition.webhooks import emitting


@milestones.on_reached
def _milestone(session: Session, what: Reached) -> None:
    emitting.emit(session, what.letter, "letter.milestone", {"kind": what.kind, "number": what.number, "total": what.total}, what.at)


@writing.on_publish
def _update(session: Session, update: Update, now: datetime) -> None:
    """The number of the update leads to its page; of a protected letter not even its title is told."""
    told: dict[str, Any] = {"number": update.number}
    if not update.letter.protected:
        told["title"] = update.words(update.letter.original_language).title
    emitting.emit(session, update.letter, "update.published", told, now)
