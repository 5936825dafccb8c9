"""Mail queued in the same transaction as its cause, so that neither exists without the other."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from petition import addresses
from petition.db import serialise
from petition.outbox import suppression, tally
from petition.outbox.models import EMPTIED, OutboxMail

LIFETIME = timedelta(days=7)
SHORT = 24  # digits of a mailbox's keyed hash in a scope
LONGEST_WAIT = timedelta(minutes=1)  # for which a mail may lie before its first try, so that it can be taken back


@dataclass(frozen=True)
class Cap:
    """At most `day` mails within 24 hours and `month` within 30 days, to one address in one scope."""

    day: int
    month: int


VERIFICATION_CAP = Cap(day=3, month=5)
FIND_CAP = Cap(day=3, month=30)
QUESTION_CAP = Cap(day=3, month=6)
FOLLOW_CAP = Cap(day=2, month=5)
TEST_CAP = Cap(day=20, month=200)


def queue(
    session: Session, message: str, *, to: str, fingerprint: str, language: str, values: dict[str, Any], scope: str,
    now: datetime, cap: Cap | None = None, mailbox: str = "", lifetime: timedelta = LIFETIME, wait: timedelta = timedelta(0),
    bulk: bool = False,
) -> bool:  # fmt: skip
    """Queue one mail inside the caller's transaction; False, and no mail, when the address has had its share or wants none.

    With `mailbox` (`addresses.mailbox`) the cap counts all that goes to one mailbox, whatever tags the address has.

    `values` are plain JSON for the templates and hold nothing a stranger typed, save in mails to the team itself. For
    `wait`, at most LONGEST_WAIT, it can be taken back. A `bulk` mail lets every other one go first.
    """
    if suppression.silences(session, message, fingerprint):
        return False
    scope = f"{scope}:{mailbox[:SHORT]}" if mailbox else scope
    if cap is not None and _spent(session, "" if mailbox else fingerprint, scope, cap, now):
        return False
    session.add(OutboxMail(
        message_id=uuid.uuid4().hex, message=message, language=language, recipient=to, values=values,
        recipient_fingerprint=fingerprint, scope=scope, queued_at=now, due_at=now + wait, expires_at=now + lifetime, bulk=bulk,
        domain=domain if addresses.is_free_mail(domain := addresses.domain(to)) else "",
    ))  # fmt: skip
    return True


def take_back(session: Session, message: str, *, fingerprint: str, scope: str) -> str | None:
    """Forget the mails of this kind that nobody has tried to send yet: the address they were for, or None when too late."""
    mine = select(OutboxMail).where(OutboxMail.recipient_fingerprint == fingerprint, OutboxMail.scope == scope)
    mine = mine.where(OutboxMail.message == message, OutboxMail.state == "queued")
    mine = mine.where(OutboxMail.attempts == 0, OutboxMail.leased_until.is_(None))
    address = None
    for mail in session.scalars(mine.order_by(OutboxMail.id).with_for_update(skip_locked=True)):
        address = mail.recipient
        session.delete(mail)
    return address


def stop(session: Session, scope: str, now: datetime, fingerprint: str = "") -> list[str]:
    """Stop what waits in a scope, or in a part of it, and forget the addresses: the mailboxes that surely got nothing.

    What a worker is sending at this moment is left alone. With `fingerprint` only what would go to that mailbox.
    """
    mine = [OutboxMail.state == "queued", or_(OutboxMail.scope == scope, OutboxMail.scope.startswith(f"{scope}:", autoescape=True))]
    mine.append(or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until <= now))
    if fingerprint:
        mine.append(OutboxMail.recipient_fingerprint == fingerprint)
    ids = tally.leaving(session, and_(*mine), "stopped", now)
    # A server that put a mail off has not delivered it; where nobody wrote down how it went, it may have been.
    surely = (OutboxMail.id.in_(ids), OutboxMail.unknowns == 0, OutboxMail.leased_until.is_(None))
    untaken = list(session.scalars(select(OutboxMail.recipient_fingerprint).where(*surely).order_by(OutboxMail.id)))
    gone = update(OutboxMail).where(OutboxMail.id.in_(ids))
    session.execute(gone.values(state="stopped", finished_at=now, leased_until=None, **EMPTIED))
    return untaken


def counted(session: Session, scope: str) -> dict[str, int]:
    """How many mails of a scope are in each state."""
    query = select(OutboxMail.state, func.count()).where(OutboxMail.scope == scope).group_by(OutboxMail.state)
    return {state: number for state, number in session.execute(query)}


def waiting_in_bulk(session: Session, scope: str = "", untried: bool = False) -> int:
    """How many bulk mails are in the queue; in one scope, or those never tried, where asked for."""
    query = select(func.count()).where(OutboxMail.state == "queued", OutboxMail.bulk.is_(True))
    query = query.where(OutboxMail.scope == scope) if scope else query
    return session.scalar(query.where(OutboxMail.attempts == 0) if untried else query) or 0


def _spent(session: Session, fingerprint: str, scope: str, cap: Cap, now: datetime) -> bool:
    # Parallel posts for one address must not each see room for one more.
    serialise(session, "cap", fingerprint, scope)
    mine = select(func.count()).select_from(OutboxMail)
    mine = mine.where(OutboxMail.scope == scope)
    mine = mine.where(OutboxMail.recipient_fingerprint == fingerprint) if fingerprint else mine
    today = session.scalar(mine.where(OutboxMail.queued_at > now - timedelta(days=1))) or 0
    lately = session.scalar(mine.where(OutboxMail.queued_at > now - timedelta(days=30))) or 0
    return today >= cap.day or lately >= cap.month
