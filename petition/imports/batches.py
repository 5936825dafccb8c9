"""What a member does with an import: look at it, confirm it, discard it, take it back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition import accounts, audit
from petition.accounts import Member
from petition.audit import COMMAND_LINE, PLATFORM, Actor
from petition.db import db, transaction
from petition.errors import N_, Conflict, Fault, Invalid, NotFound
from petition.imports import staging, terms
from petition.imports.models import ImportBatch, ImportRow
from petition.imports.terms import RulesChanged
from petition.letters.models import Letter

PAGE = 50
LIES_STILL = timedelta(minutes=2)  # after which nobody seems to work on an import that should move


class ImportMovedOn(Conflict):
    """The import is not in the state that this button was for."""

    code = "import_moved_on"
    message = N_("This import has moved on in the meantime. Please look again.")


def listed(member: Member, letter: Letter) -> list[ImportBatch]:
    """The newest imports of a letter; raises NotFound, Forbidden below an editor."""
    accounts.require(member, "editor", letter.team_id)
    mine = select(ImportBatch).where(ImportBatch.letter_id == letter.id, ImportBatch.state != "reading")
    return list(db.session.scalars(mine.order_by(ImportBatch.id.desc()).limit(PAGE)))


def find(member: Member, public_id: str, lock: bool = False) -> ImportBatch:
    """An import of the member's teams; raises NotFound, Forbidden below an editor."""
    found = by_id(public_id, lock)
    accounts.require(member, "editor", found.letter.team_id)
    return found


def by_id(public_id: str, lock: bool = False, fresh: bool = False) -> ImportBatch:
    """The import of this public id, read whole, whoever's it is; raises NotFound. `fresh` reads what others wrote since."""
    if fresh:
        db.session.rollback()
    query = select(ImportBatch).where(ImportBatch.public_id == public_id, ImportBatch.state != "reading")
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query) if len(public_id) <= 36 and public_id.isprintable() else None
    if found is None:
        raise NotFound
    return found


def sample(batch: ImportBatch) -> list[dict[str, Any]]:
    """The first rows that wait to become signatures."""
    mine = select(ImportRow.values).where(ImportRow.batch_id == batch.id).order_by(ImportRow.line)
    return list(db.session.scalars(mine.limit(staging.SAMPLE)))


def changed(batch: ImportBatch, now: datetime) -> list[str]:
    """Which rules of the letter are others than those that a staged file was read under."""
    return terms.changed(batch.terms, batch.letter, now)


def lies_still(batch: ImportBatch, now: datetime) -> bool:
    """Whether it should move and nobody is at it."""
    moves = batch.state in ("landing", "taking back")
    return moves and batch.leased_until is not None and now - batch.leased_until > LIES_STILL


def confirm(member: Member, public_id: str, *, agreed: bool, now: datetime) -> ImportBatch:
    """Let the rows become signatures, in the background; raises NotFound, Invalid unless `agreed`, ImportMovedOn, RulesChanged."""
    found = find(member, public_id)
    if not agreed:
        message = N_("Please tick this box: without their agreement nothing may be published.")
        raise Invalid([Fault("agreed", "not_agreed", message)])
    return start(found.public_id, member.actor, now)


def start(public_id: str, actor: Actor, now: datetime) -> ImportBatch:
    """The same for whoever may act for every team; raises NotFound, ImportMovedOn, RulesChanged."""
    with transaction() as session:
        batch = by_id(public_id, lock=True)
        if batch.state != "staged":
            raise ImportMovedOn
        if found := changed(batch, now):
            raise RulesChanged(found)
        batch.state, batch.confirmed_at, batch.confirmed_by, batch.leased_until = "landing", now, named(actor), now
        note(session, batch, "confirmed", actor, now, rows=batch.rows)
    return batch


def discard(member: Member, public_id: str, *, now: datetime) -> Letter:
    """Forget what was staged; raises NotFound, ImportMovedOn."""
    found = find(member, public_id)
    number, letter = found.id, found.letter
    with transaction() as session:
        batch = by_id(public_id, lock=True)
        if batch.state != "staged":
            raise ImportMovedOn
        batch.state = "reading"  # nobody can confirm it any more while its rows go
        note(session, batch, "discarded", member.actor, now)
    staging.drop(number)
    return letter


def take_back(member: Member, public_id: str, *, now: datetime) -> ImportBatch:
    """Withdraw every signature that the import brought, in the background; raises NotFound, ImportMovedOn."""
    find(member, public_id)
    return start_back(public_id, member.actor, now)


def start_back(public_id: str, actor: Actor, now: datetime) -> ImportBatch:
    """The same for whoever may act for every team; raises NotFound, ImportMovedOn."""
    with transaction() as session:
        batch = by_id(public_id, lock=True)
        if batch.state != "done":
            raise ImportMovedOn
        batch.leased_until = now
        turn_back(session, batch, actor, now)
    return batch


def turn_back(session: Session, batch: ImportBatch, actor: Actor, now: datetime, **details: str) -> None:
    """Let an import go the other way from now on, inside the caller's transaction."""
    batch.state, batch.taken_back_by, batch.position, batch.finished_at = "taking back", named(actor), 0, None
    note(session, batch, "taking_back", actor, now, **details)


def named(actor: Actor) -> str:
    """How an import names who acted."""
    return actor.name or actor.kind


def actor_of(name: str) -> Actor:
    """Who that was, also when their account is gone by now."""
    for actor in (COMMAND_LINE, PLATFORM):
        if name == actor.kind:
            return actor
    try:
        return accounts.find_member(name).actor
    except NotFound:
        return Actor("member", name)


def note(session: Session, batch: ImportBatch, step: str, actor: Actor, now: datetime, **details: Any) -> None:
    """Put one step of an import on record, inside the caller's transaction."""
    audit.record(
        session, at=now, actor=actor, action=f"import.{step}", thing=("import", batch.public_id), team_id=batch.letter.team_id,
        letter=batch.letter.slug, **details,
    )  # fmt: skip
