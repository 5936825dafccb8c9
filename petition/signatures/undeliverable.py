"""Forgets the address that a signatory left for news when its mailbox is dead or complains; the signature stays."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.outbox import bounces
from petition.signatures import transitions
from petition.signatures.models import Signature


@bounces.on_dead
def _end_news(session: Session, fingerprint: str) -> None:
    mine = select(Signature).where(Signature.address_fingerprint == fingerprint, Signature.updates)
    for signature in session.scalars(mine.with_for_update()):
        signature.updates = False
        transitions.changed(session, signature, {"updates": True})
        if signature.kind == "person" and signature.state == "published":
            signature.email = None
