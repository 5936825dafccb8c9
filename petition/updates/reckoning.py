"""What became of a mailing's mails: counted in the outbox while it knows them, and in the mailing's own row from then on."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from petition import outbox
from petition.outbox.models import OutboxMail
from petition.updates.models import Mailing

# Where each state of a mail is counted; what is stopped was not wanted any more, or goes back to those not mailed yet.
COUNTED = {"sent": "sent", "bounced": "returned", "complained": "complained", "failed": "failed", "dropped": "failed"}


def reckon(session: Session, mailing: Mailing) -> Counter[str]:
    """How many of its mails were sent, returned, complained of, failed, or are queued."""
    found = Counter({column: getattr(mailing, column) for column in COUNTED.values()})
    for state, number in outbox.counted(session, mailing.scope).items():
        found[COUNTED.get(state, state)] += number
    return found


def remember(session: Session, mails: list[int]) -> None:
    """Count in their mailings what became of these mails, which the outbox is about to forget."""
    rows = select(OutboxMail.scope, OutboxMail.state, func.count()).where(OutboxMail.id.in_(mails), OutboxMail.state.in_(COUNTED))
    rows = rows.where(OutboxMail.scope.startswith("news:")).group_by(OutboxMail.scope, OutboxMail.state)
    for scope, state, number in session.execute(rows.order_by(OutboxMail.scope)).all():
        column = getattr(Mailing, COUNTED[state])
        session.execute(update(Mailing).where(Mailing.id == int(scope.rpartition(":")[2])).values({column: column + number}))
