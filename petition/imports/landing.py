"""Makes signatures of staged rows, and takes them back, in the background: small batches, each whole or never happened."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from petition.audit import PLATFORM
from petition.db import db, is_postgresql, transaction
from petition.errors import Busy, PetitionError
from petition.imports import batches, leaving, looking, staging, terms
from petition.imports.models import ImportBatch, ImportRow
from petition.letters.models import Letter, LetterText
from petition.letters.operations import text_shown
from petition.signatures import checking, consent, screening, transitions
from petition.signatures.models import Signature
from petition.signatures.transitions import Arriving, Because

log = logging.getLogger(__name__)

BATCH = 2_000  # rows a transaction
LEASE = timedelta(seconds=10)  # after which another worker goes on
TURN = 2.0  # seconds, after which the mail is looked after
BREATH = 0.01  # seconds between two batches, so that whoever signs gets at the database
FAULTS = (PetitionError, SQLAlchemyError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
UNFINISHED = ("landing", "taking back")


def work(*, clock: Callable[[], datetime], stop: threading.Event, seconds: float | None = None) -> bool:
    """Go on with what is confirmed, for so many seconds; whether there is more to do at once. Raises Busy."""
    until = time.monotonic() + (TURN if seconds is None else seconds)
    while not stop.is_set():
        claimed = _claim(clock())
        if claimed is None:
            return False
        if not _run(*claimed, clock, stop, until):
            return True
    return False


def _claim(now: datetime) -> tuple[int, datetime] | None:
    """Lease the oldest unfinished one that nobody is at: its number and the end of the lease."""
    free = or_(ImportBatch.leased_until.is_(None), ImportBatch.leased_until <= now, ImportBatch.leased_until > now + 2 * LEASE)
    query = select(ImportBatch).where(ImportBatch.state.in_(UNFINISHED), free).order_by(ImportBatch.id).limit(1)
    try:
        if db.session.scalar(query.with_only_columns(ImportBatch.id)) is None:  # without taking the writers' turn
            return None
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()
    with transaction() as session:
        if is_postgresql(session):
            query = query.with_for_update(skip_locked=True)
        found = session.scalar(query.execution_options(populate_existing=True))
        if found is None:
            return None
        found.leased_until = now + LEASE
        return found.id, found.leased_until


def _run(number: int, lease: datetime, clock: Callable[[], datetime], stop: threading.Event, until: float) -> bool:
    """Batch after batch; whether it ended, or somebody else has it, before the time was over."""
    held: datetime | None = lease
    while held is not None and not stop.is_set():
        try:
            held = _batch(number, held, clock())
        except Busy:
            raise
        except FAULTS as error:  # two who sign at once, for example: the next try sees what stands by then
            log.error("import %d: a batch failed and is tried again: %s", number, type(error).__name__)
            return True
        if time.monotonic() >= until:
            break
        stop.wait(BREATH)
    if held is not None:
        with transaction() as session:
            mine = update(ImportBatch).where(ImportBatch.id == number, ImportBatch.leased_until == held)
            session.execute(mine.values(leased_until=clock()))
    return held is None


def _batch(number: int, lease: datetime, now: datetime) -> datetime | None:
    """One batch, with everything that belongs to it; the new lease, or None when it is over or not ours any more."""
    with transaction() as session:
        batch = session.get_one(ImportBatch, number, with_for_update=True, populate_existing=True)
        if batch.state not in UNFINISHED or batch.leased_until != lease:
            return None
        more = _onwards(session, batch, now) if batch.state == "landing" else _back(session, batch, now)
        # Always another moment than before, so that whoever lost the lease notices.
        batch.leased_until = max(now + LEASE, lease + timedelta(microseconds=1)) if more else None
        return batch.leased_until


def _onwards(session: Session, batch: ImportBatch, now: datetime) -> bool:
    """Land the next rows, or turn back where the letter is not what it was when they were judged; whether there may be more."""
    # Held as it is, so that nobody changes its rules while rows land under them.
    letter = session.get_one(Letter, batch.letter_id, with_for_update={"read": True}, populate_existing=True)
    # What was confirmed in time lands, also where the announced end passes meanwhile.
    if not (found := terms.changed(batch.terms, letter, batch.confirmed_at or now)):
        return _forth(session, batch, now)
    batch.changed = found
    batches.turn_back(session, batch, PLATFORM, now, changed=" ".join(found))
    return True


def _forth(session: Session, batch: ImportBatch, now: datetime) -> bool:
    """Make signatures of the next rows, except of those that are there by now; whether there may be more."""
    mine = select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.line > batch.position)
    rows = list(session.scalars(mine.order_by(ImportRow.line).limit(BATCH)))
    known = looking.known(session, batch.letter_id, rows, landing=True)
    left = leaving.left(session, batch.letter_id, rows)
    fresh = [row for row in rows if known.has(row) is None and row.line not in left]
    texts: dict[str, tuple[LetterText, int]] = {}
    arriving = [_signature(session, batch, row, texts) for row in fresh]
    transitions.arrive_many(session, arriving, Because(PLATFORM, now, why="imported"))
    batch.done += len(fresh)
    batch.skipped += len(rows) - len(fresh)
    if rows:
        batch.position = rows[-1].line
        session.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.line <= batch.position))
    if len(rows) < BATCH:
        batch.state, batch.finished_at = "done", now
        # How many of them had signed by themselves is told nowhere: a file of one row would ask about one person.
        batches.note(session, batch, "landed", batches.actor_of(batch.confirmed_by), now, rows=batch.rows)
    return len(rows) == BATCH


def _signature(
    session: Session, batch: ImportBatch, row: ImportRow, texts: dict[str, tuple[LetterText, int]],
) -> tuple[Arriving, str]:  # fmt: skip
    """A signature as its row says, and the state it enters."""
    values = dict(row.values)
    state, flags, language = values.pop("state"), values.pop("flags"), values["language"]
    if language not in texts:
        words = consent.record(session, batch.letter, language, consent.elsewhere(language))
        texts[language] = text_shown(batch.letter, language), words.id
    text, consent_id = texts[language]
    values["signed_on"] = date.fromisoformat(values["signed_on"])
    found = Arriving(
        **values, deliver=False, updates=False, origin="imported", import_id=batch.id, import_digest=row.digest,
        address_fingerprint=row.address_fingerprint, text_id=text.id, consent_id=consent_id, major=text.version.major, flags=flags,
        letter_id=batch.letter_id,
    )  # fmt: skip
    if found.kind == "organisation":
        found.website_host = checking.website_host(found.website)
    if state == "held":
        found.name_shape = screening.name_shape(found.organisation if found.kind == "organisation" else found.name)
    return found, state


def _back(session: Session, batch: ImportBatch, now: datetime) -> bool:
    """Withdraw the next of its signatures; whether there may be more. What the team rejected stays rejected."""
    mine = select(Signature).where(Signature.import_id == batch.id, Signature.id > batch.position)
    mine = mine.where(Signature.state.in_(("published", "held"))).order_by(Signature.id).limit(BATCH)
    rows = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).all()
    because = Because(batches.actor_of(batch.taken_back_by), now, why="taken back", takes_back=True)
    own = leaving.changed(session, rows)
    transitions.move_many(session, [each for each in rows if each.id in own], "withdrawn", because, **{"import": batch.public_id})
    with leaving.unremembered(session):
        others = [each for each in rows if each.id not in own]
        transitions.move_many(session, others, "withdrawn", because, **{"import": batch.public_id})
    for each in rows:
        each.import_digest = None  # so that the file, mended, can be imported again
    batch.returned += len(rows)
    batch.position = rows[-1].id if rows else batch.position
    if len(rows) == BATCH or staging.drop_some(session, batch.id):  # rows wait still where it was stopped on its way
        return True
    batch.state, batch.finished_at = "taken back", now
    batches.note(session, batch, "taken_back", batches.actor_of(batch.taken_back_by), now)
    return False
