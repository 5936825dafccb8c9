"""How any signature of a letter is found, and looked at with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, not_, or_, select

from petition import accounts, audit
from petition.accounts import Member
from petition.audit import AuditEntry
from petition.db import db, transaction
from petition.errors import BadCursor, NotFound, PetitionError
from petition.letters.models import Letter
from petition.moderation import talk
from petition.moderation.held import PAGE
from petition.moderation.models import Note
from petition.moderation.view import Row, audience, find, row
from petition.signatures import discretion, screening
from petition.signatures.models import STATES, Signature


@dataclass(frozen=True)
class Detail:
    """One signature for its own page: as the member may see it, its history, what was said, and why it cannot be asked about."""

    row: Row
    history: list[AuditEntry]
    notes: list[Note]
    unaskable: PetitionError | None


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
        rows = rows.where(_named(words), not_(discretion.hides(Signature, audience(member, letter), letter.protected)))
    if after:
        rows = rows.where(Signature.id < _position(after, letter))
    return [row(member, each) for each in db.session.scalars(rows)]


def detail(member: Member, public_id: str) -> Detail:
    """One signature and everything that happened to it; raises NotFound, also for another team's."""
    found = find(public_id)
    accounts.require(member, "viewer", found.letter.team_id)
    shown = row(member, found)
    said = talk.of(found)
    # Notes and answers may name whom the row hides.
    readable = member.may("moderator", found.letter.team_id) and not shown.hidden
    return Detail(shown, audit.of("signature", public_id), said if readable else [], talk.why_not(found, said))


def note_export(member: Member, letter: Letter, kind: str, *, now: datetime, addresses: bool, **details: Any) -> None:
    """Put on record what the member took away of a letter's list, and how many; raises NotFound for another team's."""
    accounts.require(member, "viewer", letter.team_id)
    with transaction() as session:
        audit.record(
            session, at=now, actor=member.actor, action="letter.exported", thing=("letter", letter.id),
            team_id=letter.team_id, format=kind, addresses=addresses, letter=letter.slug, **details,
        )  # fmt: skip


def _position(after: str, letter: Letter) -> int:
    try:
        found = find(after)
    except NotFound as error:
        raise BadCursor from error
    if found.letter_id != letter.id:
        raise BadCursor
    return found.id


def _named(words: str) -> ColumnElement[bool]:
    # SQLite folds only ASCII: what is typed is also tried as names are usually written.
    columns = (Signature.name, Signature.organisation, Signature.latin_name)
    ways = {words, words.lower(), words.upper(), words.title()}
    alike = [column.like(_pattern(each), escape="\\") for column in columns for each in sorted(ways)]
    alike += [func.lower(column).like(_pattern(words.casefold()), escape="\\") for column in columns]
    return or_(Signature.search_text.like(_pattern(screening.fold_name(words)), escape="\\"), *alike)


def _pattern(words: str) -> str:
    return "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
