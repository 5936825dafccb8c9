"""Who waits for the team, and how any signature of a letter is found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, not_, or_, select

from petition import accounts, audit
from petition.accounts import Member
from petition.audit import AuditEntry
from petition.db import db, transaction
from petition.errors import BadCursor, NotFound
from petition.letters.models import Letter
from petition.moderation.view import Row, find, hidden, letter, row
from petition.signatures import screening
from petition.signatures.models import STATES, Signature, Tally

PAGE = 50


def queue(member: Member, letter_slug: str | None = None, after: str | None = None, limit: int = PAGE) -> list[Row]:
    """The held signatures that the member may see, the longest waiting first, after the one with that public id.

    Raises NotFound for another team's letter, and BadCursor.
    """
    rows: Select[Any] = select(Signature).join(Letter).where(Signature.state == "held")
    rows = _of_teams(rows, member).order_by(Signature.id).limit(limit)
    if letter_slug is not None:
        rows = rows.where(Signature.letter_id == letter(member, letter_slug).id)
    if after:
        rows = rows.where(Signature.id > _position(after))
    return [row(member, each) for each in db.session.scalars(rows)]


def waiting(member: Member) -> dict[int, int]:
    """How many signatures are held, by letter, from the tallies."""
    cells = select(Tally.letter_id, func.sum(Tally.count)).join(Letter, Letter.id == Tally.letter_id)
    cells = cells.where(Tally.state == "held").group_by(Tally.letter_id)
    if member.team_ids is not None:
        cells = cells.where(Letter.team_id.in_(member.team_ids))
    return {int(number): int(count) for number, count in db.session.execute(cells) if count}


def search(
    member: Member, letter: Letter, query: str = "", state: str = "", after: str | None = None, limit: int = PAGE,
) -> list[Row]:  # fmt: skip
    """A letter's signatures in every state, the newest first, found by name or organisation.

    Raises NotFound for another team's letter, and BadCursor. Nobody is found by a name they chose to hide.
    """
    accounts.require(member, "viewer", letter.team_id)
    rows = select(Signature).where(Signature.letter_id == letter.id).order_by(Signature.id.desc()).limit(limit)
    if state in STATES:
        rows = rows.where(Signature.state == state)
    if words := " ".join(query.replace("\x00", " ").split())[:200]:
        rows = rows.where(_named(words), not_(hidden(member.may("owner", letter.team_id))))
    if after:
        rows = rows.where(Signature.id < _position(after, letter))
    return [row(member, each) for each in db.session.scalars(rows)]


def detail(member: Member, public_id: str) -> tuple[Row, list[AuditEntry]]:
    """One signature and everything that happened to it; raises NotFound, also for another team's."""
    found = find(public_id)
    accounts.require(member, "viewer", found.letter.team_id)
    return row(member, found), audit.of("signature", public_id)


def note_export(member: Member, letter: Letter, kind: str, *, now: datetime) -> None:
    """Put on record that the member took a letter's list away; raises NotFound for another team's."""
    accounts.require(member, "viewer", letter.team_id)
    addresses = member.may("owner", letter.team_id)
    with transaction() as session:
        audit.record(
            session, at=now, actor=member.actor, action="letter.exported", thing=("letter", letter.id),
            team_id=letter.team_id, format=kind, addresses=addresses, letter=letter.slug,
        )  # fmt: skip


def _of_teams(rows: Select[Any], member: Member) -> Select[Any]:
    return rows if member.team_ids is None else rows.where(Letter.team_id.in_(member.team_ids))


def _position(after: str, letter: Letter | None = None) -> int:
    try:
        found = find(after)
    except NotFound as error:
        raise BadCursor from error
    if letter is not None and found.letter_id != letter.id:
        raise BadCursor
    return found.id


def _named(words: str) -> ColumnElement[bool]:
    # SQLite folds only ASCII: what is typed is also tried as names are usually written.
    columns = (Signature.name, Signature.organisation)
    ways = {words, words.lower(), words.upper(), words.title()}
    alike = [column.like(_pattern(each), escape="\\") for column in columns for each in sorted(ways)]
    alike += [func.lower(column).like(_pattern(words.casefold()), escape="\\") for column in columns]
    return or_(Signature.search_text.like(_pattern(screening.fold_name(words)), escape="\\"), *alike)


def _pattern(words: str) -> str:
    return "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
