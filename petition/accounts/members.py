"""Members: found, listed, added, removed and reset; every change is on record in each team it concerns."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from petition import addresses, audit
from petition.accounts import sessions
from petition.accounts.errors import LastOwner
from petition.accounts.models import ROLES, Member, Membership, Team
from petition.accounts.teams import DEFAULT_TEAM, team
from petition.audit import Actor
from petition.db import db, serialise, transaction
from petition.errors import N_, Fault, Forbidden, Invalid, NotFound

__all__ = [
    "DEFAULT_TEAM", "MemberRow", "add_member", "find_member", "members", "remove_member", "require", "reset_second_factor", "speak",
]  # fmt: skip


@dataclass(frozen=True)
class MemberRow:
    """One line of the member list."""

    id: int
    email: str
    team_id: int
    team: str
    role: str
    second_factor: bool
    has_password: bool
    sees_all: bool


def require(member: Member, role: str, team_id: int) -> None:
    """Raise Forbidden unless the member may do what the role may, NotFound when the team is not theirs at all."""
    if member.role_in(team_id) is None:
        raise NotFound
    if not member.may(role, team_id):
        raise Forbidden


def find_member(email: str) -> Member:
    """The member with that address; raises NotFound."""
    found = db.session.scalar(select(Member).where(Member.email == email.lower()))
    if found is None:
        raise NotFound
    return found


def members(member: Member | None = None) -> list[MemberRow]:
    """Every membership the member may see, or all of them for the command line."""
    query = select(Membership).join(Member).join(Team).order_by(Team.name, Member.email)
    if member is not None and member.team_ids is not None:
        query = query.where(Membership.team_id.in_(member.team_ids))
    return [
        MemberRow(
            each.member_id, each.member.email, each.team_id, each.team.name, each.role, each.member.second_factor,
            bool(each.member.password), each.member.sees_all,
        )
        for each in db.session.scalars(query)
    ]  # fmt: skip


def add_member(
    email: str, role: str, *, actor: Actor, now: datetime, password_hash: str | None = None, team_name: str | None = None,
) -> Member:  # fmt: skip
    """Add a member to a team, or change the role of one already in it.

    Without a named team the role is the installation's: an owner owns every team, anybody else no more than their own.
    Raises Invalid for a malformed address or an unknown role, and LastOwner.
    """
    checked(role)
    address = addresses.normalise(email).lower()
    with transaction() as session:
        serialise(session, "owners")
        where = team(team_name)
        found = session.scalar(select(Member).where(Member.email == address)) or new_member(session, address, now)
        if password_hash is not None:
            found.password = password_hash
        set_role(session, found, where.id, role, actor=actor)
        if team_name is None:
            set_sees_all(session, found, role == "owner", actor=actor)
        session.flush()
        audit.record(
            session, at=now, actor=actor, action="member.added", thing=("member", found.id), team_id=where.id, role=role,
            who=found.email,
        )  # fmt: skip
    return found


def remove_member(email: str, *, actor: Actor, now: datetime) -> None:
    """Remove an account and its roles; raises NotFound, or LastOwner when nobody else could manage a team of theirs."""
    with transaction() as session:
        serialise(session, "owners")
        found = find_member(email)
        keep_an_owner(session, found, (each.team_id for each in found.memberships if each.role == "owner"), actor)
        if found.sees_all:
            set_sees_all(session, found, False, actor=actor)
        note(session, found, "member.removed", actor=actor, now=now)
        session.delete(found)


def reset_second_factor(email: str, *, actor: Actor, now: datetime) -> Member:
    """Clear what a member logs in with, so that only a new set-up link leads in, and end their sessions."""
    with transaction() as session:
        found = find_member(email)
        clear(session, found, now)
        note(session, found, "member.reset", actor=actor, now=now)
    return found


def checked(role: str) -> str:
    """The role, if there is such a one; raises Invalid."""
    if role not in ROLES:
        raise Invalid([Fault("role", "unknown_role", N_("Choose one of the roles offered."))])
    return role


def new_member(session: Session, address: str, now: datetime) -> Member:
    """An account that nobody can log in to before its set-up link was followed."""
    found = Member(email=address, fs_uniquifier=uuid.uuid4().hex, created_at=now, active=True, sees_all=False)
    session.add(found)
    return found


def set_role(session: Session, found: Member, team_id: int, role: str, *, actor: Actor) -> None:
    """Give the member this role in the team; raises LastOwner. The caller serialises changes of owners."""
    held = next((each for each in found.memberships if each.team_id == team_id), None)
    if held is None:
        found.memberships.append(Membership(team_id=team_id, role=role))
        return
    if held.role == "owner" and role != "owner" and not found.sees_all:
        keep_an_owner(session, found, [team_id], actor)
    held.role = role


def set_sees_all(session: Session, found: Member, sees_all: bool, *, actor: Actor) -> None:
    """Let the member own the whole installation, or no longer; raises LastOwner."""
    others = _able(found, actor).where(Member.sees_all).limit(1)
    if found.sees_all and not sees_all and session.scalar(others) is None:
        raise LastOwner
    found.sees_all = sees_all


def keep_an_owner(session: Session, found: Member, team_ids: Iterable[int], actor: Actor) -> None:
    """Raise LastOwner when one of these teams would have nobody but this member to manage it."""
    for team_id in team_ids:
        owner = Member.memberships.any((Membership.team_id == team_id) & (Membership.role == "owner"))
        if session.scalar(_able(found, actor).where(or_(Member.sees_all, owner)).limit(1)) is None:
            raise LastOwner


def _able(found: Member, actor: Actor) -> Any:
    """The others who could manage in this one's place; an invitation that nobody followed manages nothing."""
    others = select(Member.id).where(Member.id != found.id, Member.active)
    # Whoever acts on the server itself can always make another owner there.
    return others.where(Member.password.is_not(None)) if actor.kind == "member" else others


def clear(session: Session, found: Member, now: datetime) -> None:
    """Forget password, app, passkeys and recovery codes; sessions and set-up links of before end with the old key."""
    found.password = found.tf_primary_method = found.tf_totp_secret = found.tf_last_counter = found.mf_recovery_codes = None
    found.webauthn.clear()
    renew(session, found, now)


def renew(session: Session, found: Member, now: datetime) -> None:
    """End the member's sessions, and every set-up link handed out before."""
    found.fs_uniquifier = uuid.uuid4().hex
    sessions.end_all(session, found.id, now)


def speak(found: Member, language: str, *, choices: Iterable[str], now: datetime) -> None:
    """Show a member the team's pages in this language, or in the site's own (''); raises Invalid for another."""
    if language not in ("", *choices):
        raise Invalid([Fault("language", "unknown", N_("Please choose one of the languages listed."))])
    with transaction() as session:
        session.refresh(found)
        if found.language != language:
            found.language = language
            note(session, found, "member.language", actor=found.actor, now=now, language=language)


def note(session: Session, found: Member, action: str, *, actor: Actor, now: datetime, **details: Any) -> None:
    """Put on record what happened to an account, in the trail of each team that the member belongs to."""
    teams: list[int | None] = [each.team_id for each in found.memberships]
    for team_id in teams or [None]:
        audit.record(
            session, at=now, actor=actor, action=action, thing=("member", found.id), team_id=team_id, who=found.email, **details,
        )  # fmt: skip


def moderators(team_id: int) -> list[Member]:
    """The members of a team who may decide on signatures and are able to log in."""
    deciding = Membership.role.in_(ROLES[ROLES.index("moderator") :])
    query = select(Member).join(Membership).where(Membership.team_id == team_id, deciding, Member.active).order_by(Member.id)
    return [each for each in db.session.scalars(query) if each.password is not None or each.webauthn]
