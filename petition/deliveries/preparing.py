"""Files that take long: asked for by a member, made by a worker, fetched by that member, and forgotten after a day."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from petition import accounts, audit, exports
from petition.accounts import Member
from petition.audit import PLATFORM
from petition.config import Config
from petition.db import db, is_postgresql, transaction
from petition.deliveries import keeping, pack, standing
from petition.deliveries.models import Delivery, DeliveryItem, PreparedFile
from petition.errors import N_, Busy, Conflict, NotFound, PetitionError
from petition.exports import Choice, documents, workplace
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.signatures.models import Signature

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # longer than the longest document takes
TRIES = 3
CHUNK = 1_000
HANDED_OVER = N_("It was handed over; its numbers and hashes stay as they are.")
GAVE_UP = N_("The file could not be made. Whoever runs the server finds more in its log.")


class Outdated(Conflict):
    """Somebody in the file left, or says something else, since it was made."""

    code = "outdated"
    message = N_(
        "Somebody in this file has since withdrawn, been rejected, or changed what they agreed to. It is deleted; please prepare it again."
    )


def ask(
    member: Member, letter: Letter, format_: str, *, choice: Choice, wanted: dict[str, Any], now: datetime,
    delivery: Delivery | None = None,
) -> PreparedFile:  # fmt: skip
    """Queue a file; what is asked for was judged before."""
    with transaction() as session:
        row = PreparedFile(
            letter_id=letter.id, member_id=member.id, format=format_,
            wanted={**wanted, "choice": choice.as_json(), "protected": letter.protected},
            total=exports.meant(letter, choice, wanted.get("preset", "")), asked_at=now, delivery=delivery,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row


def find(member: Member, public_id: str) -> PreparedFile:
    """The member's own prepared file; raises NotFound for anybody else's."""
    found = db.session.scalar(select(PreparedFile).where(PreparedFile.public_id == public_id)) if public_id.isprintable() else None
    if found is None or found.member_id != member.id:
        raise NotFound
    # Who was an owner when they asked may not be one any more, and the letter's names may have become an owner's.
    owners_only = found.wanted.get("addresses") or found.wanted.get("names") or (found.delivery is not None and found.delivery.handed)
    owners_only = owners_only or (found.letter.protected and not found.wanted.get("protected"))
    accounts.require(member, "owner" if owners_only else "viewer", found.letter.team_id)
    return found


def of(member: Member, letter: Letter) -> list[PreparedFile]:
    """What the member asked for of a letter, the newest first."""
    mine = (PreparedFile.member_id == member.id) & (PreparedFile.letter_id == letter.id)
    return list(db.session.scalars(select(PreparedFile).where(mine).order_by(PreparedFile.id.desc()).limit(20)))


def fetch(member: Member, public_id: str, *, config: Config, now: datetime) -> Path:
    """The file to hand out; raises NotFound, and Outdated where somebody in it withdrew or hid."""
    found = find(member, public_id)
    file = keeping.place(config, public_id)
    if found.state == "ready" and found.delivery_id is not None and standing.changed(found.delivery_id):
        with transaction():
            found.state = "outdated"
    if found.state == "outdated":
        keeping.drop(config, public_id)
        raise Outdated
    if found.state != "ready" or not file.is_file():
        raise NotFound
    if found.delivery is not None and found.delivery.fetched_at is None:
        with transaction():
            found.delivery.fetched_at = now
    return file


def being_made(delivery: Delivery) -> bool:
    """Whether files of the delivery are asked for that no worker has finished."""
    queued = select(PreparedFile.id).where(PreparedFile.delivery_id == delivery.id, PreparedFile.state == "queued")
    return db.session.scalar(queued.limit(1)) is not None


def supersede(session: Session, delivery: Delivery, keep: int | None = None) -> list[str]:
    """Let no earlier pack of the delivery be fetched, since only one can be the one on record; the names of their files."""
    others = (PreparedFile.delivery_id == delivery.id) & PreparedFile.state.in_(("ready", "outdated"))
    others = others if keep is None else others & (PreparedFile.id != keep)
    session.flush()
    session.execute(update(PreparedFile).where(others).values(state="outdated"))
    return list(session.scalars(select(PreparedFile.public_id).where(others)))


def waiting(now: datetime) -> bool:
    """Whether anything is to be made that nobody is making; looks without taking the writers' turn. Raises Busy."""
    try:
        return db.session.scalar(_due(now)) is not None
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()


def sweep(config: Config, now: datetime) -> int:
    """Delete the files that no row knows any more; how many."""
    known = set(db.session.scalars(select(PreparedFile.public_id).where(PreparedFile.state.in_(("queued", "ready")))))
    db.session.rollback()
    return keeping.sweep(config, now, known)


def work(config: Config, *, clock: Callable[[], datetime], stop: threading.Event) -> int:
    """Make everything that is due; how many files."""
    made = 0
    while not stop.is_set() and (number := _claim(clock())) is not None:
        _make(number, config, clock)
        made += 1
    return made


def _due(now: datetime) -> Any:
    free = or_(PreparedFile.leased_until.is_(None), PreparedFile.leased_until <= now)
    return select(PreparedFile.id).where(PreparedFile.state == "queued", free).order_by(PreparedFile.id).limit(1)


def _claim(now: datetime) -> int | None:
    if not waiting(now):
        return None
    with transaction() as session:
        query = _due(now).with_for_update(skip_locked=True) if is_postgresql(session) else _due(now)
        number: int | None = session.scalar(query)
        if number is not None:
            session.execute(
                update(PreparedFile).where(PreparedFile.id == number).values(leased_until=now + LEASE, tries=PreparedFile.tries + 1)
            )
        return number


def _make(number: int, config: Config, clock: Callable[[], datetime]) -> None:
    """Make one file, or note why not: what is wrong with the text or the typesetter stays wrong."""
    row = db.session.get_one(PreparedFile, number, populate_existing=True)
    target, lease = keeping.place(config, row.public_id), row.leased_until
    try:
        with workplace.work(workplace.folder(config)) as work_folder:
            if row.tries > TRIES:
                raise _NotMade(GAVE_UP)
            if row.delivery is not None:
                _deliver(row, target, work_folder, config, clock)
            else:
                _export(row, target, work_folder, config, clock)
    except Busy:  # no failed try: whoever comes next makes it
        _give_back(number, lease)
        raise
    except PetitionError as error:
        keeping.drop(config, row.public_id)
        log.error("prepared file %d was not made: %s", number, error.code)
        _end(number, "failed", clock(), lease, fault=str(error)[:300])


class _NotMade(PetitionError):
    code = "not_made"

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__()


def _export(row: PreparedFile, target: Path, work_folder: Path, config: Config, clock: Callable[[], datetime]) -> None:
    choice, wanted, letter, now = Choice.from_json(row.wanted["choice"]), row.wanted, row.letter, clock()
    told, lease = _telling(row.id), row.leased_until
    if row.format == "pdf":
        files = documents.signed_letter(
            letter, work_folder, language=wanted.get("language") or letter.original_language, choice=choice, config=config, now=now,
            progress=told,
        )  # fmt: skip
        pack.bundle(target, files)
    else:
        pieces = exports.write(
            letter, row.format, choice, columns=wanted.get("columns", ()), preset=wanted.get("preset", ""),
            owner=bool(wanted.get("addresses")), names=bool(wanted.get("names")), progress=told,
            folder=work_folder,
        )  # fmt: skip
        pack.write(target, pieces)
    if not _end(row.id, "ready", clock(), lease, bytes=target.stat().st_size, done=row.total):
        target.unlink()


def _deliver(row: PreparedFile, target: Path, work_folder: Path, config: Config, clock: Callable[[], datetime]) -> None:
    delivery, now = row.delivery, clock()
    assert delivery is not None
    text = letters.text_shown(delivery.letter, delivery.text.language)
    printed, lease = text.id, row.leased_until
    made = pack.make(delivery, target, work_folder, config=config, now=now, progress=_telling(row.id))
    with transaction() as session:
        session.expire_all()
        _hold(session, made)
        session.refresh(delivery, with_for_update=True)
        session.refresh(row, with_for_update=True)
        if delivery.delivered_on is not None:
            raise _NotMade(HANDED_OVER)
        if row.leased_until != lease:
            target.unlink()
            return
        _put_in(session, delivery, made)
        if standing.changed(delivery.id) or letters.text_shown(delivery.letter, text.language).id != printed:
            # Somebody withdrew, or the letter was edited, while it was made: it is made again, and that is no failed try.
            row.leased_until, row.tries = None, row.tries - 1
            target.unlink()
            return
        delivery.text_id, delivery.state, delivery.made_at = printed, "made", now
        delivery.counts, delivery.files = made.counted.as_json(), made.files
        audit.record(
            session, at=now, actor=PLATFORM, action="delivery.made", thing=("delivery", delivery.reference),
            team_id=delivery.letter.team_id, letter=delivery.letter.slug, count=len(made.items),
        )  # fmt: skip
        older = supersede(session, delivery, keep=row.id)
        _end(row.id, "ready", now, lease, bytes=target.stat().st_size, done=len(made.items), total=len(made.items))
    for name in older:
        keeping.drop(config, name)


def _hold(session: Session, made: pack.Pack) -> None:
    """Wait for those who change or withdraw at this moment before anything is locked that they need for it."""
    numbers = sorted(signature for signature, _, _ in made.items)
    for start in range(0, len(numbers), CHUNK):
        mine = select(Signature.id).where(Signature.id.in_(numbers[start : start + CHUNK])).order_by(Signature.id)
        session.execute(mine.with_for_update(read=True, key_share=True)).all()


def _put_in(session: Session, delivery: Delivery, made: pack.Pack) -> None:
    """Note who is in it, in place of who was in the one before."""
    session.execute(delete(DeliveryItem).where(DeliveryItem.delivery_id == delivery.id))
    items = [
        {"delivery_id": delivery.id, "signature_id": signature, "visibility": visibility, "handed": handed}
        for signature, visibility, handed in made.items
    ]
    for start in range(0, len(items), CHUNK):
        session.execute(insert(DeliveryItem), items[start : start + CHUNK])


def _telling(number: int) -> Callable[[int], None]:
    """Note every two seconds how far it is, in transactions of their own."""
    state = {"done": 0, "next": time.monotonic() + 2}

    def tell(more: int) -> None:
        state["done"] += more
        if time.monotonic() >= state["next"]:
            state["next"] = time.monotonic() + 2
            with transaction() as session:
                session.execute(update(PreparedFile).where(PreparedFile.id == number).values(done=state["done"]))

    return tell


def _give_back(number: int, lease: datetime | None) -> None:
    """Let a file be made by the next worker at once."""
    with transaction() as session:
        mine = update(PreparedFile).where(PreparedFile.id == number, PreparedFile.state == "queued", PreparedFile.leased_until == lease)
        session.execute(mine.values(leased_until=None, tries=PreparedFile.tries - 1))


def _end(number: int, state: str, now: datetime, lease: datetime | None, **values: Any) -> bool:
    """Note how it ended; False where it has begun anew, or has to, since somebody withdrew meanwhile."""
    with transaction() as session:
        row = session.get_one(PreparedFile, number, populate_existing=True, with_for_update=True)
        if row.leased_until is None or row.leased_until != lease:
            return False
        row.state, row.finished_at, row.leased_until = state, now, None
        for name, value in values.items():
            setattr(row, name, value)
        if state == "failed" and row.delivery is not None:
            row.delivery.state = "made" if row.delivery.delivered_on is not None else "failed"
        return True
