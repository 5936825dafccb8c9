"""Claims what is due: one mail, or a handful of a mailing, each made ready to be sent in the same transaction."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from petition.db import is_postgresql, transaction
from petition.errors import Busy, PetitionError
from petition.outbox import LONGEST_WAIT, recording, suppression
from petition.outbox.models import EMPTIED, OutboxMail
from petition.outbox.preparing import needs_preparing, prepared, verdict
from petition.outbox.rendering import FAULTS

LEASE = timedelta(seconds=60)
HANDFUL = 10  # mails in bulk that are claimed together, and at most sent twice when a worker is killed


def due(now: datetime) -> ColumnElement[bool]:
    """What may be claimed now.

    A mail that was never tried waits a minute at most, whatever its date says, and a lease that outlasts twice its length
    is none: both come from a clock that was set back.
    """
    free = or_(
        OutboxMail.leased_until.is_(None), OutboxMail.leased_until <= now, OutboxMail.leased_until > now + 2 * LEASE
    )
    untried = and_(OutboxMail.attempts == 0, OutboxMail.due_at > now + LONGEST_WAIT)
    return and_(OutboxMail.state == "queued", or_(OutboxMail.due_at <= now, untried), free)


def claim(now: datetime, most: int) -> tuple[list[OutboxMail], Counter[str]]:
    """Lease the oldest due mail, those in bulk last, or at most HANDFUL of those: the mails, and what became of those not to be sent."""
    done: Counter[str] = Counter()
    with transaction() as session:
        mails, found = [], _oldest(session, now, min(most, HANDFUL))
        for mail in found:
            mail.unknowns += mail.leased_until is not None  # somebody claimed it and never said how it went
            mail.leased_until, mail.attempts = now + LEASE, mail.attempts + 1
        session.flush()
        silent = suppression.silent(session, found)
        for mail in found:
            if outcome := _make_ready(session, mail, mail.id in silent, now):
                done[outcome] += 1
            else:
                mails.append(mail)
        session.flush()
        for mail in mails:
            session.expunge(mail)  # what was read stays readable after the commit
    return mails, done


def _oldest(session: Session, now: datetime, most: int) -> list[OutboxMail]:
    """What is to be sent next. What was ever sent in doubt goes alone, so that no mail that kills a worker takes others with it."""
    free = select(OutboxMail).where(due(now), OutboxMail.expires_at > now).order_by(OutboxMail.bulk, OutboxMail.due_at, OutboxMail.id)
    first = _locked(session, free.limit(1))
    if not first or most < 2 or not first[0].bulk or first[0].leased_until is not None or first[0].unknowns:
        return first
    fresh = free.where(OutboxMail.bulk.is_(True), OutboxMail.leased_until.is_(None), OutboxMail.unknowns == 0, OutboxMail.id != first[0].id)
    return first + _locked(session, fresh.limit(most - 1))


def _locked(session: Session, query: Select[OutboxMail]) -> list[OutboxMail]:
    query = query.with_for_update(skip_locked=True) if is_postgresql(session) else query
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _make_ready(session: Session, mail: OutboxMail, silent: bool, now: datetime) -> str:
    """Let the values of a leased mail be filled in; what became of it when it is not to be sent."""
    wanted = not silent and verdict(session, mail, now)
    if isinstance(wanted, timedelta):
        return recording.put_off(mail, wanted, now)
    if not wanted:
        # Its holder stopped all mail, or what this one is about, while it was queued.
        recording.record(mail, now, "stopped", state="stopped", finished_at=now, leased_until=None, **EMPTIED)
        return "stopped"
    if mail.unknowns >= recording.DOUBTS:
        return recording.give_up(mail, recording.GAVE_UP, now, attempts=mail.attempts - 1)
    fault = _prepare(session, mail, now)
    return recording.retry(mail, fault, now) if fault else ""


def _prepare(session: Session, mail: OutboxMail, now: datetime) -> str:
    """Let the values be filled in; a fault in that, named in the answer, must not undo the claim."""
    if not needs_preparing(mail):
        return ""
    try:
        with session.begin_nested():
            prepared(session, mail, now)
    except (Busy, OperationalError, InterfaceError):
        raise  # the database's trouble, not this mail's
    except (PetitionError, SQLAlchemyError, *FAULTS) as error:
        recording.log_fault(mail, error)
        return f"preparing {type(error).__name__}"
    return ""
