"""One reminder to those who asked to sign and have not confirmed, about two days later, while the letter is open."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from petition.config import Config
from petition.db import is_postgresql, reading, transaction
from petition.errors import LinkNotValid
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.outbox.pace import Pace, measure
from petition.outbox.preparing import guards
from petition.signatures import tokens
from petition.signatures.models import Signature, SigningRequest
from petition.signatures.operations import CONFIRM_WITHIN, mail_link

AFTER = timedelta(days=2)
NOT_AFTER = timedelta(days=5)  # so that whoever is reminded has time, and a worker that slept reminds nobody too late
CHUNK = 100  # mails each time, within the pace of all mail in bulk, so that a wave of requests does not come back as one of mails
# Whoever was typed in by a program is not written to again.
SUSPECT = frozenset({"honeypot", "blocked", "network_burst", "domain_burst"})


def remind(config: Config, now: datetime) -> int:
    """Queue the next reminders, as many as the pace of all mail in bulk has room for: how many. Raises Busy."""
    due = select(SigningRequest).join(Letter).where(
        SigningRequest.expires_at <= now + CONFIRM_WITHIN - AFTER, SigningRequest.expires_at > now + CONFIRM_WITHIN - NOT_AFTER,
        SigningRequest.reminded_at.is_(None), SigningRequest.signature_id.is_(None), Letter.status == "open",
    ).order_by(SigningRequest.expires_at, SigningRequest.id).limit(CHUNK)  # fmt: skip
    with reading() as session:
        if session.scalar(due.with_only_columns(SigningRequest.id)) is None:
            return 0
    with transaction() as session:
        pace = measure(session, config, now)
        if is_postgresql(session):
            due = due.with_for_update(skip_locked=True, of=SigningRequest)
        rows = list(session.scalars(due.execution_options(populate_existing=True)))
        return sum(_remind(session, each, pace, config, now) for each in rows)


def _remind(session: Session, row: SigningRequest, pace: Pace, config: Config, now: datetime) -> bool:
    if row.reminded_at is not None:  # with another of its mailbox, a moment ago
        return False
    if not pace.takes(row.email):
        return False  # later
    row.reminded_at = now
    if row.letter.state(now) != "open" or SUSPECT & set(row.signals) or _is_settled(session, row):
        return False
    _remember_siblings(session, row, now)
    session.flush()
    if not mail_link(session, "remind", row, config=config, now=now, bulk=True):
        return False
    pace.take(row.email)
    return True


@guards("remind")
def _still_waits(session: Session, mail: OutboxMail, now: datetime) -> bool:
    """Whether the request is still there, neither confirmed nor withdrawn, at the moment it is sent."""
    try:
        return tokens.follow(session, str((mail.values or {}).get("token", "")), now).request is not None
    except LinkNotValid:
        return False


def _is_settled(session: Session, row: SigningRequest) -> bool:
    """Whether the mailbox signed already, or asked again later, which has its own time."""
    later = aliased(SigningRequest)
    signed = exists().where(
        Signature.letter_id == row.letter_id, Signature.address_fingerprint == row.address_fingerprint, Signature.kind == row.kind
    )
    asked = exists().where(
        later.letter_id == row.letter_id, later.address_fingerprint == row.address_fingerprint, later.kind == row.kind,
        later.signature_id.is_(None), later.expires_at > row.expires_at,
    )  # fmt: skip
    return bool(session.scalar(select(signed | asked)))


def _remember_siblings(session: Session, row: SigningRequest, now: datetime) -> None:
    """One mailbox that asked for the same several times is reminded once."""
    session.execute(update(SigningRequest).where(
        SigningRequest.letter_id == row.letter_id, SigningRequest.address_fingerprint == row.address_fingerprint,
        SigningRequest.kind == row.kind, SigningRequest.signature_id.is_(None),
    ).values(reminded_at=now))  # fmt: skip
