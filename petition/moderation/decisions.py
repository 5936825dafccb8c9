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
from petition.signatures import levels, screening, tokens, transitions
from petition.signatures.models import Signature
from petition.signatures.operations import letter_values

LONGEST_REASON = 1000


def decide(
    member: Member, public_id: str, decision: str, reason: str = "", *, seen: str = "", checked: bool = True, config: Config,
    now: datetime,
) -> Signature:  # fmt: skip
    """Approve, reject, hold or restore a signature, and mail its signatory what became of it.

    An approved organisation counts as checked by the team, unless `checked` says that it was not.

    Raises NotFound, Forbidden, Invalid, AlreadyDecided when the page that showed it (in the state `seen`) is out of
    date, and EntryStands when another entry took a restored organisation's name.
    """
    reason = _checked(decision, reason)
    with transaction() as session:
        found = find(public_id, lock=True)
        accounts.require(member, "moderator", found.letter.team_id)
        state = leads_to(found, decision)
        if state is None or (seen and seen != found.state):
            raise decided_before(found)
        address = found.email  # publishing a person forgets it
        _mind_what_is_kept(found, state)
        _mind_the_level(found, decision, checked, now)
        try:
            transitions.move(session, found, state, actor=member.actor, now=now, reason=reason, why=decision)
        except IntegrityError as error:
            if not violated(error, "uq_signature_organisation", "signature.letter_id", "signature.organisation_key"):
                raise
            raise EntryStands from error
        if address is not None and state != "held":
            _tell(session, found, address, config, now)
    return found


def _checked(decision: str, reason: str) -> str:
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


def _mind_what_is_kept(found: Signature, state: str) -> None:
    """A rejected entry must not block the real organisation, and a rejected person's address is not needed any more."""
    if found.kind == "organisation":
        found.organisation_key = None if state == "rejected" else screening.fold_organisation(found.organisation)
    elif state == "rejected":
        found.email = found.mail_domain = None


def _mind_the_level(found: Signature, decision: str, checked: bool, now: datetime) -> None:
    """An approval is the team's check, and taking it back takes the check back."""
    if found.kind == "organisation" and decision == "approve" and checked:
        levels.write(found, levels.at(levels.TEAM, now, found.evidence))
    elif found.kind == "organisation" and (decision == "approve" or (decision == "restore" and found.state == "published")):
        levels.without_team(found, now)


def decided_before(found: Signature) -> AlreadyDecided:
    """The error that says who decided meanwhile, when, and what."""
    entries = audit.of("signature", found.public_id)
    who, when = (
        (entries[-1].actor_name or entries[-1].actor_kind, f"{entries[-1].at:%Y-%m-%d %H:%M} UTC")
        if entries
        else ("", "")
    )
    return AlreadyDecided(who=who, when=when, state=found.state)


def _tell(session: Session, found: Signature, address: str, config: Config, now: datetime) -> None:
    values = letter_values(found.letter, found.language, config) | {"decision": found.state, "reason": found.reason}
    values["token"] = tokens.issue(session, "manage", leads_to=found, expires_at=None)
    outbox.queue(
        session, "decision", to=address, fingerprint=found.address_fingerprint or "", language=found.language,
        values=values, scope=f"decision:{found.letter_id}", now=now,
    )  # fmt: skip
