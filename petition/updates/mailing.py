"""Mailings: who one goes to, gathered by key in chunks, and how the team starts, stops and follows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from petition import addresses, audit, outbox
from petition.audit import PLATFORM, Actor
from petition.db import db, is_postgresql, reading, transaction
from petition.errors import N_, Conflict
from petition.letters.models import Letter
from petition.signatures.models import Signature
from petition.updates.models import GATHERED, UNFINISHED, Follower, Mailing, MailingRecipient, Update
from petition.updates.recipients import asked
from petition.updates.reckoning import reckon
from petition.updates.writing import NotPublished

CHUNK = 500  # mailboxes gathered in one transaction
TERM = timedelta(days=14)  # after which what is left of a mailing is no news any more
KEPT = timedelta(days=30)  # after its end, for which it is known who was mailed
BEFORE_CLOSING = timedelta(days=3)
ENDS = ("sent", "returned", "complained", "failed")
TOO_LATE = timedelta(hours=3)  # before closing; a last call then comes too late for most
SETTLED = timedelta(days=1)  # whoever followed later than that knows when it closes


class MailedAlready(Conflict):
    """An update is mailed once."""

    code = "mailed_already"
    message = N_("This update has been mailed, or is being mailed, already.")


class NothingRuns(Conflict):
    """There is no mailing in the state that the button is for."""

    code = "nothing_runs"
    message = N_("This mailing is not under way any more.")


class StoppedLongAgo(Conflict):
    """A mailing that was stopped so long ago that nobody knows any more who was mailed."""

    code = "stopped_long_ago"
    message = N_("This mailing was stopped more than 30 days ago, and who was mailed is no longer kept. Please write a new update.")


@dataclass(frozen=True)
class Progress:
    """How far a mailing is, in mailboxes, each counted in one number."""

    state: str
    total: int
    sent: int  # taken by a mail server, and neither came back nor was reported as unwanted
    returned: int
    complained: int
    failed: int
    waiting: int
    started_at: datetime
    finished_at: datetime | None

    @property
    def left_out(self) -> int:
        """Mailboxes that wanted no more mail when it was their turn, or for whom it would have come too late."""
        return max(self.total - self.sent - self.returned - self.complained - self.failed - self.waiting, 0)


def start(letter_update: Update, *, actor: Actor, now: datetime) -> None:
    """Begin to mail a published update; raises NotPublished, and MailedAlready the second time."""
    try:
        with transaction() as session:
            session.refresh(letter_update, with_for_update=True)
            if letter_update.state != "published":
                raise NotPublished
            mailing = Mailing(
                letter_id=letter_update.letter_id, update_id=letter_update.id, kind="update", state="gathering", started_at=now,
                expires_at=now + TERM,
            )  # fmt: skip
            session.add(mailing)
            session.flush()
            _note(session, letter_update.letter, letter_update.public_id, "mailing.started", actor, now)
    except IntegrityError as error:  # the unique constraint decides
        raise MailedAlready from error


def stop(letter_update: Update, *, actor: Actor, now: datetime) -> None:
    """Stop a mailing where it is; what waits in the outbox goes back to those not mailed yet. Raises NothingRuns."""
    with transaction() as session:
        halt(session, _locked(session, letter_update, UNFINISHED), actor, now)


def halt(session: Session, mailing: Mailing, actor: Actor, now: datetime) -> None:
    """Stop a mailing that the caller has locked."""
    kept = outbox.stop(session, mailing.scope, now)
    back = update(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id, MailingRecipient.fingerprint.in_(kept))
    mailing.fed -= session.execute(back.values(fed_at=None)).rowcount  # type: ignore[attr-defined]
    mailing.state, mailing.finished_at = "stopped", now
    about = mailing.update.public_id if mailing.update is not None else ""
    _note(session, mailing.letter, about, "mailing.stopped", actor, now, sent=reckon(session, mailing)["sent"])


def resume(letter_update: Update, *, actor: Actor, now: datetime) -> None:
    """Go on with a stopped mailing; raises NothingRuns, StoppedLongAgo, and NotPublished when the update was taken down."""
    with transaction() as session:
        mailing = _locked(session, letter_update, ("stopped",))
        if letter_update.state != "published":
            raise NotPublished
        if mailing.finished_at is not None and mailing.finished_at <= now - KEPT:
            raise StoppedLongAgo
        # Gathering goes on after the last one gathered; once it is over nobody is added, lest who left and came back be mailed twice.
        mailing.state, mailing.finished_at = "sending" if mailing.source == GATHERED else "gathering", None
        mailing.expires_at = now + TERM
        _note(session, letter_update.letter, letter_update.public_id, "mailing.resumed", actor, now)


def _locked(session: Session, letter_update: Update, states: tuple[str, ...]) -> Mailing:
    query = select(Mailing).where(Mailing.update_id == letter_update.id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None or found.state not in states:
        raise NothingRuns
    session.refresh(letter_update)
    return found


def progress(letter_update: Update) -> Progress | None:
    """How far the mailing of an update is; None when it is not mailed."""
    found = db.session.scalar(select(Mailing).where(Mailing.update_id == letter_update.id))
    return _progress(found) if found is not None else None


def last_call(letter: Letter) -> Progress | None:
    """How far the last call is, or that the team does not want it; None while its time has not come."""
    found = db.session.scalar(select(Mailing).where(Mailing.letter_id == letter.id, Mailing.kind == "last_call"))
    return _progress(found) if found is not None else None


def _progress(mailing: Mailing) -> Progress:
    found = reckon(db.session(), mailing)
    return Progress(
        mailing.state, mailing.gathered, found["sent"], found["returned"], found["complained"], found["failed"],
        mailing.gathered - mailing.fed + found["queued"], mailing.started_at, mailing.finished_at,
    )  # fmt: skip


def want_last_call(letter: Letter, wanted: bool, *, actor: Actor, now: datetime) -> None:
    """Switch a letter's last call off, or on again before its time; raises NothingRuns once it has begun."""
    with transaction() as session:
        query = select(Mailing).where(Mailing.letter_id == letter.id, Mailing.kind == "last_call").with_for_update()
        found = session.scalar(query)
        if found is not None and found.state != "off":
            raise NothingRuns
        if wanted and found is not None:
            session.delete(found)
        elif not wanted and found is None:
            session.add(Mailing(letter_id=letter.id, kind="last_call", state="off", started_at=now, expires_at=now))
        else:
            return
        _note(session, letter, "", "last_call.on" if wanted else "last_call.off", actor, now)


def call_last(now: datetime) -> int:
    """Begin the last call of every open letter that closes soon and has had none; how many. Raises Busy."""
    due = select(Letter).where(
        Letter.status == "open", Letter.closes > now + TOO_LATE, Letter.closes <= now + BEFORE_CLOSING,
        ~exists().where(Mailing.letter_id == Letter.id, Mailing.kind == "last_call"),
    )  # fmt: skip
    with reading() as session:
        numbers = [each.id for each in session.scalars(due) if each.state(now) == "open"]
    return sum(_call(number, now) for number in numbers)


def _call(number: int, now: datetime) -> bool:
    try:
        with transaction() as session:
            letter = session.get_one(Letter, number, populate_existing=True)
            if letter.closes is None:
                return False
            session.add(Mailing(
                letter_id=number, kind="last_call", state="gathering", source="follower", started_at=now, expires_at=letter.closes,
            ))  # fmt: skip
            session.flush()
            _note(session, letter, "", "last_call.started", PLATFORM, now)
    except IntegrityError:  # another worker began it
        return False
    return True


def gather(session: Session, mailing: Mailing) -> bool:
    """Take the next chunk of those who want it into the mailing, each mailbox once; whether there may be more."""
    signed = mailing.source == "signature"
    rows = session.execute(_signatories(mailing) if signed else _followers(mailing)).all()
    if rows:
        given = [
            {"mailing_id": mailing.id, "fingerprint": mailbox, "domain": _domain(address), "source": mailing.source, "source_id": number}
            for number, mailbox, address in rows
        ]
        dialect = postgresql if is_postgresql(session) else sqlite
        insert = dialect.insert(MailingRecipient).values(given).on_conflict_do_nothing()  # one who is both is there already
        mailing.gathered += len(session.scalars(insert.returning(MailingRecipient.fingerprint)).all())
        mailing.position = rows[-1][0]
    if len(rows) == CHUNK:
        return True
    if signed:
        mailing.source, mailing.position = "follower", 0
        return True
    mailing.state, mailing.source = "sending", GATHERED
    return False


def _domain(address: str) -> str:
    """The domain a mailbox is at, whatever its provider is called there."""
    return addresses.fold(address).rpartition("@")[2]


def _signatories(mailing: Mailing) -> Any:
    query = select(Signature.id, Signature.address_fingerprint, Signature.email).where(*asked(mailing.letter_id))
    return query.where(Signature.id > mailing.position).order_by(Signature.id).limit(CHUNK)


def _followers(mailing: Mailing) -> Any:
    query = select(Follower.id, Follower.address_fingerprint, Follower.email)
    query = query.where(Follower.letter_id == mailing.letter_id, Follower.confirmed_at.is_not(None), Follower.id > mailing.position)
    if mailing.kind == "last_call":
        settled = Follower.confirmed_at <= mailing.started_at - SETTLED
        query = query.where(settled, ~has_signed(mailing.letter_id, Follower.address_fingerprint))
    return query.order_by(Follower.id).limit(CHUNK)


def has_signed(letter_id: int, mailbox: Any) -> Any:
    """Whether there is a signature of this mailbox under the letter."""
    return exists().where(Signature.letter_id == letter_id, Signature.address_fingerprint == mailbox)


def finish(session: Session, mailing: Mailing, now: datetime) -> None:
    """End a mailing of which nothing waits any more."""
    mailing.state, mailing.finished_at = "done", now
    found = reckon(session, mailing)
    about = mailing.update.public_id if mailing.update is not None else ""
    _note(session, mailing.letter, about, "mailing.done", PLATFORM, now, **{each: found[each] for each in ENDS})


def _note(session: Session, letter: Letter, public_id: str, action: str, actor: Actor, now: datetime, **details: object) -> None:
    thing = ("update", public_id) if public_id else ("letter", letter.id)
    audit.record(session, at=now, actor=actor, action=action, thing=thing, team_id=letter.team_id, letter=letter.slug, **details)

