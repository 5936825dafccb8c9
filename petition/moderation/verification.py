"""What the team notes of an organisation's verification, and what it should know before it does: who else, who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import idna
from sqlalchemy import or_, select

from petition import accounts, addresses, audit
from petition.accounts import Member
from petition.db import db, transaction
from petition.errors import N_, Conflict, Fault, Invalid
from petition.moderation.view import find
from petition.signatures import levels, submission
from petition.signatures.models import LEVELS, Report, Signature, Takeover

MOST_NEIGHBOURS = 20


@dataclass(frozen=True)
class Neighbour:
    """Another entry from the same registered domain."""

    id: str
    name: str
    state: str


@dataclass(frozen=True)
class Asker:
    """Who asks to represent the entry, as far as the member's role reaches."""

    id: int
    name: str
    email: str
    domain: str
    own_domain: bool  # whether the address is at the website's own domain
    asked_at: datetime


@dataclass(frozen=True)
class Background:
    """What a moderator sees of an entry besides what it says; for a viewer all of it is empty."""

    level: str = ""
    level_at: datetime | None = None
    evidence: str = ""
    choices: tuple[str, ...] = ()  # the levels that the team can set now
    neighbours: tuple[Neighbour, ...] = ()
    askers: tuple[Asker, ...] = ()
    reports: tuple[Report, ...] = ()
    report_count: int = 0


def background(member: Member, public_id: str) -> Background:
    """What the team knows of an entry; raises NotFound, also for another team's."""
    found = find(public_id)
    team_id = found.letter.team_id
    accounts.require(member, "viewer", team_id)
    if not member.may("moderator", team_id):
        return Background(found.level, found.level_at) if found.kind == "organisation" else Background()
    reports = tuple(db.session.scalars(select(Report).where(Report.signature_id == found.id).order_by(Report.id)))
    if found.kind != "organisation":
        return Background(reports=reports, report_count=found.reports)
    return Background(
        found.level, found.level_at, found.evidence, _choices(found), _neighbours(found),
        _askers(found, member.may("owner", team_id)), reports, found.reports,
    )  # fmt: skip


def _choices(found: Signature) -> tuple[str, ...]:
    """The team vouches itself, or leaves standing what was shown without it; it cannot claim a check that nobody made."""
    if found.state not in ("published", "held"):
        return ()
    shown = {"unverified", found.level, levels.judged(found.email, found.website), levels.TEAM}
    return tuple(level for level in LEVELS if level in shown)


def _neighbours(found: Signature) -> tuple[Neighbour, ...]:
    domain = levels.site_domain(found.website)
    if domain is None:
        return ()
    hosts = {domain, idna.decode(domain)}  # hosts are kept as they were typed
    near = or_(Signature.website_host.in_(hosts), *(Signature.website_host.endswith(f".{host}", autoescape=True) for host in hosts))
    others = select(Signature).where(Signature.letter_id == found.letter_id, Signature.id != found.id, near).limit(MOST_NEIGHBOURS)
    every = db.session.scalars(others.order_by(Signature.id.desc()))
    return tuple(Neighbour(each.public_id, each.organisation, each.state) for each in every if levels.site_domain(each.website) == domain)


def _askers(found: Signature, owner: bool) -> tuple[Asker, ...]:
    rows = db.session.scalars(select(Takeover).where(Takeover.signature_id == found.id).order_by(Takeover.id))
    return tuple(
        Asker(
            each.id, each.name, each.email if owner else "", addresses.domain(each.email),
            levels.judged(each.email, found.website) == "domain", each.asked_at,
        )
        for each in rows
    )  # fmt: skip


def verify(member: Member, public_id: str, level: str, evidence: str, *, now: datetime) -> None:
    """Note how far an organisation was checked, and by what; raises NotFound, Forbidden, Conflict and Invalid.

    Only here may a level fall; an entry that is no longer checked by the team is no initial signatory.
    """
    evidence = submission.paragraphs("evidence", evidence, submission.LONGEST["evidence"])
    with transaction() as session:
        found = find(public_id, lock=True)
        accounts.require(member, "moderator", found.letter.team_id)
        if found.kind != "organisation" or found.state not in ("published", "held"):
            raise Conflict
        if level not in _choices(found):
            raise Invalid([Fault("level", "unknown", N_("Choose one of the levels offered."))])
        before, since = found.level, found.level_at
        levels.write(found, levels.at(level, now, evidence))
        if level == before != levels.TEAM:
            found.level_at = since  # the team adds a note to somebody else's check
        if level != levels.TEAM:
            found.pinned = None
        # What was looked at may name people: it stands in the entry and goes with it, the trail says that it was noted.
        audit.record(
            session, at=now, actor=member.actor, action="signature.level", thing=("signature", public_id),
            team_id=found.letter.team_id, before=before, after=level, evidence=bool(evidence), letter=found.letter.slug,
        )  # fmt: skip
