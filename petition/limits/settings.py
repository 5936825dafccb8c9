"""What a team changed about the limits: kept in the database, in force at every process within seconds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from petition.db import db
from petition.errors import N_, Busy, Fault, Invalid, NotFound
from petition.limits.models import LimitSetting
from petition.limits.policies import BY_NAME, DAY, Policy, Rate

MOST = 1_000_000
SHORTEST, LONGEST = 10, DAY  # seconds; a sliding window looks back on two, which must end before the key dies


def stored() -> dict[str, Rate]:
    """The rates that differ from the defaults, by policy; raises Busy when the database cannot tell."""
    # In the visitor's own session: threads that each asked the pool for a second connection could wait for each other.
    try:
        rows = db.session.execute(select(LimitSetting.name, LimitSetting.count, LimitSetting.seconds)).all()
    except SQLAlchemyError as error:
        db.session.rollback()
        raise Busy from error
    return {name: Rate(count, seconds) for name, count, seconds in rows if name in BY_NAME}


def changed() -> list[LimitSetting]:
    """The rows behind those rates, with who changed them and when."""
    return [each for each in db.session.scalars(select(LimitSetting).order_by(LimitSetting.name)) if each.name in BY_NAME]


def policy(name: str) -> Policy:
    """The policy of that name; raises NotFound."""
    if name not in BY_NAME:
        raise NotFound
    return BY_NAME[name]


def checked(which: Policy, count: int, seconds: int) -> Rate:
    """A rate within its bounds; raises Invalid."""
    faults = []
    if not which.least <= count <= MOST:
        bounds = {"least": which.least, "most": MOST}
        faults.append(Fault("count", "out_of_bounds", N_("Enter a whole number from %(least)s to %(most)s."), bounds))
    if not SHORTEST <= seconds <= LONGEST:
        faults.append(Fault("seconds", "out_of_bounds", N_("Choose a period from ten seconds to one day.")))
    if faults:
        raise Invalid(faults)
    return Rate(count, seconds)


def write(session: Session, which: Policy, rate: Rate | None, by: str, now: datetime) -> Rate:
    """Set a policy's rate, or with None go back to its default, in the caller's transaction; returns the rate before."""
    row = session.get(LimitSetting, which.name, with_for_update=True)
    before = Rate(row.count, row.seconds) if row is not None else which.default
    if rate is None or rate == which.default:
        if row is not None:
            session.delete(row)
        return before
    if row is None:
        row = LimitSetting(name=which.name)
        session.add(row)
    row.count, row.seconds, row.changed_by, row.changed_at = rate.count, rate.seconds, by, now
    session.flush()
    return before
