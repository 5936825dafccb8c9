"""What the team changes at the door: the limits of the site, and whether a letter asks everybody for a proof."""

from __future__ import annotations

from datetime import datetime

from petition import audit
from petition.accounts import Member
from petition.db import transaction
from petition.errors import Forbidden, NotFound
from petition.letters.models import PROOFS, Letter
from petition.limits import Rate, settings
from petition.moderation.view import letter as team_letter


def set_limit(member: Member, name: str, count: int, seconds: int, *, now: datetime) -> Rate:
    """Change a limit for the whole site; raises Forbidden below an owner of the installation, NotFound, or Invalid."""
    policy = settings.policy(name)
    _require_installation_owner(member)
    return _write(member, name, settings.checked(policy, count, seconds), now)


def reset_limit(member: Member, name: str, *, now: datetime) -> Rate:
    """Give a limit its default back; raises Forbidden or NotFound as `set_limit` does."""
    policy = settings.policy(name)
    _require_installation_owner(member)
    return _write(member, name, policy.default, now)


def set_proof(member: Member, slug: str, proof: str, *, now: datetime) -> Letter:
    """Say when a letter asks for a proof: `auto` under load, `on` always, `off` never for load.

    Raises NotFound, also for another team's letter, and Forbidden below a moderator.
    """
    if proof not in PROOFS:
        raise NotFound
    with transaction() as session:
        found = team_letter(member, slug, "moderator")
        session.refresh(found, with_for_update=True)
        if found.proof != proof:
            before, found.proof = found.proof, proof
            audit.record(
                session, at=now, actor=member.actor, action="letter.proof", thing=("letter", found.id), team_id=found.team_id,
                before=before, after=proof,
            )  # fmt: skip
    return found


def _require_installation_owner(member: Member) -> None:
    # The limits are the site's: who owns one team among several must not lift them for the others.
    if not member.sees_all:
        raise Forbidden


def _write(member: Member, name: str, rate: Rate, now: datetime) -> Rate:
    policy = settings.policy(name)
    with transaction() as session:
        before = settings.write(session, policy, rate, member.email, now)
        if before != rate:
            audit.record(
                session, at=now, actor=member.actor, action="limit.changed", thing=("limit", name),
                before=policy.sentence(before), after=policy.sentence(rate),
            )  # fmt: skip
    return rate
