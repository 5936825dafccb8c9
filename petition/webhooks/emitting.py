"""Queues what happened, in the transaction in which it happened; who signed is looked up only when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.letters.models import Letter
from petition.signatures import transitions
from petition.signatures.transitions import Moved
from petition.webhooks.models import EVENTS, MOST, Webhook, WebhookDelivery


def emit(session: Session, letter: Letter, event: str, payload: dict[str, Any], now: datetime) -> int:
    """Queue an event for every webhook of the letter's team that wants it; how many those are.

    Nobody hears of a draft. `payload` is plain JSON without addresses, or `{"signatures": [public ids]}`.
    """
    if event not in EVENTS:
        raise ValueError(event)
    if letter.status == "draft":
        return 0
    mine = select(Webhook).where(Webhook.team_id == letter.team_id, Webhook.disabled_at.is_(None))
    wanted = [each for each in session.scalars(mine) if event in each.events]
    session.add_all(
        WebhookDelivery(hook_id=each.id, letter_id=letter.id, event=event, payload=payload, queued_at=now) for each in wanted
    )
    return len(wanted)


@transitions.on_move
def _signatures_moved(session: Session, moved: Sequence[Moved], now: datetime) -> None:
    """One event for all that moved together: a bulk decision is told in as many messages as it has batches."""
    found: dict[tuple[int, str], list[str]] = {}
    for each in moved:
        if "published" in (each.old, each.new) and each.old != each.new:
            event = "signature.published" if each.new == "published" else "signature.withdrawn"
            found.setdefault((each.letter_id, event), []).append(each.public_id)
    for (letter_id, event), ids in found.items():
        for first in range(0, len(ids), MOST):
            emit(session, session.get_one(Letter, letter_id), event, {"signatures": ids[first : first + MOST]}, now)
