"""A second entry of an organisation that waits beside the one that stands, until the team decides which of them may."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.signatures import screening
from petition.signatures.models import Signature, SigningRequest
from petition.signatures.screening import Flag

# Where nobody may learn who is among the signatories.
CONTESTED = Flag("contested", "organisation")
# Where no mailbox confirmed the one that stands: it gives way as soon as the team publishes the other.
IMPORTED = Flag("imported_entry", "organisation")


def why(session: Session, found: SigningRequest) -> Flag | None:
    """Why a request waits beside the entry that has its organisation's name; None for the mailbox's own, and for what is told."""
    key = screening.fold_organisation(found.organisation)
    mine = select(Signature.address_fingerprint, Signature.origin).where(Signature.letter_id == found.letter_id)
    entry = session.execute(mine.where(Signature.organisation_key == key)).one_or_none()
    if entry is not None and entry.address_fingerprint == found.address_fingerprint:
        return None
    if found.letter.confidential:
        return CONTESTED
    return IMPORTED if entry is not None and entry.origin == "imported" else None


def waiting(session: Session, found: SigningRequest) -> Signature | None:
    """The entry by which this mailbox waits for the same organisation already, locked."""
    key = screening.fold_organisation(found.organisation)
    mine = select(Signature).where(
        Signature.letter_id == found.letter_id, Signature.address_fingerprint == found.address_fingerprint,
        Signature.kind == "organisation", Signature.state == "held", Signature.organisation_key.is_(None),
    )  # fmt: skip
    every = session.scalars(mine.order_by(Signature.id).with_for_update())
    return next((each for each in every if screening.fold_organisation(each.organisation) == key), None)
