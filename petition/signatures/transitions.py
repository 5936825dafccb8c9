"""The one place where a signature changes its state: the table of moves, the reason, the audit entry and the tallies."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition import audit
from petition.audit import Actor
from petition.db import is_postgresql
from petition.errors import ImpossibleMove
from petition.signatures import screening
from petition.signatures.models import Correction, CountryTally, DayTally, Report, Signature, Takeover, Tally

NEW = ""
MOVES = {
    NEW: {"published", "held"},
    "published": {"held", "rejected", "withdrawn"},
    "held": {"published", "rejected", "withdrawn"},
    "rejected": {"published", "held", "withdrawn"},
    "withdrawn": set[str](),
}
SHARDS = 8  # on PostgreSQL, where writers run side by side


def move(
    session: Session, signature: Signature, state: str, *, actor: Actor, now: datetime, reason: str = "", why: str = "",
    reason_class: str = "",
) -> None:  # fmt: skip
    """Bring a signature into a state, with its tallies, the public ledger and its audit entry; raises ImpossibleMove.

    `reason` is in the team's words, `reason_class` the sort of reason that is public; `why` a code for the trail where
    nobody gave words.
    """
    old = signature.state or NEW
    if state not in MOVES[old]:
        raise ImpossibleMove(old=old or "new", new=state)
    before = weight(signature) if old else None
    was_published = "published" in (old, signature.state_before if state == "published" else "")
    signature.state_before, signature.state, signature.reason, signature.reason_class = old, state, reason, reason_class
    if actor.kind not in ("signatory", "platform"):
        signature.decided_at, signature.decided_by = now, actor.name or actor.kind
    if state == "withdrawn":
        _forget(signature)
        session.execute(delete(Takeover).where(Takeover.signature_id == signature.id))
    elif state == "published":
        _publish(signature)
    if signature.reports and (state == "withdrawn" or (state != "held" and actor.kind not in ("signatory", "platform"))):
        clear_reports(session, signature)
    list_entry(signature)
    session.add(signature)
    session.flush()
    _count(session, before, weight(signature))
    if was_published:
        add(session, {_correction(signature, now.date(), reason_class or why): 1})
    audit.record(
        session, at=now, actor=actor, action=f"signature.{state}", thing=("signature", signature.public_id),
        team_id=signature.letter.team_id, reason=reason, before=old, why=why, letter=signature.letter.slug,
    )  # fmt: skip


def _correction(signature: Signature, day: date, reason_class: str) -> tuple[Any, ...]:
    """The cell of the public ledger for a signature that left the published ones, or came back to them."""
    return (Correction, signature.letter_id, day, signature.kind, signature.state, reason_class[:15])


def clear_reports(session: Session, signature: Signature) -> None:
    """Forget what readers reported, now that somebody has decided."""
    session.execute(delete(Report).where(Report.signature_id == signature.id))
    signature.reports = 0
    signature.flags = [flag for flag in signature.flags if flag["code"] != "reported"]


def reshape(session: Session, signature: Signature, values: dict[str, Any]) -> None:
    """Change what a signature says without changing its state, and move the tallies with it."""
    before = weight(signature)
    for name, value in values.items():
        setattr(signature, name, value)
    if signature.state == "published":
        _publish(signature)
    list_entry(signature)
    session.flush()
    _count(session, before, weight(signature))


def list_entry(signature: Signature) -> None:
    """Keep what the list and its search may know in step with what is shown."""
    signature.listed = signature.state == "published" and signature.visibility != "counted"
    if not signature.listed or signature.visibility != "public":
        signature.pinned = None
    organisation = signature.kind == "organisation"
    if signature.listed and signature.visibility == "public":
        shown = [signature.organisation] if organisation else [signature.name, signature.organisation]
        signature.search_text = screening.fold_name(" ".join(shown))[:400]
    else:
        signature.search_text = None
    # Look-alikes are sought among the names on display only, so that nobody hidden can be guessed by imitation.
    shown_name = signature.organisation if organisation else signature.name
    signature.skeleton = screening.skeleton(shown_name) if signature.search_text is not None else None


def _publish(signature: Signature) -> None:
    """Forget what was kept only for the decision."""
    signature.mail_domain = None
    if signature.kind == "person":
        if not signature.updates:
            signature.email = None
        if signature.visibility == "counted" and not signature.deliver:
            signature.name = signature.organisation = signature.role = signature.comment = signature.website = ""


def _forget(signature: Signature) -> None:
    """Erase everything a withdrawn signature said; what is left only keeps the count honest."""
    signature.name = signature.organisation = signature.role = signature.website = signature.country = signature.comment = ""
    signature.email = signature.address_fingerprint = signature.organisation_key = signature.website_host = signature.mail_domain = None
    signature.updates = signature.deliver = False
    signature.flags = []
    signature.reason = signature.evidence = ""
    signature.level, signature.level_at = "unverified", None


def weight(signature: Signature) -> dict[tuple[Any, ...], int]:
    """The tally cells that this signature counts in."""
    cell = (Tally, signature.letter_id, signature.major, signature.kind, signature.origin, signature.state, signature.visibility)
    day = (DayTally, signature.letter_id, signature.signed_on, signature.kind, signature.state)
    cells: dict[tuple[Any, ...], int] = {cell: 1, day: 1}
    if signature.state == "published" and signature.country:
        cells[(CountryTally, signature.letter_id, signature.kind, signature.country)] = 1
    return cells


def _count(session: Session, before: dict[tuple[Any, ...], int] | None, after: dict[tuple[Any, ...], int]) -> None:
    changes = dict(after)
    for cell in before or {}:
        changes[cell] = changes.get(cell, 0) - 1
    add(session, changes)


def add(session: Session, changes: dict[tuple[Any, ...], int]) -> None:
    """Add to tally cells, always in the same order so that two transactions cannot wait for each other in a ring."""
    shard = secrets.randbelow(SHARDS) if is_postgresql(session) else 0
    dialect = postgresql if is_postgresql(session) else sqlite
    for cell, change in sorted(changes.items(), key=lambda item: (item[0][0].__tablename__, *map(str, item[0][1:]))):
        if change == 0:
            continue
        table: Table = cell[0].__table__
        keys = [column.name for column in table.primary_key]
        row = dict(zip(keys, (*cell[1:], shard), strict=True))
        statement = dialect.insert(table).values(**row, count=change)
        raised = {"count": table.c.count + statement.excluded.count}
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=raised))
