"""A reader's remark that a public entry is not what it says: it lists the entry for the team, and hides hardly ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from petition import limits
from petition.audit import PLATFORM
from petition.db import db, serialise, transaction
from petition.errors import N_, Fault, Invalid, NotFound
from petition.letters.models import Letter
from petition.signatures import directory, submission, transitions
from petition.signatures.directory import Entry
from petition.signatures.models import REPORT_CLASSES, Correction, Report, Signature
from petition.signatures.screening import Flag

ENOUGH = 3  # reports from different networks, within one span of the limits' key, that hold an entry nobody reviewed
AT_LEAST = 20  # automatic holds a day and letter, or one in ONE_IN of the published, whichever is more
ONE_IN = 100
MOST_ROWS = 50  # remarks kept of one entry: more tell the team nothing new
REPORTED = Flag("reported").as_json()


@dataclass(frozen=True)
class Remark:
    """What a reader says of an entry."""

    reason_class: str
    words: str


def check(typed: Mapping[str, str]) -> Remark:
    """The remark, checked; raises Invalid with every fault."""
    faults: list[Fault] = []
    reason_class, words = typed.get("reason_class", ""), ""
    if reason_class not in REPORT_CLASSES:
        faults.append(Fault("reason_class", "unknown", N_("Please choose what is wrong with the entry.")))
    try:
        words = submission.paragraphs("words", typed.get("words", ""), submission.LONGEST["words"])
    except Invalid as error:
        faults.extend(error.faults)
    if faults:
        raise Invalid(faults)
    return Remark(reason_class, words)


def entry(letter: Letter, public_id: str) -> Entry:
    """The entry on display that somebody wants to report; raises NotFound."""
    found = db.session.scalar(_wanted(letter, public_id))
    if found is None or not found.listed or letter.protected:
        raise NotFound
    return directory.entry(found)


def report(letter: Letter, public_id: str, remark: Remark, *, told_apart: bool, now: datetime) -> None:
    """Keep a remark and list the entry for the team; hold it where enough networks say so and nobody reviewed it.

    `told_apart` says that this network was counted and reported the entry for the first time. Raises NotFound for an
    entry of no such letter; of one that is not on display (any more) nothing is kept.
    """
    with transaction() as session:
        serialise(session, "reports", letter.id)
        found = session.scalar(_wanted(letter, public_id).with_for_update())
        if found is None or letter.protected:
            raise NotFound
        if not found.listed:
            return
        if found.reports < MOST_ROWS:
            session.add(Report(signature_id=found.id, reason_class=remark.reason_class, words=remark.words, at=now))
        found.reports += 1
        found.flags = found.flags if REPORTED in found.flags else [*found.flags, REPORTED]
        session.flush()
        if told_apart and not _reviewed(found) and _enough(session, found, now) and _room(session, letter, now):
            transitions.move(session, found, "held", actor=PLATFORM, now=now, why="reported", reason_class="reported")


def _wanted(letter: Letter, public_id: str) -> Select[Signature]:
    return select(Signature).where(Signature.letter_id == letter.id, Signature.public_id == public_id)


def _reviewed(found: Signature) -> bool:
    """Whether the team has looked already: then readers cannot hide the entry, only point at it."""
    return found.pinned is not None or found.level == "team" or found.decided_at is not None


def _enough(session: Session, found: Signature, now: datetime) -> bool:
    # A network may report an entry again once its counter is gone; reports from before that moment do not add up.
    span = timedelta(seconds=limits.KEPT)
    began = now - (now - datetime.fromtimestamp(0, now.tzinfo)) % span
    fresh = select(func.count()).select_from(Report).where(Report.signature_id == found.id, Report.at >= began)
    return (session.scalar(fresh) or 0) >= ENOUGH


def _room(session: Session, letter: Letter, now: datetime) -> bool:
    """Whether another entry may be held without a person: reporting must be no weapon."""
    held = select(func.sum(Correction.count)).where(
        Correction.letter_id == letter.id, Correction.day == now.date(), Correction.state == "held",
        Correction.reason_class == "reported",
    )  # fmt: skip
    return (session.scalar(held) or 0) < max(AT_LEAST, directory.counts(letter).total // ONE_IN)
