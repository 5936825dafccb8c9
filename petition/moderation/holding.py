"""The emergency switch of a letter: everything new waits, and what came lately with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from petition import accounts, audit
from petition.accounts import Member
from petition.db import transaction
from petition.errors import N_, Fault, Invalid
from petition.letters.models import Letter
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from petition.moderation.models import BulkDecision

LATELY = (0, 1, 24)  # hours that may be held along


def hold_new(member: Member, letter: Letter, state: str, hours: str = "0", *, now: datetime) -> BulkDecision | None:
    """Let everything new wait, or no more; with `hours`, start holding what was published within them at once.

    One person suffices: nothing is lost by waiting. Raises NotFound, Forbidden, Invalid.
    """
    accounts.require(member, "moderator", letter.team_id)
    if state not in ("on", "off") or hours not in {str(each) for each in LATELY}:
        raise Invalid([Fault("state", "unknown_choice", N_("Choose one of the choices offered."))])
    with transaction() as session:
        session.refresh(letter, with_for_update=True)
        before, letter.holding = letter.holding, state == "on"
        started = None
        if state == "on" and hours != "0":
            started = bulk.begin(session, letter, Criteria(since=now - timedelta(hours=int(hours))), actor=member.actor, now=now)
        if letter.holding != before:
            audit.record(
                session, at=now, actor=member.actor, action="letter.holding", thing=("letter", letter.id), team_id=letter.team_id,
                letter=letter.slug, after=state,
            )  # fmt: skip
    return started
