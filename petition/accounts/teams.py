"""Teams: which there are, and how each appears to readers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from petition import audit
from petition.accounts.models import Member, Team
from petition.audit import Actor
from petition.db import db, transaction
from petition.errors import N_, Fault, Invalid, NotFound

DEFAULT_TEAM = "The team"


def team(name: str | None = None) -> Team:
    """The named team or the first one, made where there is none yet; call it inside a transaction."""
    query = select(Team).order_by(Team.id).limit(1)
    found = db.session.scalar(query.where(Team.name == name) if name else query)
    if found is None:
        found = Team(name=name or DEFAULT_TEAM)
        db.session.add(found)
        db.session.flush()
    return found


def teams(member: Member) -> list[Team]:
    """The teams the member sees."""
    query = select(Team).order_by(Team.name)
    if member.team_ids is not None:
        query = query.where(Team.id.in_(member.team_ids))
    return list(db.session.scalars(query))


def find_team(team_id: int) -> Team:
    """The team of that number; raises NotFound."""
    found = db.session.get(Team, team_id)
    if found is None:
        raise NotFound
    return found


def describe_team(team_id: int, *, name: str, operator: str, imprint: str, actor: Actor, now: datetime) -> None:
    """Change how a team appears to readers; raises NotFound, or Invalid for a name missing, too long or taken."""
    if not name or len(name) > 120:
        raise Invalid([Fault("name", "length", N_("A team's name has 1 to 120 characters."))])
    if len(operator) > 300 or len(imprint) > 5_000 or "\x00" in name + operator + imprint:
        raise Invalid([Fault("imprint", "length", N_("That is too long, or holds control characters."))])
    with transaction() as session:
        found = find_team(team_id)
        if session.scalar(select(Team.id).where(Team.name == name, Team.id != team_id)) is not None:
            raise Invalid([Fault("name", "taken", N_("Another team has this name."))])
        found.name, found.operator, found.imprint = name, operator, imprint
        audit.record(session, at=now, actor=actor, action="team.described", thing=("team", team_id), team_id=team_id)


def set_logo(team_id: int, picture: bytes | None, media_type: str, digest: str, *, actor: Actor, now: datetime) -> None:
    """Keep a team's logo, already checked by the caller, or remove it."""
    with transaction() as session:
        found = find_team(team_id)
        found.logo, found.logo_type, found.logo_digest = picture, media_type, digest
        audit.record(session, at=now, actor=actor, action="team.logo", thing=("team", team_id), team_id=team_id)
