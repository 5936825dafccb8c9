"""What may be used once: the code of an app, a recovery code, a passkey's answer; many tries at once spend it once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from petition.accounts.members import note
from petition.accounts.models import Member, Passkey
from petition.challenge import SpentProof
from petition.db import transaction
from petition.errors import Conflict

ANSWERED_WITHIN = timedelta(minutes=5)  # longer than a passkey's answer is taken


def use_step(member_id: int, step: int) -> bool:
    """Use up the time step of an app's code; False when it, or a later one, was used before (RFC 6238, section 5.2)."""
    unused = or_(Member.tf_last_counter.is_(None), Member.tf_last_counter < step)
    with transaction() as session:
        done: Any = session.execute(update(Member).where(Member.id == member_id, unused).values(tf_last_counter=step))
        return bool(done.rowcount)


def use_recovery_code(member_id: int, is_it: Callable[[str], bool], now: datetime) -> bool:
    """Use up the kept code that `is_it` recognises; False when there is none, or no longer."""
    with transaction() as session:
        query = select(Member).where(Member.id == member_id).with_for_update().execution_options(populate_existing=True)
        found = session.scalars(query).one()
        codes = list(found.mf_recovery_codes or [])
        used = next((each for each in codes if is_it(each)), None)
        if used is None:
            return False
        codes.remove(used)
        found.mf_recovery_codes = codes
        note(session, found, "member.recovery_code_used", actor=found.actor, now=now, left=len(codes))
        return True


def use_answer(challenge: str, now: datetime) -> bool:
    """Use up a passkey's challenge; False when it was answered before: not every device counts its answers."""
    digest = hashlib.sha256(b"passkey:" + challenge.encode()).hexdigest()
    try:
        with transaction() as session:
            session.add(SpentProof(digest=digest, expires_at=now + ANSWERED_WITHIN))
    except IntegrityError:
        return False
    return True


def use_passkey(passkey_id: int, sign_count: int, seen: dict[str, Any]) -> None:
    """Keep what a passkey told with its answer; raises Conflict when it has counted further since."""
    further = or_(Passkey.sign_count < sign_count, Passkey.sign_count == 0)
    with transaction() as session:
        statement = update(Passkey).where(Passkey.id == passkey_id, further).values(sign_count=sign_count, **seen)
        done: Any = session.execute(statement)
        if not done.rowcount:
            raise Conflict
