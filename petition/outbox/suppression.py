"""Mailboxes that asked for no more mail from this site, as keyed fingerprints only, and the link that asks for it."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from sqlalchemy import String, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from petition import addresses, audit
from petition.audit import MAILBOX_HOLDER, PLATFORM, Actor
from petition.config import Config
from petition.db import Model, UtcDateTime, db, is_postgresql, transaction
from petition.errors import LinkNotValid
from petition.outbox import tally
from petition.outbox.models import EMPTIED, OutboxMail

# What members of a team are mailed for their work; every other message goes to a signatory, who may stop it.
TO_THE_TEAM = frozenset({"invitation", "spike", "milestone", "digest", "update_test", "webhook"})
REASONS = ("asked", "bounced", "complained")  # by its holder; the mailbox is dead; its holder reported a mail as unwanted
PROOF = 16  # bytes of the HMAC in a link
_TOKEN = re.compile(r"([\w-]{64})[^\w-]*", re.ASCII)  # with whatever a mail program left at its end


class StopLinkNotValid(LinkNotValid):
    """A link to stop mail that was cut off, mistyped, or made under another secret key."""

    code = "stop_link_not_valid"


class Suppression(Model):
    """One mailbox that gets no mail until its holder allows it again; `reason` is one of REASONS."""

    __tablename__ = "suppression"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(10), default="asked")


def token(fingerprint: str, config: Config) -> str:
    """What stands in the link of a mailbox: its fingerprint and a proof that this site made the link (RFC 4648, 5)."""
    plain = bytes.fromhex(fingerprint)
    return urlsafe_b64encode(plain + _proof(plain, config)).decode()


def holder(token: str, config: Config) -> str:
    """The fingerprint of the mailbox that a link was mailed to; raises StopLinkNotValid."""
    found = _TOKEN.fullmatch(token.strip())
    if found is None:
        raise StopLinkNotValid
    raw = urlsafe_b64decode(found[1])
    plain, proof = raw[:-PROOF], raw[-PROOF:]
    if not hmac.compare_digest(proof, _proof(plain, config)):
        raise StopLinkNotValid
    return plain.hex()


def _proof(plain: bytes, config: Config) -> bytes:
    return hmac.new(config.secret_key.encode(), b"stop all mail\0" + plain, hashlib.sha256).digest()[:PROOF]


def silences(session: Session, message: str, fingerprint: str) -> bool:
    """Whether this message must not go to this mailbox."""
    if message in TO_THE_TEAM:
        return False
    return session.scalar(select(Suppression.since).where(Suppression.fingerprint == fingerprint)) is not None


def silent(session: Session, mails: list[OutboxMail]) -> set[int]:
    """The numbers of those mails that must not go to their mailboxes."""
    mine = {mail.recipient_fingerprint for mail in mails if mail.message not in TO_THE_TEAM}
    found = set(session.scalars(select(Suppression.fingerprint).where(Suppression.fingerprint.in_(mine)))) if mine else set()
    return {mail.id for mail in mails if mail.recipient_fingerprint in found and mail.message not in TO_THE_TEAM}


def stopped(token: str, *, config: Config) -> bool:
    """Whether mail to the mailbox behind a link is stopped; raises StopLinkNotValid."""
    found = holder(token, config)
    return db.session.get(Suppression, found, populate_existing=True) is not None


def stop(token: str, *, config: Config, now: datetime) -> None:
    """Stop all mail to the mailbox behind a link, what waits in the queue included; raises StopLinkNotValid."""
    _stop(holder(token, config), MAILBOX_HOLDER, now)


def stop_address(address: str, *, actor: Actor, config: Config, now: datetime) -> bool:
    """Stop all mail to an address; False when it was stopped before. Raises Invalid for what is no address."""
    return _stop(_fingerprint(address, config), actor, now)


def stop_mailbox(fingerprint: str, reason: str, *, now: datetime) -> bool:
    """Stop all mail to a mailbox that is dead or complains; False when it was stopped before."""
    return _stop(fingerprint, PLATFORM, now, reason)


def _stop(found: str, actor: Actor, now: datetime, reason: str = "asked") -> bool:
    waiting = (OutboxMail.recipient_fingerprint == found, OutboxMail.state == "queued", OutboxMail.message.not_in(TO_THE_TEAM))
    with transaction() as session:
        insert = (postgresql if is_postgresql(session) else sqlite).insert(Suppression).values(fingerprint=found, since=now, reason=reason)
        if reason == "asked":  # a wish outlasts whatever was found out
            session.execute(update(Suppression).where(Suppression.fingerprint == found).values(reason=reason, since=now))
        new = session.execute(insert.on_conflict_do_nothing().returning(Suppression.fingerprint)).scalar() is not None
        ids = tally.leaving(session, and_(*waiting), "stopped", now)
        gone = {"state": "stopped", "finished_at": now, "leased_until": None, **EMPTIED}
        session.execute(update(OutboxMail).where(OutboxMail.id.in_(ids)).values(gone))
        if new:
            _record(session, "mail.stopped", found, actor, now, why=reason)
    return new


def allow(token: str, *, config: Config, now: datetime) -> None:
    """Allow mail to the mailbox behind a link again; raises StopLinkNotValid."""
    _allow(holder(token, config), MAILBOX_HOLDER, now)


def allow_address(address: str, *, actor: Actor, config: Config, now: datetime) -> bool:
    """Allow mail to an address again; False when it was not stopped. Raises Invalid for what is no address."""
    return _allow(_fingerprint(address, config), actor, now)


def _allow(found: str, actor: Actor, now: datetime) -> bool:
    with transaction() as session:
        gone = session.execute(delete(Suppression).where(Suppression.fingerprint == found).returning(Suppression.since)).scalar()
        if gone is not None:
            _record(session, "mail.allowed", found, actor, now)
    return gone is not None


def _fingerprint(address: str, config: Config) -> str:
    return addresses.fingerprint(addresses.normalise(address.strip()), config.fingerprint_bytes)


def _record(session: Session, action: str, found: str, actor: Actor, now: datetime, **details: str) -> None:
    audit.record(session, at=now, actor=actor, action=action, thing=("mailbox", found[:16]), **details)
