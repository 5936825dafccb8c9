"""Mailed links: random tokens that are stored only as their SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from petition.errors import LinkNotValid
from petition.signatures.models import LinkToken, Signature, SigningRequest

_WRAPPING = " \t\r\n.,;:!?>)]}\"'»"  # what mail programs and people leave at the end of an address


def issue(session: Session, purpose: str, *, leads_to: SigningRequest | Signature, expires_at: datetime | None) -> str:
    """A new link to a request or a signature; returns the token in clear, which nobody can read again."""
    token = secrets.token_urlsafe(24)
    row = LinkToken(digest=digest(token), purpose=purpose, expires_at=expires_at)
    if isinstance(leads_to, Signature):
        row.signature_id = leads_to.id
    else:
        row.request_id = leads_to.id
    session.add(row)
    return token


def digest(token: str) -> str:
    """SHA-256 of a token, 64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def follow(session: Session, token: str, now: datetime) -> LinkToken:
    """The link that this token opens; raises LinkNotValid for one unknown or expired."""
    token = token.strip().rstrip(_WRAPPING)
    # In one statement with what it leads to: between two, a parallel confirmation may turn the one into the other.
    query = select(LinkToken).options(joinedload(LinkToken.request), joinedload(LinkToken.signature))
    found = session.scalar(query.where(LinkToken.digest == digest(token))) if 16 <= len(token) <= 64 else None
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        raise LinkNotValid
    return found


def hand_over(session: Session, requests: list[int], signature: Signature) -> None:
    """Let every link of these requests lead to the signature they became, for as long as it stands."""
    moved = {"request_id": None, "signature_id": signature.id, "expires_at": None, "purpose": "manage"}
    session.execute(update(LinkToken).where(LinkToken.request_id.in_(requests)).values(moved))
