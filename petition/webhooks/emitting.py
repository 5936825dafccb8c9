"""Queues what happened, in the transaction in which it happened; who signed is looked up only when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.signatures import transitions
from petition.signatures.models import Signature
from petition.signatures.transitions import Moved
from petition.webhooks.models import EVENTS, GOES_WITH, MOST, Webhook, WebhookDelivery


def emit(session: Session, letter: Letter, event: str, payload: dict[str, Any], now: datetime) -> int:
    """Queue an event for every webhook of the letter's team that wants it; how many those are.

    Nobody hears of a draft. `payload` is plain JSON without addresses, `{"signatures": [public ids]}`, or `{"after": 0}` for all.
    """
    choice = GOES_WITH.get(event, event)
    if choice not in EVENTS:
        raise ValueError(event)
    if letter.status == "draft":
        return 0
    mine = select(Webhook).where(Webhook.team_id == letter.team_id, Webhook.disabled_at.is_(None))
    # Held as they are: no signature may fail since an owner removes one of them at this moment.
    mine = mine.order_by(Webhook.id).with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    wanted = [each for each in session.scalars(mine) if choice in each.events]
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


@transitions.on_reshape
def _signature_changed(session: Session, signature: Signature, now: datetime) -> None:
    if not signature.letter.protected:  # of which no name was told
        emit(session, signature.letter, "signature.changed", {"signatures": [signature.public_id]}, now)


@letters.on_open
def _opened(session: Session, letter: Letter, now: datetime) -> None:
    """Those who signed in confidence are told from now on, however many: they are looked up piece by piece when it is sent."""
    emit(session, letter, "signature.published", {"after": 0}, now)
