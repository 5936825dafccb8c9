"""Whether a second representative may answer for an organisation's entry: the team decides, both are told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from petition import accounts, audit, outbox
from petition.accounts import Member
from petition.config import Config
from petition.db import transaction
from petition.errors import N_, AlreadyDecided, Conflict, Fault, Invalid, NotFound
from petition.letters.models import Letter
from petition.moderation.view import find
from petition.signatures import levels, submission, tokens, transitions
from petition.signatures.models import LinkToken, Signature, SigningRequest, Takeover
from petition.signatures.operations import discard, letter_values
from petition.signatures.takeovers import CLAIM

DECISIONS = {"approve": "signature.represented", "refuse": "signature.takeover_refused"}


def decide_takeover(
    member: Member, number: int, decision: str, reason: str = "", *, entry: str = "", config: Config, now: datetime,
) -> str:  # fmt: skip
    """Let the asker answer for the entry, or refuse; returns the entry's public id.

    Raises NotFound, Forbidden, Invalid, Conflict for an entry that no longer stands, and AlreadyDecided when the form
    of `entry` came too late.
    """
    reason = _checked(decision, reason)
    with transaction() as session:
        asked = session.scalar(select(Takeover).where(Takeover.id == number).with_for_update())
        if asked is None:
            raise _decided_before(member, number, entry)
        found = find(asked.signature.public_id, lock=True)
        accounts.require(member, "moderator", found.letter.team_id)
        if decision == "approve":
            _hand_over(session, found, asked, config, now)
        else:
            _tell(session, found.letter, asked.email, asked.address_fingerprint, asked.language, "refused", config, now, reason=reason)
        session.delete(asked)
        session.flush()
        if session.scalar(select(Takeover.id).where(Takeover.signature_id == found.id).limit(1)) is None:
            found.flags = [flag for flag in found.flags if flag != CLAIM]
        audit.record(
            session, at=now, actor=member.actor, action=DECISIONS[decision], thing=("signature", found.public_id),
            team_id=found.letter.team_id, reason=reason, takeover=number, letter=found.letter.slug,
        )  # fmt: skip
        return found.public_id


def _checked(decision: str, reason: str) -> str:
    if decision not in DECISIONS:
        raise Invalid([Fault("decision", "unknown_decision", N_("Choose one of the decisions offered."))])
    reason = submission.paragraphs("reason", reason, submission.LONGEST["reason"])
    if decision == "refuse" and not reason:
        raise Invalid([Fault("reason", "missing", N_("Please give a reason: it is sent to whoever asked and kept on record."))])
    return reason


def _decided_before(member: Member, number: int, entry: str) -> NotFound | AlreadyDecided:
    """Who decided on the request that the form of this entry showed; nothing of another team's."""
    found = find(entry)
    accounts.require(member, "moderator", found.letter.team_id)
    for each in reversed(audit.of("signature", found.public_id)):
        if each.details.get("takeover") == number:
            return AlreadyDecided(who=each.actor_name or each.actor_kind, when=f"{each.at:%Y-%m-%d %H:%M} UTC", state=found.state)
    return NotFound()


def _hand_over(session: Session, found: Signature, asked: Takeover, config: Config, now: datetime) -> None:
    """Put one representative in the place of another; every link the earlier one has dies at once."""
    if found.state not in ("published", "held"):
        raise Conflict
    if found.email is not None:
        _tell(session, found.letter, found.email, found.address_fingerprint or "", found.language, "replaced", config, now)
    discard(session, list(session.scalars(select(SigningRequest.id).where(SigningRequest.signature_id == found.id))))
    session.execute(delete(LinkToken).where(LinkToken.signature_id == found.id))
    values = {"name": asked.name, "email": asked.email, "address_fingerprint": asked.address_fingerprint, "language": asked.language}
    transitions.reshape(session, found, values | levels.after_takeover(found, asked.email, now) | {"updates": False}, now=now)
    token = tokens.issue(session, "manage", leads_to=found, expires_at=None)
    _tell(session, found.letter, asked.email, asked.address_fingerprint, asked.language, "approved", config, now, token=token)


def _tell(
    session: Session, letter: Letter, to: str, fingerprint: str, language: str, outcome: str, config: Config, now: datetime,
    **more: str,
) -> None:  # fmt: skip
    values = letter_values(letter, language, config) | {"outcome": outcome, "token": None, "reason": ""} | more
    outbox.queue(
        session, "takeover", to=to, fingerprint=fingerprint, language=language, values=values, scope=f"takeover:{letter.id}", now=now,
    )  # fmt: skip
