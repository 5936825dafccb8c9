"""What a member wants to be mailed of their letters without being needed: milestones, and a digest by day or week."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from sqlalchemy.types import BigInteger

from petition.accounts.members import note
from petition.accounts.models import Member, Membership
from petition.db import Model, UtcDateTime, db, is_postgresql, transaction
from petition.errors import N_, Fault, Invalid

DIGESTS = ("never", "daily", "weekly")


class MailChoice(Model):
    """What one member chose; without a row nothing is mailed."""

    __tablename__ = "mail_choice"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    milestones: Mapped[bool] = mapped_column(default=False)
    digest: Mapped[str] = mapped_column(String(10), default="never")

    member: Mapped[Member] = relationship()


class Digest(Model):
    """One period of which a member was told, or in which nothing happened; whoever stores the row queues the mail."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("member_id", "through"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    through: Mapped[date] = mapped_column()  # the last day of the period
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    mailed: Mapped[bool] = mapped_column(default=False)


def choice(member: Member) -> MailChoice:
    """What the member chose."""
    return db.session.get(MailChoice, member.id) or MailChoice(member_id=member.id, milestones=False, digest="never")


def choose(member: Member, *, milestones: bool, digest: str, now: datetime) -> None:
    """Change what the member is mailed; a first digest tells of today and later. Raises Invalid for an unknown choice."""
    if digest not in DIGESTS:
        raise Invalid([Fault("digest", "unknown", N_("Please choose one of the options offered."))])
    number = member.id
    with transaction() as session:
        found = session.get(MailChoice, number) or MailChoice(member_id=number, milestones=False, digest="never")
        if found.digest == "never" and digest != "never":
            claim(session, number, now.date() - timedelta(days=1), now)
        if (found.milestones, found.digest) != (milestones, digest):
            found.milestones, found.digest = milestones, digest
            note(session, member, "member.mail_chosen", actor=member.actor, now=now, milestones=milestones, digest=digest)
        session.add(found)


def claim(session: Session, member_id: int, through: date, now: datetime) -> bool:
    """Take a period upon oneself: False when somebody has."""
    values = {"member_id": member_id, "through": through, "claimed_at": now, "mailed": False}
    insert = (postgresql if is_postgresql(session) else sqlite).insert(Digest).values(values)
    return session.execute(insert.on_conflict_do_nothing().returning(Digest.id)).scalar() is not None


def told_through(member_id: int, today: date) -> date | None:
    """The last day that the member was told of; what a clock set forward wrote does not count."""
    return db.session.scalar(select(func.max(Digest.through)).where(Digest.member_id == member_id, Digest.through < today))


def for_milestones(session: Session, team_id: int) -> list[Member]:
    """The members of a team who want to hear of milestones and are able to log in."""
    query = select(Member).join(Membership).join(MailChoice, MailChoice.member_id == Member.id)
    query = query.where(Membership.team_id == team_id, MailChoice.milestones, Member.active).order_by(Member.id)
    return [each for each in session.scalars(query) if each.password is not None or each.webauthn]


def for_digests(digest: str) -> list[int]:
    """The numbers of the members who want such a digest."""
    query = select(MailChoice.member_id).join(Member).where(MailChoice.digest == digest, Member.active)
    return list(db.session.scalars(query.order_by(MailChoice.member_id)))
