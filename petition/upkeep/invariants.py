"""What must hold at rest: each invariant recomputed from the rows and told in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from petition import audit
from petition import config as settings
from petition.config import Config
from petition.db import db, is_postgresql
from petition.letters.models import Letter, LetterText
from petition.limits import Rate
from petition.limits import settings as limit_settings
from petition.outbox.delivery import waiting
from petition.signatures.flow import ASKED, CONFIRMED, WAITED
from petition.signatures.models import CountryTally, DayTally, FlowTally, LanguageTally, LinkToken, Signature, SigningRequest, Tally
from petition.upkeep import readiness, retention

OVERDUE = timedelta(hours=6)  # the worker forgets every hour

MOST_FAULTS = 20  # of one kind, so that a wholesale rewriting is told in a page

Cells = dict[tuple[Any, ...], int]


@dataclass(frozen=True)
class Result:
    """One check; a warning is not ok either, but nothing is broken."""

    name: str
    ok: bool
    sentence: str
    warning: bool = False


def check(config: Config, now: datetime) -> list[Result]:
    """Every invariant and every remark on the settings; stops at the schema when that is not this version's."""
    remarks = [Result("settings", False, sentence, warning=True) for sentence in settings.unwise(config)]
    if not readiness.schema_is_current():
        return [Result("schema", False, readiness.SchemaBehind.message), *remarks]
    session = db.session()
    _one_snapshot(session)
    results = [Result("schema", True, "The schema is this version's.")]
    for name, faults in _CHECKS.items():
        found = [*faults(session), *(_overdue(now) if name == "forgetting" else ())]
        results += [Result(name, False, sentence) for sentence in found] or [Result(name, True, _HOLDS[name])]
    results += [*_trail(session, now), *_outbox(now), *_limits(), *_answerable(session)]
    session.rollback()
    return [*results, *remarks]


def _one_snapshot(session: Session) -> None:
    """Read everything as of one moment: on PostgreSQL each statement would otherwise see its own."""
    session.rollback()
    if is_postgresql(session):
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _tallies(session: Session) -> Iterator[str]:
    signed_here = Signature.origin == "online"
    verified = signed_here & (Signature.state == "published")
    for tally, keys, counted in (
        (Tally, ("letter_id", "major", "kind", "origin", "state", "visibility"), None),
        (DayTally, ("letter_id", "day", "kind", "state"), signed_here),
        (CountryTally, ("letter_id", "kind", "country"), verified & (Signature.country != "")),
        (LanguageTally, ("letter_id", "kind", "language"), verified),
    ):
        rows = _cells(session, Signature, keys, func.count(), counted)
        tallied = _cells(session, tally, keys, func.sum(tally.count), None)
        for cell in sorted(rows.keys() | tallied.keys(), key=str):
            if rows.get(cell, 0) != tallied.get(cell, 0):
                where = ", ".join(f"{key} {value}" for key, value in zip(keys, cell, strict=True))
                numbers = f"{tallied.get(cell, 0)} where {rows.get(cell, 0)} rows stand"
                yield f"{tally.__tablename__} says {numbers} ({where}). Restore the last backup that passes this check."


def _cells(session: Session, model: Any, keys: tuple[str, ...], number: Any, condition: ColumnElement[bool] | None) -> Cells:
    columns = [getattr(model, "signed_on" if model is Signature and key == "day" else key) for key in keys]
    query = select(*columns, number).group_by(*columns)
    if condition is not None:
        query = query.where(condition)
    return {tuple(row[:-1]): int(row[-1]) for row in session.execute(query) if row[-1]}


def _flow(session: Session) -> Iterator[str]:
    """What was asked for is confirmed, waits or was forgotten; what was confirmed waited for so long."""
    sums = select(FlowTally.letter_id, FlowTally.series, func.sum(FlowTally.count)).group_by(FlowTally.letter_id, FlowTally.series)
    flow = {(letter, series): int(number) for letter, series, number in session.execute(sums)}
    for letter in sorted({letter for letter, _ in flow}):
        asked, confirmed, waited = (flow.get((letter, series), 0) for series in (ASKED, CONFIRMED, WAITED))
        if confirmed > asked or confirmed != waited:
            numbers = f"{asked} asked, {confirmed} confirmed, {waited} by how long it took"
            yield f"flow_tally of letter {letter} does not add up: {numbers}. The page of how it is doing shows wrong rates."


def _orphans(session: Session) -> Iterator[str]:
    link = select(func.count()).select_from(LinkToken).outerjoin(LinkToken.request).outerjoin(LinkToken.signature)
    of_request = select(func.count()).select_from(SigningRequest).outerjoin(SigningRequest.letter)
    of_signature = select(func.count()).select_from(Signature).outerjoin(Signature.letter).outerjoin(Signature.text)
    for words, query in (
        ("links lead nowhere", link.where(SigningRequest.id.is_(None), Signature.id.is_(None))),
        ("requests belong to no letter", of_request.where(Letter.id.is_(None))),
        (
            "signatures belong to no letter or text",
            of_signature.where(or_(Letter.id.is_(None), LetterText.id.is_(None))),
        ),
    ):
        if number := session.scalar(query):
            yield f"{number} {words}. Something deleted rows behind the platform's back; restore a backup."


def _duplicates(session: Session) -> Iterator[str]:
    for words, key, kind in (
        ("mailbox", Signature.address_fingerprint, "person"),
        ("organisation", Signature.organisation_key, "organisation"),
    ):
        several = select(Signature.letter_id).where(key.is_not(None), Signature.kind == kind)
        several = several.group_by(Signature.letter_id, key).having(func.count() > 1)
        if number := session.scalar(select(func.count()).select_from(several.subquery())):
            yield f"{number} times one {words} signed a letter twice: a constraint is gone. Run `petition db upgrade`."


def _forgotten(session: Session) -> Iterator[str]:
    words = ("name", "organisation", "latin_name", "role", "website", "country", "comment")
    person = and_(Signature.state == "published", Signature.kind == "person")
    keys = (Signature.email, Signature.address_fingerprint, Signature.organisation_key)
    ended = Signature.state.in_(("withdrawn", "rejected"))
    for sentence, condition in (
        (
            "withdrawn signatures still say something or hold an address",
            and_(
                Signature.state == "withdrawn",
                or_(*(getattr(Signature, name) != "" for name in words), *(key.is_not(None) for key in keys)),
            ),
        ),
        ("withdrawn or rejected signatures still show where they came from", and_(ended, retention.has_clues())),
        (
            "published people who want no updates have an address on file",
            and_(person, ~Signature.updates, Signature.email.is_not(None)),
        ),
        (
            "people counted without a name have one on file",
            and_(
                person,
                Signature.visibility == "counted",
                ~Signature.deliver,
                Signature.name != "",
            ),
        ),
    ):
        if number := session.scalar(select(func.count()).select_from(Signature).where(condition)):
            yield f"{number} {sentence}, against what they were promised. Find out what wrote them, and report it."


def _overdue(now: datetime) -> Iterator[str]:
    """What the worker should have forgotten hours ago."""
    for words, number in retention.purge(now - OVERDUE, dry_run=True):
        if number:
            yield f"{number} {words} are overdue to be forgotten. See that `petition worker` runs, or run `petition purge`."


_CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "tallies": _tallies,
    "flow": _flow,
    "orphans": _orphans,
    "duplicates": _duplicates,
    "forgetting": _forgotten,
}
_HOLDS = {
    "tallies": "Every count equals its rows.",
    "flow": "What was asked for and confirmed adds up.",
    "orphans": "Everything belongs to something.",
    "duplicates": "Nobody signed a letter twice.",
    "forgetting": "Nothing is kept that was to be forgotten.",
}


def _trail(session: Session, now: datetime) -> Iterator[Result]:
    faults = list(islice(audit.verify(session, now), MOST_FAULTS))
    for sentence in faults:
        yield Result("trail", False, f"{sentence}. Compare with an export of the trail or a backup, and find out who wrote there.")
    if not faults:
        newest = audit.newest()
        pin = f"; seal {newest[0]} is {newest[1]}" if newest else ""
        yield Result("trail", True, f"Every sealed entry stands as it was written{pin}.")
    if waiting := audit.unsealed(now):
        yield Result("trail", False, f"{waiting} entries are not sealed yet. See that `petition worker` runs.", warning=True)


def _outbox(now: datetime) -> Iterator[Result]:
    queue = waiting(now)
    minutes = int(queue.oldest_age_seconds // 60)
    late = queue.oldest_age_seconds > readiness.STUCK
    seen_to = "See that `petition worker` runs and the mail server answers."
    advice = f"The oldest mail has been due for {minutes} minutes. {seen_to}"
    yield Result("outbox", not late, advice if late else f"Mail moves; {queue.count} waiting.")
    if queue.failed_count:
        yield Result("outbox", False, f"{queue.failed_count} mails never arrived. The admin shows which, under Mail.", warning=True)


def _limits() -> Iterator[Result]:
    for each in limit_settings.changed():
        policy = limit_settings.policy(each.name)
        words, usual = policy.sentence(Rate(each.count, each.seconds)), policy.sentence(policy.default)
        yield Result("limits", True, f"{words} {each.changed_by} set this on {each.changed_at:%Y-%m-%d}; the default: {usual}")


def _answerable(session: Session) -> Iterator[Result]:
    nobody = or_(Letter.controller == "", Letter.contact == "")
    for slug in session.scalars(select(Letter.slug).where(Letter.status.in_(("open", "paused")), nobody).order_by(Letter.slug)):
        advice = "does not say who answers for the data; name `controller` and `contact` in its file."
        yield Result("letters", False, f"{slug} {advice}", warning=True)
