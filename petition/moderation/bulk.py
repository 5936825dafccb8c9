"""Bulk decisions: previewed, confirmed (by two people where many would be rejected), cancelled and reversed as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from petition import accounts, audit
from petition.accounts import Member
from petition.audit import Actor
from petition.db import db, transaction
from petition.errors import N_, Conflict, Fault, Invalid, NotFound
from petition.letters.models import Letter
from petition.moderation import reasons
from petition.moderation.criteria import LIVE, STARTS, STATES, Criteria
from petition.moderation.models import BulkDecision, BulkItem
from petition.moderation.view import Row, row
from petition.signatures.models import Signature, Tally

SAMPLE = 20
ALONE_UP_TO = 25  # signatures, and one in a hundred of the letter's: more rejections need a second person
LATELY = timedelta(hours=24)  # within which one person's rejections add up
TELL_UP_TO = 1_000  # signatories, unless the member says otherwise
PAGE = 50
LIES_STILL = timedelta(minutes=2)  # after which nobody seems to work on a running decision
OPEN = ("prepared", "waiting", "running")


class CountChanged(Conflict):
    """Far more or fewer signatures meet the criteria than the page said that was confirmed."""

    code = "count_changed"
    message = N_("Since you looked, the number changed from %(before)s to %(now)s. Please look again before you confirm.")


class MovedOn(Conflict):
    """The bulk decision is not in the state that this button was for."""

    code = "bulk_moved_on"
    message = N_("This bulk decision has moved on in the meantime. Please look again.")


class NeedsAnother(Conflict):
    """The second confirmation has to come from somebody else."""

    code = "needs_another"
    message = N_("Another member of the team has to confirm this: it rejects many signatures.")


@dataclass(frozen=True)
class Preview:
    """What meets the criteria now: how many by state, of how many live ones of the letter, and a few of them."""

    counts: dict[str, int]
    live: int
    sample: list[Row]

    def matched(self, decision: str, criteria: Criteria) -> int:
        """How many signatures this decision would be about."""
        return sum(self.counts.get(state, 0) for state in starts(decision, criteria))


@dataclass(frozen=True)
class Look:
    """A bulk decision as its page shows it."""

    bulk: BulkDecision
    criteria: Criteria
    matched: int  # now, while it is not confirmed; as confirmed afterwards
    live: int
    returned: int  # of those done, how many a reversal brought back
    sample: list[Row]
    needs_second: bool
    alone: bool  # nobody else in the team could confirm
    tells: bool  # what is proposed for telling the signatories
    lies_still: bool  # it should run, and no worker is at it


def starts(decision: str, criteria: Criteria) -> tuple[str, ...]:
    """The states in which a decision finds its signatures."""
    return tuple(each for each in STARTS[decision] if each in (criteria.states or LIVE))


def preview(member: Member, letter: Letter, criteria: Criteria) -> Preview:
    """What meets the criteria, in every state they name; raises NotFound for another team's letter."""
    accounts.require(member, "moderator", letter.team_id)
    condition = criteria.condition(letter.id, criteria.states or LIVE)
    counted = select(Signature.state, func.count()).where(condition).group_by(Signature.state)
    counts = {state: int(number) for state, number in db.session.execute(counted)}
    return Preview(counts, live(letter.id), _sample(member, letter, criteria, criteria.states or LIVE))


def live(letter_id: int) -> int:
    """How many signatures of a letter are published or held, from the tallies."""
    found = select(func.sum(Tally.count)).where(Tally.letter_id == letter_id, Tally.state.in_(LIVE))
    return int(db.session.scalar(found) or 0)


def _sample(member: Member, letter: Letter, criteria: Criteria, states: tuple[str, ...]) -> list[Row]:
    # By their random ids: a few of all that match, and the same ones when the page is loaded again.
    some = select(Signature).where(criteria.condition(letter.id, states)).order_by(Signature.public_id).limit(SAMPLE)
    return [row(member, each) for each in db.session.scalars(some)]


def _count(bulk: BulkDecision, criteria: Criteria, through: int = 0, states: tuple[str, ...] = STATES) -> int:
    """How many signatures the decision is about, of these states and up to a newest one."""
    which = [each for each in starts(bulk.decision, criteria) if each in states]
    found = select(func.count()).select_from(Signature).where(criteria.condition(bulk.letter_id, which))
    return int(db.session.scalar(found.where(Signature.id <= through) if through else found) or 0)


def prepare(
    member: Member, letter: Letter, criteria: Criteria, decision: str, *, reason: str = "", reason_class: str = "", now: datetime,
) -> BulkDecision:  # fmt: skip
    """Store a bulk decision that nothing follows from until it is confirmed.

    Raises NotFound, Forbidden, or Invalid for criteria that say nothing or match everything or nobody.
    """
    accounts.require(member, "moderator", letter.team_id)
    reason, reason_class = _reasons(letter.team_id, decision, reason, reason_class)
    with transaction() as session:
        bulk = store(session, letter, criteria, decision, actor=member.actor, reason=reason, reason_class=reason_class, now=now)
        _refuse_everything(bulk, _count(bulk, criteria))
    return bulk


def store(
    session: Session, letter: Letter, criteria: Criteria, decision: str, *, actor: Actor, reason: str = "", reason_class: str = "",
    now: datetime,
) -> BulkDecision:  # fmt: skip
    """The stored object, inside the caller's transaction."""
    bulk = BulkDecision(
        letter_id=letter.id, letter=letter, decision=decision, criteria=criteria.as_json(), reason=reason, reason_class=reason_class,
        created_at=now, created_by=actor.name or actor.kind, state="prepared", tell=False,
    )  # fmt: skip
    session.add(bulk)
    session.flush()
    note(session, bulk, "prepared", actor, now)
    return bulk


def _reasons(team_id: int, decision: str, reason: str, reason_class: str) -> tuple[str, str]:
    if decision not in STARTS:
        raise Invalid([Fault("decision", "unknown_decision", N_("Choose one of the decisions offered."))])
    if decision == "reject" and not reason_class:
        raise Invalid([Fault("reason_class", "unknown_class", N_("Choose the sort of reason: its number is published."))])
    return reasons.given(team_id, needed=decision == "reject", words=reason, template="", reason_class=reason_class)


def _refuse_everything(bulk: BulkDecision, matched: int) -> None:
    criteria = Criteria.from_json(bulk.criteria)
    if criteria.empty:
        message = N_("Say at least one thing that these signatures have in common.")
        raise Invalid([Fault("criteria", "empty", message)])
    if not matched:
        raise Invalid([Fault("criteria", "nobody", N_("No signature meets these criteria for this decision."))])
    if matched >= live(bulk.letter_id) and _count(bulk, criteria, states=LIVE) >= live(bulk.letter_id):
        message = N_("These criteria match every signature of the letter. Narrow them: a bulk decision is never about all.")
        raise Invalid([Fault("criteria", "everything", message)])


def listed(member: Member, letter: Letter) -> list[BulkDecision]:
    """A letter's bulk decisions, the newest first; raises NotFound for another team's letter."""
    accounts.require(member, "moderator", letter.team_id)
    query = select(BulkDecision).where(BulkDecision.letter_id == letter.id)
    return list(db.session.scalars(query.order_by(BulkDecision.id.desc()).limit(PAGE)))


def find(member: Member, public_id: str, lock: bool = False) -> BulkDecision:
    """The bulk decision of that id; raises NotFound, also for another team's."""
    query = select(BulkDecision).where(BulkDecision.public_id == public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query) if len(public_id) <= 36 and public_id.isprintable() else None
    if found is None:
        raise NotFound
    accounts.require(member, "moderator", found.letter.team_id)
    return found


def look(member: Member, public_id: str, now: datetime) -> Look:
    """A bulk decision with the numbers of this moment; raises NotFound."""
    bulk = find(member, public_id)
    criteria = Criteria.from_json(bulk.criteria)
    undecided = bulk.state in ("prepared", "waiting")
    matched = _count(bulk, criteria, bulk.through) if undecided else bulk.matched
    returned = select(func.count()).select_from(BulkItem).where(BulkItem.bulk_id == bulk.id, BulkItem.reversed)
    seen = bulk.leased_until
    return Look(
        bulk=bulk, criteria=criteria, matched=matched, live=live(bulk.letter_id),
        returned=int(db.session.scalar(returned) or 0) if bulk.state in ("reversing", "reversed") else 0,
        sample=_sample(member, bulk.letter, criteria, starts(bulk.decision, criteria)) if undecided else [],
        needs_second=bulk.state == "waiting" or _needs_second(bulk, member.email, matched, now),
        alone=not _others(bulk, bulk.confirmed_by or member.email), tells=bulk.decision != "hold" and matched <= TELL_UP_TO,
        lies_still=bulk.state in ("running", "reversing") and seen is not None and now - seen > LIES_STILL,
    )  # fmt: skip


def needs_second(decision: str, matched: int, of: int) -> bool:
    """Whether a second person has to confirm: only where many would be rejected."""
    return decision == "reject" and (matched > ALONE_UP_TO or matched * 100 > of)


def confirm(member: Member, public_id: str, *, seen: int, tell: bool = False, now: datetime) -> BulkDecision:
    """Let it run, or wait for a second person.

    Raises NotFound, MovedOn, CountChanged when the number is far from the one `seen`, and Invalid as `prepare` does.
    """
    with transaction() as session:
        bulk = find(member, public_id, lock=True)
        if bulk.state != "prepared":
            raise MovedOn
        matched = _as_seen(bulk, seen)
        _start(session, bulk, member.actor, matched, tell=tell, now=now)
    return bulk


def _as_seen(bulk: BulkDecision, seen: int) -> int:
    """How many meet the criteria now, if that is what was shown or hardly different."""
    matched = _count(bulk, Criteria.from_json(bulk.criteria), bulk.through)
    _refuse_everything(bulk, matched)
    if abs(matched - seen) > max(5, seen // 50):
        raise CountChanged(before=seen, now=matched)
    return matched


def _start(session: Session, bulk: BulkDecision, actor: Actor, matched: int, *, tell: bool, now: datetime) -> None:
    bulk.through = session.scalar(select(func.max(Signature.id)).where(Signature.letter_id == bulk.letter_id)) or 0
    who = actor.name or actor.kind
    bulk.state = "waiting" if _needs_second(bulk, who, matched, now) else "running"
    bulk.matched, bulk.tell = _list(session, bulk), tell and bulk.decision != "hold"
    bulk.confirmed_at, bulk.confirmed_by, bulk.leased_until = now, who, now
    note(session, bulk, "confirmed", actor, now, matched=matched, tell=bulk.tell)


def _list(session: Session, bulk: BulkDecision) -> int:
    """Write down which signatures it is about: how many. It is about no others, whatever becomes of those meanwhile."""
    session.execute(delete(BulkItem).where(BulkItem.bulk_id == bulk.id))
    criteria = Criteria.from_json(bulk.criteria)
    condition = criteria.condition(bulk.letter_id, starts(bulk.decision, criteria))
    which = select(literal(bulk.id), Signature.id, Signature.state).where(condition, Signature.id <= bulk.through)
    session.execute(insert(BulkItem).from_select(["bulk_id", "signature_id", "state_before"], which))
    number = session.scalar(select(func.count()).select_from(BulkItem).where(BulkItem.bulk_id == bulk.id))
    return number or 0


def _needs_second(bulk: BulkDecision, who: str, matched: int, now: datetime) -> bool:
    """Whether a second person has to confirm, with what the first rejected alone lately on the same letter."""
    alone = select(func.sum(BulkDecision.matched)).where(
        BulkDecision.letter_id == bulk.letter_id, BulkDecision.id != bulk.id, BulkDecision.decision == "reject",
        BulkDecision.state.in_(("running", "done")), BulkDecision.confirmed_by == who, BulkDecision.seconded_by == "",
        BulkDecision.confirmed_at > now - LATELY,
    )  # fmt: skip
    return needs_second(bulk.decision, matched + int(db.session.scalar(alone) or 0), live(bulk.letter_id))


def _others(bulk: BulkDecision, who: str) -> bool:
    """Whether anybody else in the team could confirm."""
    return any(each.email != who for each in accounts.moderators(bulk.letter.team_id))


def begin(session: Session, letter: Letter, criteria: Criteria, *, actor: Actor, now: datetime) -> BulkDecision | None:
    """Hold what meets the criteria without further questions, inside the caller's transaction; None when nobody does.

    Holding hides and is reversed as a whole, so it may also be about everything.
    """
    bulk = store(session, letter, criteria, "hold", actor=actor, now=now)
    matched = _count(bulk, criteria)
    if not matched:
        bulk.state, bulk.finished_at = "done", now
        return None
    _start(session, bulk, actor, matched, tell=False, now=now)
    return bulk


def second(member: Member, public_id: str, *, seen: int, now: datetime) -> BulkDecision:
    """Confirm for the second time: by another member, or by the same one where the team has no other.

    Raises NotFound, MovedOn, NeedsAnother, CountChanged, Invalid.
    """
    with transaction() as session:
        bulk = find(member, public_id, lock=True)
        if bulk.state != "waiting":
            raise MovedOn
        if member.email == bulk.confirmed_by and _others(bulk, member.email):
            raise NeedsAnother
        _as_seen(bulk, seen)
        bulk.matched = _list(session, bulk)
        bulk.seconded_by, bulk.state, bulk.leased_until = member.email, "running", now
        note(session, bulk, "seconded", member.actor, now, matched=bulk.matched)
    return bulk


def cancel(member: Member, public_id: str, *, now: datetime) -> BulkDecision:
    """Stop it where it stands: what is done stays, and can be reversed; raises NotFound, MovedOn."""
    with transaction() as session:
        bulk = find(member, public_id, lock=True)
        if bulk.state not in OPEN:
            raise MovedOn
        bulk.state, bulk.finished_at, bulk.leased_until = "cancelled", now, None
        note(session, bulk, "cancelled", member.actor, now, done=bulk.done)
    return bulk


def reverse(member: Member, public_id: str, *, now: datetime) -> BulkDecision:
    """Bring back, in the background, whatever nobody decided on since; raises NotFound, MovedOn."""
    with transaction() as session:
        bulk = find(member, public_id, lock=True)
        if bulk.state not in ("done", "cancelled") or not bulk.done:
            raise MovedOn
        bulk.state, bulk.position, bulk.leased_until = "reversing", 0, now
        bulk.reversed_by, bulk.finished_at = member.email, None
        note(session, bulk, "reversing", member.actor, now)
    return bulk


def note(session: Session, bulk: BulkDecision, step: str, actor: Actor, now: datetime, **details: Any) -> None:
    """Put one step of a bulk decision on record, inside the caller's transaction."""
    audit.record(
        session, at=now, actor=actor, action=f"bulk.{step}", thing=("bulk", bulk.public_id), team_id=bulk.letter.team_id,
        reason=bulk.reason, decision=bulk.decision, letter=bulk.letter.slug, **details,
    )  # fmt: skip
