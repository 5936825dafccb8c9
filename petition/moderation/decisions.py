"""One decision about one signature: approve, reject, hold, restore, and the mail that tells its signatory."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from petition import accounts, outbox
from petition.accounts import Member
from petition.config import Config
from petition.db import transaction, violated
from petition.errors import N_, AlreadyDecided, ChangedSince, Conflict, EntryStands, Fault, Invalid, WithdrawnSince
from petition.moderation import reasons
from petition.moderation.moves import DECISIONS, leads_to
from petition.moderation.view import find, row
from petition.signatures import levels, tokens, transitions
from petition.signatures.models import Signature
from petition.signatures.operations import letter_values

# A slip of the key is undone before its mail leaves, and nobody is told what was never meant.
SECOND_THOUGHTS = timedelta(seconds=20)


def decide(
    member: Member, public_id: str, decision: str, reason: str = "", *, template: str = "", reason_class: str = "",
    seen: str = "", checked: bool = True, config: Config, now: datetime, wait: timedelta = timedelta(0),
) -> Signature:  # fmt: skip
    """Approve, reject, hold or restore a signature, and mail its signatory what became of it, after `wait`.

    An approved organisation counts as checked by the team, unless `checked` says that it was not.

    `template` is the key of a ready-made reason, `seen` what the page showed: a state, or a Row's `seen`. Raises
    NotFound, Forbidden, Invalid; AlreadyDecided, ChangedSince or WithdrawnSince when that page is out of date; and
    EntryStands when another entry took a restored organisation's name.
    """
    if decision not in DECISIONS:
        raise Invalid([Fault("decision", "unknown_decision", N_("Choose one of the decisions offered."))])
    with transaction() as session:
        found = find(public_id, lock=True)
        accounts.require(member, "moderator", found.letter.team_id)
        state = leads_to(found, decision)
        if state is None or not _as_seen(member, found, seen):
            raise overtaken(found, seen)
        words, sort = reasons.given(
            found.letter.team_id, needed=decision == "reject", words=reason, template=template, reason_class=reason_class
        )
        untold = take_back(session, found) if decision == "restore" else None
        address = found.email = found.email or untold  # publishing a person forgets it
        _mind_the_level(found, decision, checked, now)
        _move(session, member, found, state, decision, words, sort, now)
        if address is not None and untold is None:
            tell(session, found, address, config, now, wait)
    return found


def _move(
    session: Session, member: Member, found: Signature, state: str, decision: str, reason: str, sort: str, now: datetime,
) -> None:  # fmt: skip
    try:
        transitions.move(
            session, found, state, actor=member.actor, now=now, reason=reason, why=decision, reason_class=sort
        )  # fmt: skip
    except IntegrityError as error:
        if not violated(error, "uq_signature_organisation", "signature.letter_id", "signature.organisation_key"):
            raise
        raise EntryStands from error


def _as_seen(member: Member, found: Signature, seen: str) -> bool:
    """Whether the page that the member decides from shows what stands here; one that does not say so is trusted."""
    return not seen or seen in (found.state, row(member, found).seen)


def _mind_the_level(found: Signature, decision: str, checked: bool, now: datetime) -> None:
    """An approval is the team's check, and taking it back takes the check back."""
    if found.kind == "organisation" and decision == "approve" and checked:
        levels.write(found, levels.at(levels.TEAM, now, found.evidence))
    elif found.kind == "organisation" and (decision == "approve" or (decision == "restore" and found.state == "published")):
        levels.without_team(found, now)


def overtaken(found: Signature, seen: str) -> Conflict:
    """The error that says who decided before and when, or what else happened since."""
    if found.state == "withdrawn":
        return WithdrawnSince()
    if seen.partition(".")[0] == found.state:
        return ChangedSince()
    if found.decided_at is None:
        return Conflict()
    return AlreadyDecided(who=found.decided_by, when=f"{found.decided_at:%Y-%m-%d %H:%M} UTC", state=found.state)


def take_back(session: Session, found: Signature) -> str | None:
    """Unqueue the mail about the last decision: the address of whoever was not told yet, and now will not be."""
    return outbox.take_back(session, "decision", fingerprint=found.address_fingerprint or "", scope=_scope(found))


def _scope(found: Signature) -> str:
    return f"decision:{found.letter_id}:{found.public_id}"


def tell(
    session: Session, found: Signature, address: str, config: Config, now: datetime, wait: timedelta = timedelta(0),
) -> None:  # fmt: skip
    """Queue the mail that says what was decided."""
    values = letter_values(found.letter, found.language, config) | {"decision": found.state, "reason": found.reason}
    values["token"] = tokens.issue(session, "manage", leads_to=found, expires_at=None)
    outbox.queue(
        session, "decision", to=address, fingerprint=found.address_fingerprint or "", language=found.language,
        values=values, scope=_scope(found), now=now, wait=wait,
    )  # fmt: skip
