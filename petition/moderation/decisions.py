"""One decision about one signature: approve, reject, hold, restore, and the mail that tells its signatory."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from petition import accounts, audit, outbox
from petition.accounts import Member
from petition.config import Config
from petition.db import transaction, violated
from petition.errors import N_, AlreadyDecided, EntryStands, Fault, Invalid
from petition.moderation.moves import DECISIONS, leads_to
from petition.moderation.view import find
from petition.signatures import tokens, transitions
from petition.signatures.models import Signature
from petition.signatures.operations import letter_values

LONGEST_REASON = 1000


def decide(
    member: Member, public_id: str, decision: str, reason: str = "", *, seen: str = "", config: Config, now: datetime,
) -> Signature:  # fmt: skip
    """Approve, reject, hold or restore a signature, and mail its signatory what became of it.

    Raises NotFound, Forbidden, Invalid, AlreadyDecided when the page that showed it (in the state `seen`) is out of
    date, and EntryStands when another entry took a restored organisation's name.
    """
    reason = checked(decision, reason)
    with transaction() as session:
        found = find(public_id, lock=True)
        accounts.require(member, "moderator", found.letter.team_id)
        state = leads_to(found, decision)
        if state is None or (seen and seen != found.state):
            raise _decided_before(found)
        address = found.email  # publishing a person forgets it
        try:
            transitions.move(session, found, state, actor=member.actor, now=now, reason=reason, why=decision)
        except IntegrityError as error:
            if not violated(error, "uq_signature_organisation", "signature.letter_id", "signature.organisation_key"):
                raise
            raise EntryStands from error
        if address is not None and state != "held":
            tell(session, found, address, config, now)
    return found


def checked(decision: str, reason: str) -> str:
    """The reason as it is kept; raises Invalid for an unknown decision and for a reason missing or unfit."""
    if decision not in DECISIONS:
        raise Invalid([Fault("decision", "unknown_decision", N_("Choose one of the decisions offered."))])
    reason = unicodedata.normalize("NFC", reason).replace("\r\n", "\n").strip()
    if decision == "reject" and not reason:
        raise Invalid(
            [Fault("reason", "missing", N_("Please give a reason: it is sent to the signatory and kept on record."))]
        )
    if len(reason) > LONGEST_REASON:
        message = N_("A reason has at most %(limit)s characters.")
        raise Invalid([Fault("reason", "too_long", message, {"limit": LONGEST_REASON})])
    if any(unicodedata.category(each) == "Cc" and each not in "\n\t" for each in reason):
        raise Invalid(
            [Fault("reason", "control_characters", N_("The reason holds control characters. Please type it again."))]
        )
    return reason


def _decided_before(found: Signature) -> AlreadyDecided:
    entries = audit.of("signature", found.public_id)
    who, when = (
        (entries[-1].actor_name or entries[-1].actor_kind, f"{entries[-1].at:%Y-%m-%d %H:%M} UTC")
        if entries
        else ("", "")
    )
    return AlreadyDecided(who=who, when=when, state=found.state)


def tell(session: Session, found: Signature, address: str, config: Config, now: datetime) -> None:
    """Queue the mail that says what was decided."""
    values = letter_values(found.letter, found.language, config) | {"decision": found.state, "reason": found.reason}
    values["token"] = tokens.issue(session, "manage", leads_to=found, expires_at=None)
    outbox.queue(
        session, "decision", to=address, fingerprint=found.address_fingerprint or "", language=found.language,
        values=values, scope=f"decision:{found.letter_id}", now=now,
    )  # fmt: skip
