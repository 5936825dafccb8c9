"""Teams and their members: who holds which role where, and what a role may do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from flask_security import RoleMixin, SQLAlchemyUserDatastore, UserMixin, WebAuthnMixin
from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint, func, select
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition import addresses, audit
from petition.audit import Actor
from petition.db import Model, UtcDateTime, db, transaction
from petition.errors import N_, Conflict, Fault, Forbidden, Invalid, NotFound

ROLES = ("viewer", "moderator", "editor", "owner")  # each may do what those before it may
DEFAULT_TEAM = "The team"


class LastOwner(Conflict):
    """A team without an owner could never be managed again."""

    code = "last_owner"
    message = N_("This is the last owner. Make somebody else an owner first.")


class Team(Model):
    """The people behind one or more letters, and how they appear to readers."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    operator: Mapped[str] = mapped_column(String(300), default="")
    imprint: Mapped[str] = mapped_column(Text, default="")
    logo: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    logo_type: Mapped[str] = mapped_column(String(20), default="")
    logo_digest: Mapped[str] = mapped_column(String(64), default="")

    memberships: Mapped[list[Membership]] = relationship(back_populates="team")


class Member(Model, UserMixin):
    """A team member's account; the field names are Flask-Security's."""

    __tablename__ = "member"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(20))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    tf_last_counter: Mapped[int | None] = mapped_column()  # the newest code that was used, so that none works twice
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(JSON))
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)  # type: ignore[assignment]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # An owner of the installation sees and manages every team.
    sees_all: Mapped[bool] = mapped_column(default=False)

    memberships: Mapped[list[Membership]] = relationship(back_populates="member", cascade="all, delete-orphan")
    webauthn: Mapped[list[Passkey]] = relationship(  # type: ignore[assignment]
        cascade="all, delete-orphan", foreign_keys="Passkey.user_id"
    )

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        """Flask-Security's installation-wide roles, of which we have none: roles are held in a team."""
        return []

    @property
    def actor(self) -> Actor:
        """Who this is, for the audit trail."""
        return Actor("member", self.email, self.id)

    def role_in(self, team_id: int) -> str | None:
        """The role held in a team, or None."""
        if self.sees_all:
            return "owner"
        return next((each.role for each in self.memberships if each.team_id == team_id), None)

    def may(self, role: str, team_id: int) -> bool:
        """Whether the member may do what this role may, in this team."""
        held = self.role_in(team_id)
        return held is not None and ROLES.index(held) >= ROLES.index(role)

    @property
    def team_ids(self) -> list[int] | None:
        """The teams whose letters the member sees; None means all."""
        return None if self.sees_all else [each.team_id for each in self.memberships]


class Membership(Model):
    """One member's role in one team."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("member_id", "team_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    role: Mapped[str] = mapped_column(String(10))

    member: Mapped[Member] = relationship(back_populates="memberships")
    team: Mapped[Team] = relationship(back_populates="memberships")


class Passkey(Model, WebAuthnMixin):
    """A member's passkey; the field names are Flask-Security's."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(JSON))
    backup_state: Mapped[bool] = mapped_column(default=False)
    device_type: Mapped[str] = mapped_column(String(64))
    extensions: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(64))
    usage: Mapped[str] = mapped_column(String(64))
    create_datetime: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    lastuse_datetime: Mapped[datetime] = mapped_column(UtcDateTime)


class TeamSession(Model):
    """One log-in of a member, which ends when it is idle, old, left or revoked; says nothing of the device."""

    __tablename__ = "team_session"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the key in the session's cookie
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoRole(RoleMixin):
    """Flask-Security asks for a model of installation-wide roles; there are none."""


class MemberStore(SQLAlchemyUserDatastore):
    """Flask-Security's way to the accounts; what a log-in changed is written in one of our transactions."""

    def __init__(self) -> None:
        super().__init__(db, Member, NoRole)

    def commit(self) -> None:
        """Write what changed; the read that led here ends first, since it cannot become a write on SQLite."""
        session = db.session()
        changed = [each for each in session.dirty if isinstance(each, Member)]
        values = [(each.id, {name: _plain(getattr(each, name)) for name in LOGIN_FIELDS}) for each in changed]
        if not values:
            session.commit()
            return
        session.rollback()
        with transaction() as writing:
            for number, fields in values:
                found = writing.get_one(Member, number)
                for name, value in fields.items():
                    setattr(found, name, value)


LOGIN_FIELDS = ("password", "fs_uniquifier", "tf_primary_method", "tf_totp_secret", "tf_last_counter", "mf_recovery_codes")


def _plain(value: str | int | list[str] | None) -> str | int | list[str] | None:
    return list(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class MemberRow:
    """One line of the member list."""

    email: str
    team: str
    role: str
    second_factor: bool
    has_password: bool


def require(member: Member, role: str, team_id: int) -> None:
    """Raise Forbidden unless the member may do what the role may, NotFound when the team is not theirs at all."""
    if member.role_in(team_id) is None:
        raise NotFound
    if not member.may(role, team_id):
        raise Forbidden


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


def find_member(email: str) -> Member:
    """The member with that address; raises NotFound."""
    found = db.session.scalar(select(Member).where(Member.email == email.lower()))
    if found is None:
        raise NotFound
    return found


def add_member(
    email: str, role: str, *, actor: Actor, now: datetime, password_hash: str | None = None, team_name: str | None = None,
) -> Member:  # fmt: skip
    """Add a member to a team, or change the role of one already in it; an owner without a named team owns everything.

    Raises Invalid for a malformed address or an unknown role.
    """
    if role not in ROLES:
        raise Invalid([Fault("role", "unknown_role", N_("Choose one of the roles offered."))])
    address = addresses.normalise(email).lower()
    with transaction() as session:
        where = team(team_name)
        found = session.scalar(select(Member).where(Member.email == address))
        if found is None:
            found = Member(email=address, fs_uniquifier=uuid.uuid4().hex, created_at=now, active=True)
            session.add(found)
        if password_hash is not None:
            found.password = password_hash
        found.sees_all = found.sees_all or (role == "owner" and team_name is None)
        held = next((each for each in found.memberships if each.team_id == where.id), None)
        if held is None:
            found.memberships.append(Membership(team=where, role=role))
        else:
            held.role = role
        session.flush()
        audit.record(session, at=now, actor=actor, action="member.added", thing=("member", found.id), team_id=where.id, role=role)
    return found


def remove_member(email: str, *, actor: Actor, now: datetime) -> None:
    """Remove an account and its roles; raises NotFound, or LastOwner when nobody else could manage the platform."""
    with transaction() as session:
        found = find_member(email)
        others = session.scalar(select(func.count()).select_from(Member).where(Member.sees_all, Member.id != found.id))
        if found.sees_all and not others:
            raise LastOwner
        audit.record(session, at=now, actor=actor, action="member.removed", thing=("member", found.id))
        session.delete(found)


def reset_second_factor(email: str, *, actor: Actor, now: datetime) -> Member:
    """Clear a member's second factor and recovery codes, and end their sessions."""
    with transaction() as session:
        found = find_member(email)
        found.tf_primary_method = found.tf_totp_secret = found.tf_last_counter = found.mf_recovery_codes = None
        found.fs_uniquifier = uuid.uuid4().hex
        audit.record(session, at=now, actor=actor, action="member.reset", thing=("member", found.id))
    return found


def members(member: Member | None = None) -> list[MemberRow]:
    """Every membership the member may see, or all of them for the command line."""
    query = select(Membership).join(Member).join(Team).order_by(Team.name, Member.email)
    if member is not None and member.team_ids is not None:
        query = query.where(Membership.team_id.in_(member.team_ids))
    return [
        MemberRow(each.member.email, each.team.name, each.role, bool(each.member.tf_primary_method), bool(each.member.password))
        for each in db.session.scalars(query)
    ]


def moderators(team_id: int) -> list[Member]:
    """The members of a team who may decide on signatures and are able to log in."""
    deciding = Membership.role.in_(ROLES[ROLES.index("moderator") :])
    query = select(Member).join(Membership).where(Membership.team_id == team_id, deciding, Member.active).order_by(Member.id)
    return [each for each in db.session.scalars(query) if each.password is not None or each.webauthn]


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
