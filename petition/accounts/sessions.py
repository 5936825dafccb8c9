"""Log-ins as rows: a stolen cookie lives no longer than its row, which ends when idle, old, left or revoked."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from petition import audit
from petition.accounts.models import Member, TeamSession
from petition.db import db, transaction
from petition.errors import Busy, NotFound

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)  # after which a password is asked for again, however busy the session
SEEN_EVERY = timedelta(minutes=1)


def digest(key: str) -> str:
    """What is kept of the key in the session's cookie."""
    return hashlib.sha256(key.encode()).hexdigest()


def begin(member_id: int, now: datetime) -> str:
    """Record a log-in; returns the key that its cookie carries."""
    key = secrets.token_urlsafe(32)
    with transaction() as session:
        session.add(TeamSession(digest=digest(key), member_id=member_id, began_at=now, seen_at=now))
    return key


def attend(key: str, member_id: int, now: datetime) -> bool:
    """Whether the session still stands; notes the visit, at most once a minute."""
    found = db.session.get(TeamSession, digest(key), populate_existing=True)
    if found is None or found.member_id != member_id or not _stands(found, now):
        return False
    if now - found.seen_at >= SEEN_EVERY:
        _seen(found.digest, now)
    return True


def _stands(found: TeamSession, now: datetime) -> bool:
    return found.ended_at is None and now - found.seen_at < IDLE and now - found.began_at < LONGEST


def _seen(which: str, now: datetime) -> None:
    try:
        with transaction() as session:
            session.execute(update(TeamSession).where(TeamSession.digest == which).values(seen_at=now))
    except Busy:
        return  # pages stay readable while the database cannot be written; the next visit tells


def standing(member: Member, now: datetime) -> list[TeamSession]:
    """The member's sessions that stand, the newest first."""
    query = select(TeamSession).where(TeamSession.member_id == member.id, _live(now)).order_by(TeamSession.began_at.desc())
    return list(db.session.scalars(query))


def counted(now: datetime) -> dict[int, int]:
    """How many sessions stand, by member."""
    found: dict[int, int] = {}
    for number in db.session.scalars(select(TeamSession.member_id).where(_live(now))):
        found[number] = found.get(number, 0) + 1
    return found


def _live(now: datetime) -> ColumnElement[bool]:
    return and_(TeamSession.ended_at.is_(None), TeamSession.seen_at > now - IDLE, TeamSession.began_at > now - LONGEST)


def leave(key: str, now: datetime) -> None:
    """End the session of this key: its member logs out."""
    with transaction() as session:
        _end(session, now, TeamSession.digest == digest(key))


def end(member: Member, which: str, now: datetime) -> None:
    """End one of the member's own sessions; raises NotFound."""
    with transaction() as session:
        if not _end(session, now, TeamSession.digest == which, TeamSession.member_id == member.id):
            raise NotFound
        _note(session, member, now, 1)


def end_others(member: Member, key: str, now: datetime) -> int:
    """End all of the member's own sessions but the one of this key; returns how many."""
    with transaction() as session:
        ended = _end(session, now, TeamSession.member_id == member.id, TeamSession.digest != digest(key))
        if ended:
            _note(session, member, now, ended)
    return ended


def end_all(session: Session, member_id: int, now: datetime) -> int:
    """End every session of a member inside the caller's transaction; returns how many."""
    return _end(session, now, TeamSession.member_id == member_id)


def _end(session: Session, now: datetime, *which: ColumnElement[bool]) -> int:
    done: Any = session.execute(update(TeamSession).where(*which, TeamSession.ended_at.is_(None)).values(ended_at=now))
    return int(done.rowcount)


def _note(session: Session, member: Member, now: datetime, ended: int) -> None:
    audit.record(
        session, at=now, actor=member.actor, action="member.sessions_ended", thing=("member", member.id), count=ended,
        who=member.email,
    )  # fmt: skip
