"""What owners do with the members of their team: invite, change a role, reset, end sessions, remove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from petition import addresses, audit, outbox
from petition.accounts import sessions
from petition.accounts.errors import OwnAccount
from petition.accounts.members import (
    checked,
    clear,
    keep_an_owner,
    new_member,
    note,
    renew,
    require,
    set_role,
    set_sees_all,
)
from petition.accounts.models import Member, Membership
from petition.accounts.teams import find_team
from petition.config import Config
from petition.db import db, serialise, transaction
from petition.errors import N_, Fault, Forbidden, Invalid, NotFound
from petition.outbox import Cap

INVITED_FOR = timedelta(days=3)
INVITATION_CAP = Cap(day=5, month=30)

# Makes the one-time address under which a member sets a password.
SetUpLink = Callable[[Member], str]


@dataclass(frozen=True)
class Invitation:
    """What became of an invitation: the link to copy, where there is one, and whether a mail is on its way."""

    email: str
    link: str | None
    mailed: bool


def invite(
    by: Member, team_id: int, email: str, role: str, *, link: SetUpLink, config: Config, now: datetime,
) -> Invitation:  # fmt: skip
    """Make somebody a member of the team and mail them; a newcomer gets a link, which ends those sent before.

    The link is shown only to whoever may act for the whole account: another team's member keeps theirs to themself.
    Raises NotFound, Forbidden, or Invalid for a malformed address, an unknown role or somebody who is in already.
    """
    require(by, "owner", team_id)
    checked(role)
    address = addresses.normalise(email).lower()
    with transaction() as session:
        serialise(session, "owners")
        team_name = find_team(team_id).name
        found = session.scalar(select(Member).where(Member.email == address)) or new_member(session, address, now)
        if found.password and any(each.team_id == team_id for each in found.memberships):
            raise Invalid([Fault("email", "member_already", N_("This address belongs to a member of the team already."))])
        set_role(session, found, team_id, role, actor=by.actor)
        session.flush()
        mine = by.commands(found)
        if not found.password:  # whoever else holds a link to this account must not come into this team by it
            renew(session, found, now)
        way_in = link(found) if not found.password else f"{config.base_url}/admin/login"
        values = {"team": team_name, "role": role, "by": by.email, "address": way_in, "newcomer": not found.password}
        mailed = outbox.queue(
            session, "invitation", to=address, fingerprint=addresses.fingerprint(address, config.fingerprint_bytes),
            language=config.languages[0], values=values, scope=f"invitation:team {team_id}", now=now, cap=INVITATION_CAP,
            lifetime=INVITED_FOR,
        )  # fmt: skip
        _note_here(session, found, "member.invited", by, team_id, now, role=role)
        return Invitation(address, way_in if mine and not found.password else None, mailed)


def commanded(by: Member) -> set[int]:
    """The members whose whole account this one may act for."""
    query = select(Member).options(selectinload(Member.memberships))
    return {each.id for each in db.session.scalars(query) if by.commands(each)}


def change_role(by: Member, team_id: int, member_id: int, role: str, *, now: datetime) -> Member:
    """Give a member another role in the team; raises NotFound, Forbidden, Invalid or LastOwner."""
    checked(role)
    with transaction() as session:
        serialise(session, "owners")
        found, held = _managed(session, by, team_id, member_id)
        before = held.role
        if found.sees_all and role != "owner":
            set_sees_all(session, found, False, actor=by.actor)
        set_role(session, found, team_id, role, actor=by.actor)
        if role != before:
            _note_here(session, found, "member.role", by, team_id, now, role=role, before=before)
    return found


def remove_from_team(by: Member, team_id: int, member_id: int, *, now: datetime) -> str:
    """Take a member out of the team, ending their sessions; an account that is in no team goes. Returns the address.

    Raises NotFound, Forbidden or LastOwner.
    """
    with transaction() as session:
        serialise(session, "owners")
        found, held = _managed(session, by, team_id, member_id)
        if found.sees_all:
            set_sees_all(session, found, False, actor=by.actor)
        if held.role == "owner":
            keep_an_owner(session, found, [team_id], by.actor)
        email = found.email
        _note_here(session, found, "member.removed", by, team_id, now, before=held.role)
        found.memberships.remove(held)
        if found.memberships:
            sessions.end_all(session, found.id, now)
        else:
            session.delete(found)
    return email


def reset_member(by: Member, team_id: int, member_id: int, *, link: SetUpLink, now: datetime) -> tuple[str, str]:
    """Clear what a member logs in with and end their sessions; returns their address and the link that leads in again.

    Raises NotFound, Forbidden, also for who belongs to a team that is not the owner's, and OwnAccount.
    """
    with transaction() as session:
        found, _ = _managed(session, by, team_id, member_id)
        if found.id == by.id:
            raise OwnAccount
        if not by.commands(found):
            raise Forbidden
        clear(session, found, now)
        note(session, found, "member.reset", actor=by.actor, now=now)
        session.flush()
        return found.email, link(found)


def end_sessions_of(by: Member, team_id: int, member_id: int, *, now: datetime) -> Member:
    """Log a member out everywhere; raises NotFound or Forbidden."""
    with transaction() as session:
        found, _ = _managed(session, by, team_id, member_id)
        ended = sessions.end_all(session, found.id, now)
        _note_here(session, found, "member.sessions_ended", by, team_id, now, count=ended)
    return found


def _managed(session: Session, by: Member, team_id: int, member_id: int) -> tuple[Member, Membership]:
    """The member and their part in the team, for an owner of it; owners of the installation answer to their like only."""
    require(by, "owner", team_id)
    held = session.scalar(select(Membership).where(Membership.team_id == team_id, Membership.member_id == member_id))
    if held is None:
        raise NotFound
    if held.member.sees_all and not by.sees_all:
        raise Forbidden
    return held.member, held


def _note_here(
    session: Session, found: Member, action: str, by: Member, team_id: int, now: datetime, **details: str | int
) -> None:
    audit.record(
        session, at=now, actor=by.actor, action=action, thing=("member", found.id), team_id=team_id, who=found.email, **details,
    )  # fmt: skip
