"""A second representative asks to answer for an organisation's entry; the team decides, the public sees nothing of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition import audit
from petition.audit import SIGNATORY
from petition.db import transaction
from petition.errors import N_, Conflict, LinkNotValid
from petition.signatures import screening
from petition.signatures.models import Signature, SigningRequest, Takeover
from petition.signatures.operations import claim, discard, siblings
from petition.signatures.screening import Flag

KEPT = timedelta(days=30)  # a request that nobody decided on
MOST = 20  # requests that wait for one entry, so that a flood of mailboxes cannot bury the team
CLAIM = Flag("second_claim", "organisation").as_json()


class ManyAsked(Conflict):
    """So many wait for one entry already that the team has to look first."""

    code = "many_asked"
    message = N_("Several people have asked for this entry already. The team looks at them first; please ask again later.")


def ask(token: str, *, now: datetime) -> str:
    """Keep the wish to take over the entry that stands in the way of a signing request, which is forgotten: 'asked'.

    Raises LinkNotValid, or Conflict when no other representative's entry stands in the way (any more).
    """
    with transaction() as session:
        found = claim(session, token, now).request
        if found is None or found.kind != "organisation" or found.signature_id is not None:
            raise LinkNotValid
        entry = _entry(session, found)
        row = _row(session, entry, found.address_fingerprint)
        row.name, row.email, row.language, row.asked_at = found.name, found.email, found.language, now
        session.add(row)
        entry.flags = entry.flags if CLAIM in entry.flags else [*entry.flags, CLAIM]
        discard(session, [each.id for each in siblings(session, found)])
        audit.record(
            session, at=now, actor=SIGNATORY, action="signature.takeover_asked", thing=("signature", entry.public_id),
            team_id=entry.letter.team_id, letter=entry.letter.slug,
        )  # fmt: skip
    return "asked"


def _row(session: Session, entry: Signature, fingerprint: str) -> Takeover:
    every = {each.address_fingerprint: each for each in session.scalars(select(Takeover).where(Takeover.signature_id == entry.id))}
    if fingerprint not in every and len(every) >= MOST:
        raise ManyAsked
    return every.get(fingerprint) or Takeover(signature_id=entry.id, address_fingerprint=fingerprint)


def _entry(session: Session, found: SigningRequest) -> Signature:
    """The organisation's entry, made by somebody else."""
    key = screening.fold_organisation(found.organisation)
    wanted = select(Signature).where(Signature.letter_id == found.letter_id, Signature.organisation_key == key)
    entry = session.scalars(wanted.with_for_update()).one_or_none()
    stands = entry is not None and entry.state in ("published", "held")
    if entry is None or not stands or entry.address_fingerprint == found.address_fingerprint:
        raise Conflict
    return entry
