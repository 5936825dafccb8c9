"""The team's tables: teams, members, who holds which role where, passkeys and log-ins; and what a role may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask_security import RoleMixin, UserMixin, WebAuthnMixin
from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition.audit import Actor
from petition.db import Model, UtcDateTime

ROLES = ("viewer", "moderator", "editor", "owner")  # each may do what those before it may


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
    language: Mapped[str] = mapped_column(String(20), default="")  # of the team's pages and mails; '' is the site's own

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

    def speaks(self, languages: Sequence[str]) -> str:
        """The language of the member's pages and mails: their choice, or the first that the site speaks."""
        return self.language if self.language in languages else languages[0]

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

    @property
    def owned_ids(self) -> list[int] | None:
        """The teams that the member owns; None means all."""
        return None if self.sees_all else [each.team_id for each in self.memberships if each.role == "owner"]

    @property
    def second_factor(self) -> bool:
        """Whether something besides the password is asked for when the member logs in."""
        return bool(self.tf_primary_method or self.webauthn)

    def commands(self, other: Member) -> bool:
        """Whether the member may act for the other's whole account, and not just for their part in one team."""
        if self.sees_all:
            return True
        owned = self.owned_ids or []
        return not other.sees_all and all(each.team_id in owned for each in other.memberships)

    def check_tf_required_setup(self) -> bool:
        """Whether the member has to keep an authenticator app: not with a passkey, where a second factor is required."""
        return bool(super().check_tf_required_setup()) and not self.webauthn


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

    @property
    def alone(self) -> bool:
        """Whether it logs in by itself, without address and password, as far as the browser told."""
        return "true" in (self.extensions or "")


class TeamSession(Model):
    """One log-in of a member, which ends when it is idle, old, left or revoked; says nothing of the device."""

    __tablename__ = "team_session"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the key in the session's cookie
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
