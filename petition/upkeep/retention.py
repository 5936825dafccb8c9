"""What is forgotten when its time is over: one rule after the other, each in transactions of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, null, or_, select, update
from sqlalchemy.orm import Session

from petition.audit import AuditEntry
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.signatures import operations, transitions
from petition.signatures.models import LinkToken, Signature, SigningRequest
from petition.signatures.rules import AccessRule

CHUNK = 500  # rows a transaction, so that nobody who signs waits for the broom
HELD = timedelta(days=30)
SENT = timedelta(days=30)  # also the longest period that the mail caps look back on
TRAIL = timedelta(days=730)
ENDED = timedelta(days=30)  # for which an ended entry of a list can still be looked at
NEWS = timedelta(days=183)  # after a letter closed

# Given the session and the ids of a chunk, forgets what the rule is about.
Forget = Callable[[Session, list[int]], None]


def purge(now: datetime, dry_run: bool = False) -> list[tuple[str, int]]:
    """Apply every rule, or count what it would do: (what is forgotten, how many)."""
    return [(words, _apply(model, condition, forget, dry_run)) for words, model, condition, forget in _rules(now)]


def _rules(now: datetime) -> list[tuple[str, Any, ColumnElement[bool], Forget]]:
    today = now.date()
    unpublished = Signature.state.in_(("held", "rejected")) & (Signature.kind == "person") & (Signature.signed_on <= today - HELD)
    over = select(Letter.id).where(or_(Letter.closed_at <= now - NEWS, Letter.closes <= now - NEWS))
    ended = select(Letter.id).where(Letter.keep_until < today)
    stale = (
        (OutboxMail.state == "queued")
        & (OutboxMail.expires_at <= now)
        & or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until <= now)
    )
    return [
        ("signing requests nobody confirmed", SigningRequest, SigningRequest.expires_at <= now, operations.discard),
        ("links that expired", LinkToken, LinkToken.expires_at <= now, _deleting(LinkToken)),
        ("addresses of people whose signature waited 30 days", Signature, unpublished & _has_address(), _forget_address),
        (
            "addresses kept for news six months after a letter closed",
            Signature,
            Signature.letter_id.in_(over) & Signature.updates,
            _end_news,
        ),
        ("mails that came too late to be sent", OutboxMail, stale, _dropping(now)),
        (
            "mails that left the queue 30 days ago",
            OutboxMail,
            OutboxMail.finished_at <= now - SENT,
            _deleting(OutboxMail),
        ),
        ("entries of access lists that ended 30 days ago", AccessRule, AccessRule.expires_at <= now - ENDED, _deleting(AccessRule)),
        ("audit entries older than 24 months", AuditEntry, AuditEntry.at <= now - TRAIL, _deleting(AuditEntry)),
        (
            "names kept to the end of their letter's term",
            Signature,
            Signature.letter_id.in_(ended) & _is_named(),
            _forget_names,
        ),
    ]


def _apply(model: Any, condition: ColumnElement[bool], forget: Forget, dry_run: bool) -> int:
    if dry_run:
        return db.session.scalar(select(func.count()).select_from(model).where(condition)) or 0
    done = 0
    while True:
        with transaction() as session:
            ids = list(session.scalars(select(model.id).where(condition).order_by(model.id).limit(CHUNK).with_for_update(skip_locked=True)))
            if ids:
                forget(session, ids)
        done += len(ids)
        if len(ids) < CHUNK:
            return done


def _has_address() -> ColumnElement[bool]:
    # The address of those who want updates has a term of its own.
    return (Signature.email.is_not(None) & ~Signature.updates) | Signature.mail_domain.is_not(None)


def _is_named() -> ColumnElement[bool]:
    fields = (Signature.name, Signature.organisation, Signature.role, Signature.comment, Signature.country)
    return (Signature.kind == "person") & (Signature.state != "withdrawn") & or_(*(field != "" for field in fields))


def _deleting(model: Any) -> Forget:
    def forget(session: Session, ids: list[int]) -> None:
        session.execute(delete(model).where(model.id.in_(ids)))

    return forget


def _forget_address(session: Session, ids: list[int]) -> None:
    for signature in session.scalars(select(Signature).where(Signature.id.in_(ids))):
        signature.mail_domain = None
        signature.email = signature.email if signature.updates else None


def _end_news(session: Session, ids: list[int]) -> None:
    for signature in session.scalars(select(Signature).where(Signature.id.in_(ids))):
        signature.updates = False
        if signature.kind == "person" and signature.state == "published":
            signature.email = None


def _dropping(now: datetime) -> Forget:
    """Empty mails as the worker would."""

    def forget(session: Session, ids: list[int]) -> None:
        emptied: dict[str, Any] = {"recipient": None, "values": null(), "leased_until": None}
        session.execute(update(OutboxMail).where(OutboxMail.id.in_(ids)).values(state="dropped", finished_at=now, **emptied))

    return forget


def _forget_names(session: Session, ids: list[int]) -> None:
    """Leave a number where a name stood; whoever was shown is counted without a name from now on."""
    erased = {
        "name": "",
        "organisation": "",
        "role": "",
        "comment": "",
        "website": "",
        "country": "",
        "email": None,
        "updates": False,
        "visibility": "counted",
        "deliver": False,
    }
    for signature in session.scalars(select(Signature).where(Signature.id.in_(ids))):
        transitions.reshape(session, signature, erased)
