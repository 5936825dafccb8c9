"""The initial signatories of a letter: who stands first, in the order that the team set and no other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select
from sqlalchemy.orm import Session

from petition import audit
from petition.accounts import Member
from petition.db import db, serialise, transaction
from petition.errors import N_, Conflict, Fault, Invalid
from petition.letters.models import Letter
from petition.moderation.view import Row, audience, find, row
from petition.moderation.view import letter as find_letter
from petition.signatures import directory, discretion
from petition.signatures.levels import TEAM
from petition.signatures.models import Signature

MOST = 60
FOUND = 20
CHANGES = ("add", "remove", "up", "down")


class NotChecked(Conflict):
    """Somebody would stand first whom the team never checked."""

    code = "not_checked"
    message = N_("Only published entries that the team has checked itself can be initial signatories.")


class TooManyInitial(Conflict):
    """The list of those who stand first is full."""

    code = "too_many_initial"
    message = N_("There are as many initial signatories as a letter can have.")


def initial_signatories(member: Member, letter: Letter) -> list[Row]:
    """The initial signatories, the first one first."""
    return [row(member, each) for each in db.session.scalars(_pinned(letter))]


def candidates(member: Member, letter: Letter, query: str = "") -> list[Row]:
    """Checked and published entries that could be added, found by name, the newest first."""
    rows = select(Signature).where(Signature.letter_id == letter.id, Signature.pinned.is_(None), _checked())
    if words := " ".join(query.replace("\x00", " ").split())[:100]:
        rows = rows.where(directory.named(words), not_(discretion.hides(Signature, audience(member, letter), letter.protected)))
    return [row(member, each) for each in db.session.scalars(rows.order_by(Signature.id.desc()).limit(FOUND))]


def arrange(member: Member, slug: str, change: str, public_id: str, *, now: datetime) -> None:
    """Add an entry at the end, remove it, or move it up or down one place.

    Raises NotFound, Forbidden, Invalid, and NotChecked or TooManyInitial for an entry that cannot be added.
    """
    with transaction() as session:
        letter = find_letter(member, slug, "editor")
        if change not in CHANGES:
            raise Invalid([Fault("change", "unknown", N_("Please choose one of the options offered."))])
        serialise(session, "initial", letter.id)
        order = list(session.scalars(_pinned(letter).with_for_update().execution_options(populate_existing=True)))
        wanted = next((each for each in order if each.public_id == public_id), None)
        if change == "add" and wanted is None:
            order.append(_to_pin(session, letter, public_id, len(order)))
        elif wanted is None:
            raise Conflict
        else:
            _rearrange(order, wanted, change)
        for place, each in enumerate(order, start=1):
            each.pinned = place
        audit.record(
            session, at=now, actor=member.actor, action="letter.initial", thing=("letter", letter.id), team_id=letter.team_id,
            change=change, entry=public_id, letter=letter.slug,
        )  # fmt: skip


def _pinned(letter: Letter) -> Select[Signature]:
    rows = select(Signature).where(Signature.letter_id == letter.id, Signature.pinned.is_not(None))
    return rows.order_by(Signature.pinned, Signature.id)


def _checked() -> ColumnElement[bool]:
    by_team = or_(
        and_(Signature.kind == "organisation", Signature.level == TEAM), and_(Signature.kind == "person", Signature.decided_at.is_not(None))
    )
    return and_(Signature.state == "published", Signature.visibility == "public", by_team)


def _to_pin(session: Session, letter: Letter, public_id: str, place: int) -> Signature:
    if place >= MOST:
        raise TooManyInitial
    found = find(public_id, lock=True)
    if session.scalar(select(Signature.id).where(Signature.id == found.id, Signature.letter_id == letter.id, _checked())) is None:
        raise NotChecked
    return found


def _rearrange(order: list[Signature], wanted: Signature, change: str) -> None:
    place = order.index(wanted)
    order.remove(wanted)
    if change == "remove":
        wanted.pinned = None
    else:
        order.insert(max(0, place - 1) if change == "up" else place + 1 if change == "down" else place, wanted)
