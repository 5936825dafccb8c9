"""Carries bulk decisions out in the background: small batches, each one transaction that is whole or never happened."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from petition import accounts
from petition.audit import PLATFORM, Actor
from petition.config import Config
from petition.db import db, is_postgresql, transaction
from petition.errors import Busy, NotFound, PetitionError
from petition.moderation import bulk as decisions
from petition.moderation.criteria import Criteria
from petition.moderation.decisions import take_back, tell
from petition.moderation.models import BulkDecision, BulkItem
from petition.signatures import screening, transitions
from petition.signatures.models import Signature
from petition.signatures.transitions import Because

log = logging.getLogger(__name__)

BATCH = 500  # signatures a transaction
LEASE = timedelta(seconds=10)  # after which another worker goes on; a batch under way holds the row's lock besides
TURN = 2.0  # seconds, after which the mail is looked after
BREATH = 0.02  # seconds between two batches, so that whoever signs gets at the database
# What must not stop the worker, which has mail to deliver.
FAULTS = (PetitionError, SQLAlchemyError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
UNFINISHED = ("running", "reversing")
ENDS = {"approve": "published", "hold": "held", "reject": "rejected"}


def work(config: Config, *, clock: Callable[[], datetime], stop: threading.Event, seconds: float | None = None) -> bool:
    """Carry out what is confirmed, for so many seconds (else TURN); whether there is more to do at once. Raises Busy."""
    until = time.monotonic() + (TURN if seconds is None else seconds)
    while not stop.is_set():
        claimed = _claim(clock())
        if claimed is None:
            return False
        if not _run(*claimed, config, clock, stop, until):
            return True
    return False


def _claim(now: datetime) -> tuple[int, datetime] | None:
    """Lease the oldest unfinished one that nobody is at: its number and the end of the lease."""
    free = or_(
        BulkDecision.leased_until.is_(None), BulkDecision.leased_until <= now, BulkDecision.leased_until > now + 2 * LEASE
    )
    query = select(BulkDecision).where(BulkDecision.state.in_(UNFINISHED), free).order_by(BulkDecision.id).limit(1)
    if _nothing(query.with_only_columns(BulkDecision.id)):
        return None
    with transaction() as session:
        if is_postgresql(session):
            query = query.with_for_update(skip_locked=True)
        found = session.scalar(query.execution_options(populate_existing=True))
        if found is None:
            return None
        found.leased_until = now + LEASE
        return found.id, found.leased_until


def _nothing(query: object) -> bool:
    """Look without taking the writers' turn."""
    try:
        return db.session.scalar(query) is None  # type: ignore[call-overload]
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()


def _run(number: int, lease: datetime, config: Config, clock: Callable[[], datetime], stop: threading.Event, until: float) -> bool:
    """Batch after batch; whether it ended, or somebody else has it, before the time was over."""
    held: datetime | None = lease
    while held is not None and not stop.is_set():
        try:
            held = _batch(number, held, config, clock())
        except Busy:
            raise
        except FAULTS as error:
            # The lease stays until it runs out: the next try comes then, and the mail does not wait for this.
            log.error("bulk decision %d: a batch failed and is tried again: %s", number, type(error).__name__)
            return True
        if time.monotonic() >= until:
            break
        stop.wait(BREATH)
    if held is not None:
        _release(number, held, clock())
    return held is None


def _release(number: int, lease: datetime, now: datetime) -> None:
    """Let others go on at once; a lease that is over also tells when somebody was last at it."""
    with transaction() as session:
        mine = update(BulkDecision).where(BulkDecision.id == number, BulkDecision.leased_until == lease)
        session.execute(mine.values(leased_until=now))


def _batch(number: int, lease: datetime, config: Config, now: datetime) -> datetime | None:
    """One batch, with everything that belongs to it; the new lease, or None when it is over or not ours any more."""
    with transaction() as session:
        bulk = session.get_one(BulkDecision, number, with_for_update=True, populate_existing=True)
        if bulk.state not in UNFINISHED or bulk.leased_until != lease:
            return None
        more = _forth(session, bulk, config, now) if bulk.state == "running" else _back(session, bulk, now)
        # Always another moment than before, so that whoever lost the lease notices.
        bulk.leased_until = max(now + LEASE, lease + timedelta(microseconds=1)) if more else None
        return bulk.leased_until


def _forth(session: Session, bulk: BulkDecision, config: Config, now: datetime) -> bool:
    """Move the next of those that were confirmed and still stand as they did then; whether there may be more."""
    criteria, state = Criteria.from_json(bulk.criteria), ENDS[bulk.decision]
    items = _next(session, bulk, ~BulkItem.done)
    mine = criteria.condition(bulk.letter_id, decisions.starts(bulk.decision, criteria))
    found = _locked(session, select(Signature).where(Signature.id.in_(items), mine).order_by(Signature.id))
    rows = _without_clashes(session, [(each, state) for each in found if each.state == items[each.id].state_before])
    addresses = [(each, each.email) for each in rows if each.email] if bulk.tell and state != "held" else []
    for each in rows:
        item = items[each.id]
        item.done, item.decided_at, item.decided_by, item.pinned = True, each.decided_at, each.decided_by, each.pinned
    because = Because(
        _actor(bulk.confirmed_by), now, bulk.reason, bulk.decision, bulk.reason_class, decided_at=bulk.confirmed_at
    )
    transitions.move_many(session, rows, state, because, bulk=bulk.public_id)
    for signature, address in addresses:
        tell(session, signature, address, config, now)
    bulk.done += len(rows)
    bulk.position = max(items, default=bulk.position)
    if len(items) < BATCH:
        bulk.skipped = max(bulk.matched - bulk.done, 0)
        _finish(session, bulk, "done", now, done=bulk.done, skipped=bulk.skipped)
    return len(items) == BATCH


def _back(session: Session, bulk: BulkDecision, now: datetime) -> bool:
    """Bring the next signatures back to where they were, unless somebody decided since; whether there may be more."""
    items = _next(session, bulk, BulkItem.done.is_(True), ~BulkItem.reversed)
    found = _locked(session, select(Signature).where(Signature.id.in_(items)).order_by(Signature.id))
    # Every decision has its moment: another one means that somebody looked at this signature since.
    standing = [each for each in found if each.state == ENDS[bulk.decision] and each.decided_at == bulk.confirmed_at]
    rows = _without_clashes(session, [(each, items[each.id].state_before) for each in standing])
    if bulk.tell:  # nobody is told what does not hold any more, and a person's address is back
        for each in rows:
            each.email = take_back(session, each) or each.email
    because = Because(_actor(bulk.reversed_by), now, why="restore", takes_back=True)
    for state in sorted({items[each.id].state_before for each in rows}):
        some = [each for each in rows if items[each.id].state_before == state]
        transitions.move_many(session, some, state, because, bulk=bulk.public_id)
    for each in rows:
        item = items[each.id]
        item.reversed, each.decided_at, each.decided_by = True, item.decided_at, item.decided_by
        each.pinned = item.pinned if each.listed and each.visibility == "public" else None
    bulk.position = max(items, default=bulk.position)
    if len(items) < BATCH:
        _finish(session, bulk, "reversed", now)
    return len(items) == BATCH


def _next(session: Session, bulk: BulkDecision, *conditions: ColumnElement[bool]) -> dict[int, BulkItem]:
    """The next batch of what it is about, by the number of the signature."""
    query = select(BulkItem).where(BulkItem.bulk_id == bulk.id, BulkItem.signature_id > bulk.position, *conditions)
    return {each.signature_id: each for each in session.scalars(query.order_by(BulkItem.signature_id).limit(BATCH))}


def _locked(session: Session, query: object) -> Sequence[Signature]:
    fresh = query.with_for_update().execution_options(populate_existing=True)  # type: ignore[attr-defined]
    return session.scalars(fresh).all()


def _without_clashes(session: Session, found: Iterable[tuple[Signature, str]]) -> list[Signature]:
    """Leave out organisations without their name that another entry took, or will take in this batch: only one may stand.

    Each comes with the state it is to enter.
    """
    moves = list(found)
    rows = [each for each, _ in moves]
    nameless = {
        each.id for each, state in moves
        if each.kind == "organisation" and each.organisation_key is None and (each.state == "rejected" or state == "published")
    }  # fmt: skip
    if not nameless:
        return rows
    names = Counter(_name(each) for each in rows if each.id in nameless)
    taken = set(session.scalars(select(Signature.organisation_key).where(
        Signature.letter_id == rows[0].letter_id, Signature.organisation_key.in_(names)
    )))  # fmt: skip
    kept = []
    for each in sorted(rows, key=attrgetter("id")):
        name = _name(each) if each.id in nameless else None
        if name is None or name not in taken:
            kept.append(each)
        if name is not None:
            taken.add(name)
    return kept


def _name(signature: Signature) -> str:
    return screening.fold_organisation(signature.organisation)


def _finish(session: Session, bulk: BulkDecision, state: str, now: datetime, **details: int) -> None:
    bulk.state, bulk.finished_at = state, now
    decisions.note(session, bulk, state, PLATFORM, now, **details)


def _actor(email: str) -> Actor:
    """Who confirmed, also when their account is gone by now."""
    try:
        return accounts.find_member(email).actor
    except NotFound:
        return Actor("member", email)
