"""The one place where a signature changes its state: the table of moves, the reason, the audit entry and the tallies."""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition import audit
from petition.audit import PLATFORM, Actor
from petition.db import is_postgresql
from petition.errors import ImpossibleMove
from petition.signatures import screening
from petition.signatures.models import Correction, CountryTally, DayTally, FlowTally, LanguageTally, Report, Signature, Takeover, Tally

NEW = ""
MOVES = {
    NEW: {"published", "held"},
    "published": {"held", "rejected", "withdrawn"},
    "held": {"published", "rejected", "withdrawn"},
    "rejected": {"published", "held", "withdrawn"},
    "withdrawn": set[str](),
}
BESIDE = {"contested", "imported_entry"}  # why an organisation's entry waits without its name being taken by it
SHARDS = 8  # on PostgreSQL, where writers run side by side

Cells = Counter[tuple[Any, ...]]

# Rooms above this one that keep something about a signature forget it when it is withdrawn, or its name erased.
_forgetting: list[Callable[[Session, Signature], None]] = []


class Arriving(SimpleNamespace):
    """Every column of a new signature, without the care that the session takes of each: for thousands at once."""

    def __init__(self, **values: Any) -> None:
        """A signature of these values; the other columns are as in a new row."""
        flags = screening.heaviest_first(values.pop("flags", []))
        super().__init__(**_BLANK, public_id=str(uuid.uuid4()))
        vars(self).update(values, flags=flags, flag_codes=screening.codes_of(flags))


def _default(column: Any) -> Any:
    return column.default.arg if column.default is not None and column.default.is_scalar else None


_BLANK = {
    column.key: _default(column) for column in Signature.__table__.columns if column.key not in ("id", "public_id", "state")
} | {"state": "", "state_before": "", "decided_by": "", "reason": "", "reason_class": ""}  # fmt: skip


@dataclass(frozen=True)
class Because:
    """Who moves signatures, when and why.

    `decided_at` is when that was decided, where it takes effect later; what only takes a move back is no decision.
    """

    actor: Actor
    now: datetime
    reason: str = ""
    why: str = ""
    reason_class: str = ""
    decided_at: datetime | None = None
    takes_back: bool = False


class Moved(NamedTuple):
    """One signature that came from one state into another."""

    letter_id: int
    public_id: str
    old: str
    new: str


# Rooms above this one that follow what a signature says; and what that is.
_changing: list[Callable[[Session, Signature, Mapping[str, Any]], None]] = []
_SAID = ("name", "organisation", "latin_name", "role", "website", "country", "comment", "visibility", "deliver", "updates")

# Rooms above this one that tell others what happened.
_telling: list[Callable[[Session, Sequence[Moved], datetime], None]] = []


def on_move(tell: Callable[[Session, Sequence[Moved], datetime], None]) -> Callable[[Session, Sequence[Moved], datetime], None]:
    """Register the decorated function to run, in the same transaction, after signatures came into a state."""
    _telling.append(tell)
    return tell


# Rooms above this one that tell others whose name or country is to be read differently from now on.
_retelling: list[Callable[[Session, Signature, datetime], None]] = []


def on_reshape(tell: Callable[[Session, Signature, datetime], None]) -> Callable[[Session, Signature, datetime], None]:
    """Register the decorated function to run, in the same transaction, after the name or country on display changed or went."""
    _retelling.append(tell)
    return tell


def _tell(session: Session, moved: Sequence[Moved], now: datetime) -> None:
    for tell in _telling:
        tell(session, moved, now)


def on_forget(forget: Callable[[Session, Signature], None]) -> Callable[[Session, Signature], None]:
    """Register the decorated function to run, in the same transaction, whenever a signature is withdrawn or its name erased."""
    _forgetting.append(forget)
    return forget


def on_change(
    follow: Callable[[Session, Signature, Mapping[str, Any]], None],
) -> Callable[[Session, Signature, Mapping[str, Any]], None]:
    """Register the decorated function to run, in the same transaction, whenever a signature says something else than before."""
    _changing.append(follow)
    return follow


def changed(session: Session, signature: Signature, before: Mapping[str, Any]) -> None:
    """Tell the rooms above what a signature said `before`, of all that it says otherwise now."""
    for follow in _changing:
        follow(session, signature, before)


def move(
    session: Session, signature: Signature, state: str, *, actor: Actor, now: datetime, reason: str = "", why: str = "",
    reason_class: str = "",
) -> None:  # fmt: skip
    """Bring a signature into a state, with its tallies, the public ledger and its audit entry; raises ImpossibleMove.

    `reason` is in the team's words, `reason_class` the sort of reason that is public; `why` a code for the trail where
    nobody gave words.
    """
    move_many(session, [signature], state, Because(actor, now, reason, why, reason_class))


def move_many(session: Session, signatures: Sequence[Signature], state: str, because: Because, **details: str) -> None:
    """Bring signatures into a state as `move` does, tallies and audit entries written together; raises ImpossibleMove.

    The audit entries carry `details`.
    """
    if state == "published":
        _make_room(session, signatures, because)
    changes: Cells = Counter()
    came_from = [_enter(session, signature, state, because, changes) for signature in signatures]
    session.add_all(signatures)
    session.flush()
    for signature, (_, was_published) in zip(signatures, came_from, strict=True):
        changes.update(weight(signature))
        if was_published:
            changes[_correction(signature, because.now.date(), because.reason_class or because.why)] += 1
        if signature.decided_at is not None and state in ("published", "rejected"):
            changes[FlowTally, signature.letter_id, state, signature.decided_at.date().isoformat()] += 1
    add(session, changes)
    audit.record_many(session, [
        audit.entry(
            at=because.now, actor=because.actor, action=f"signature.{state}", thing=("signature", signature.public_id),
            team_id=signature.letter.team_id, reason=because.reason, before=old, why=because.why, letter=signature.letter.slug,
            **details,
        )
        for signature, (old, _) in zip(signatures, came_from, strict=True)
    ])  # fmt: skip
    _tell(session, [
        Moved(signature.letter_id, signature.public_id, old, state) for signature, (old, _) in zip(signatures, came_from, strict=True)
    ], because.now)  # fmt: skip


def _make_room(session: Session, signatures: Sequence[Signature], because: Because) -> None:
    """Let what was collected elsewhere of an organisation give way to the entry that a mailbox confirmed and the team publishes."""
    for each in signatures:
        if each.kind == "organisation" and each.origin == "online" and each.state and each.organisation_key is None:
            key = screening.fold_organisation(each.organisation)
            mine = select(Signature).where(Signature.letter_id == each.letter_id, Signature.organisation_key == key)
            standing = session.scalars(mine.where(Signature.origin == "imported").with_for_update()).one_or_none()
            if standing is not None:
                move(session, standing, "withdrawn", actor=PLATFORM, now=because.now, why="signed here")


def arrive_many(session: Session, arriving: Sequence[tuple[Arriving, str]], because: Because) -> None:
    """Bring new signatures in, each into the state named beside it, as `move_many` does, with one statement for all.

    What goes on record is the caller's one entry for all of them. Raises ImpossibleMove.
    """
    changes: Cells = Counter()
    for arrival, state in arriving:
        signature = cast(Signature, arrival)
        _enter(session, signature, state, because, changes)
        changes.update(weight(signature))
    if arriving:
        # The table itself: the mapper would make a statement for every pattern of empty columns.
        session.execute(insert(Signature.__table__), [vars(arrival) for arrival, _ in arriving])  # type: ignore[arg-type]
    add(session, changes)
    _tell(session, [Moved(each.letter_id, each.public_id, NEW, state) for each, state in arriving], because.now)


def _enter(session: Session, signature: Signature, state: str, because: Because, changes: Cells) -> tuple[str, bool]:
    """Let the row enter a state and take it out of the cells it counted in: the old state, and whether it was published."""
    old = signature.state or NEW
    if state not in MOVES[old]:
        raise ImpossibleMove(old=old or "new", new=state)
    if old:
        changes.subtract(weight(signature))
    was_published = old == "published" or (state == "published" and signature.appeared)
    signature.state_before, signature.state = old, state
    signature.reason, signature.reason_class = because.reason, because.reason_class
    if because.actor.kind not in ("signatory", "platform") and not because.takes_back:
        signature.decided_at = because.decided_at or because.now
        signature.decided_by = because.actor.name or because.actor.kind
    else:  # what the team decided stands no longer
        signature.decided_at, signature.decided_by = None, ""
    if state == "withdrawn":
        _forget(session, signature)
    else:
        _mind_what_is_kept(signature)
    if state == "published":
        _publish(session, signature)
    elif state == "rejected":
        _forget_clues(signature)
    if signature.reports and state != "held" and because.actor.kind not in ("signatory", "platform"):
        clear_reports(session, signature)
    list_entry(signature)
    return old, was_published


def _mind_what_is_kept(signature: Signature) -> None:
    """A rejected entry must not block the real organisation, and a rejected person's address is not needed any more."""
    if signature.kind == "organisation":
        waits_beside = signature.state == "held" and any(flag["code"] in BESIDE for flag in signature.flags)
        free = signature.state == "rejected" or waits_beside
        signature.organisation_key = None if free else screening.fold_organisation(signature.organisation)
    elif signature.state == "rejected":
        signature.email = None


def _correction(signature: Signature, day: date, reason_class: str) -> tuple[Any, ...]:
    """The cell of the public ledger for a signature that left the published ones, or came back to them."""
    return (Correction, signature.letter_id, day, signature.kind, signature.state, reason_class[:15])


def clear_reports(session: Session, signature: Signature) -> None:
    """Forget what readers reported, now that somebody has decided."""
    session.execute(delete(Report).where(Report.signature_id == signature.id))
    signature.reports = 0
    signature.flags = [flag for flag in signature.flags if flag["code"] != "reported"]


def reshape(session: Session, signature: Signature, values: dict[str, Any], *, now: datetime) -> None:
    """Change what a signature says without changing its state, and move the tallies with it."""
    shown, changes = _on_display(signature), Cells()
    changes.subtract(weight(signature))
    before = {name: getattr(signature, name) for name in _SAID if name in values and getattr(signature, name) != values[name]}
    for name, value in values.items():
        setattr(signature, name, value)
    if signature.state == "published":
        _publish(session, signature)
    list_entry(signature)
    session.flush()
    changes.update(weight(signature))
    add(session, changes)
    if signature.state == "published" and _on_display(signature) != shown:
        for tell in _retelling:
            tell(session, signature, now)
    if before:
        changed(session, signature, before)


def _on_display(signature: Signature) -> tuple[str, ...]:
    """The name and country by which readers know it, if they do."""
    if signature.visibility != "public":
        return ()
    return (signature.organisation if signature.kind == "organisation" else signature.name, signature.country)


def list_entry(signature: Signature) -> None:
    """Keep what the list and its search may know in step with what is shown."""
    signature.appeared = bool(signature.appeared) or signature.state == "published"
    signature.listed = signature.state == "published" and signature.visibility != "counted"
    if not signature.listed or signature.visibility != "public":
        signature.pinned = None
    organisation = signature.kind == "organisation"
    if signature.listed and signature.visibility == "public":
        shown = [signature.organisation, signature.latin_name or ""] if organisation else [signature.name, signature.organisation]
        signature.search_text = screening.fold_name(" ".join(shown))[:400]
    else:
        signature.search_text = None
    # Look-alikes are sought among the names on display only, so that nobody hidden can be guessed by imitation.
    shown_name = signature.organisation if organisation else signature.name
    signature.skeleton = screening.skeleton(shown_name) if signature.search_text is not None else None


def _publish(session: Session, signature: Signature) -> None:
    """Forget what was kept only for the decision; what clusters are found by stays 72 hours more."""
    if signature.kind == "person":
        if not signature.updates:
            signature.email = None
        if signature.visibility == "counted" and not signature.deliver:
            signature.name = signature.organisation = signature.role = signature.comment = signature.website = ""
            signature.flags = [{"code": flag["code"], "field": flag["field"]} for flag in signature.flags]
            if getattr(signature, "id", None) is not None:  # of a new one nobody keeps anything
                _forget_elsewhere(session, signature)


def _forget_elsewhere(session: Session, signature: Signature) -> None:
    for forget in _forgetting:
        forget(session, signature)


def _forget(session: Session, signature: Signature) -> None:
    """Erase everything a withdrawn signature said and was said of it; what is left only keeps the count honest."""
    for model in (Report, Takeover):
        session.execute(delete(model).where(model.signature_id == signature.id))
    _forget_elsewhere(session, signature)
    signature.reports = 0
    signature.name = signature.organisation = signature.latin_name = ""
    signature.role = signature.website = signature.country = signature.comment = ""
    signature.email = signature.address_fingerprint = signature.organisation_key = signature.website_host = None
    signature.updates = signature.deliver = False
    signature.flags = []
    signature.reason = signature.evidence = ""
    signature.level, signature.level_at = "unverified", None
    _forget_clues(signature)


def _forget_clues(signature: Signature) -> None:
    """Erase what clusters are found by; only what waits, or was published lately, needs it."""
    signature.mail_domain = signature.network = signature.hour = signature.name_shape = None


def weight(signature: Signature) -> dict[tuple[Any, ...], int]:
    """The tally cells that this signature counts in."""
    cell = (Tally, signature.letter_id, signature.major, signature.kind, signature.origin, signature.state, signature.visibility)
    day = (DayTally, signature.letter_id, signature.signed_on, signature.kind, signature.state)
    if signature.origin != "online":  # counted apart, and so in no history, country or language of those who signed here
        return {cell: 1}
    cells: dict[tuple[Any, ...], int] = {cell: 1, day: 1}
    if signature.state == "published":
        cells[(LanguageTally, signature.letter_id, signature.kind, signature.language)] = 1
        if signature.country:
            cells[(CountryTally, signature.letter_id, signature.kind, signature.country)] = 1
    return cells


def add(session: Session, changes: Mapping[tuple[Any, ...], int]) -> None:
    """Add to tally cells, always in the same order so that two transactions cannot wait for each other in a ring."""
    shard = secrets.randbelow(SHARDS) if is_postgresql(session) else 0
    cells = sorted((cell for cell, change in changes.items() if change), key=lambda cell: (cell[0].__tablename__, *map(str, cell[1:])))
    for model, some in groupby(cells, key=lambda cell: cell[0]):
        table: Table = model.__table__
        keys = [column.name for column in table.primary_key]
        statement = (postgresql if is_postgresql(session) else sqlite).insert(table)
        raised = {"count": table.c.count + statement.excluded.count}
        rows = [dict(zip(keys, (*cell[1:], shard), strict=True)) | {"count": changes[cell]} for cell in some]
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=raised), rows)
