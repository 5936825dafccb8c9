"""What readers reported and no decision followed: listed for the team, which keeps an entry or holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from petition import audit
from petition.accounts import Member, require
from petition.config import Config
from petition.db import db, transaction
from petition.errors import N_, Fault, Invalid, NotFound
from petition.letters.models import Letter
from petition.moderation.decisions import decide, overtaken
from petition.moderation.view import Row, find, row
from petition.moderation.view import letter as find_letter
from petition.signatures import transitions
from petition.signatures.models import Report, Signature, Takeover

PAGE = 50


@dataclass(frozen=True)
class Reported:
    """One entry on display, with what readers said of it."""

    row: Row
    count: int
    remarks: list[Report]


@dataclass(frozen=True)
class Aside:
    """What waits for the team besides the queue: reported entries, and entries that somebody asks to take over."""

    reported: int = 0
    takeovers: tuple[tuple[str, str], ...] = ()  # public id and name of the organisation


def reported_entries(member: Member, letter: Letter) -> list[Reported]:
    """The reported entries that are still on display, the most reported first."""
    require(member, "moderator", letter.team_id)
    rows = select(Signature).where(_on_display(letter)).order_by(Signature.reports.desc(), Signature.id).limit(PAGE)
    found = list(db.session.scalars(rows))
    remarks: dict[int, list[Report]] = {each.id: [] for each in found}
    for each in db.session.scalars(select(Report).where(Report.signature_id.in_(remarks)).order_by(Report.id)):
        remarks[each.signature_id].append(each)
    return [Reported(row(member, each), each.reports, remarks[each.id]) for each in found]


def aside(member: Member, letter: Letter) -> Aside:
    """What waits besides the queue; nothing for those who do not decide."""
    if not member.may("moderator", letter.team_id):
        return Aside()
    number = db.session.scalar(select(func.count()).select_from(Signature).where(_on_display(letter)))
    asked = select(Signature.public_id, Signature.organisation).where(
        Signature.letter_id == letter.id, Signature.id.in_(select(Takeover.signature_id))
    )
    return Aside(number or 0, tuple((public_id, name) for public_id, name in db.session.execute(asked.order_by(Signature.id))))


def settle(member: Member, slug: str, public_id: str, choice: str, *, config: Config, now: datetime) -> None:
    """Keep a reported entry of a letter, or hold it; raises NotFound, Forbidden, Invalid, and AlreadyDecided."""
    with transaction():
        letter = find_letter(member, slug, "moderator")
        if choice not in ("keep", "hold"):
            raise Invalid([Fault("choice", "unknown", N_("Choose one of the decisions offered."))])
        if find(public_id).letter_id != letter.id:
            raise NotFound
        if choice == "keep":
            _keep(member, public_id, now)
        else:
            decide(member, public_id, "hold", seen="published", config=config, now=now)


def _keep(member: Member, public_id: str, now: datetime) -> None:
    """Leave an entry where it stands, as reviewed."""
    with transaction() as session:
        found = find(public_id, lock=True)
        if found.state != "published" or not found.reports:
            raise overtaken(found, "")
        number = found.reports
        transitions.clear_reports(session, found)
        found.decided_at, found.decided_by = now, member.email
        audit.record(
            session, at=now, actor=member.actor, action="signature.kept", thing=("signature", public_id),
            team_id=found.letter.team_id, reports=number, letter=found.letter.slug,
        )  # fmt: skip


def _on_display(letter: Letter) -> ColumnElement[bool]:
    # By way of the reports, of which there are few, and not through all that is published.
    return (Signature.letter_id == letter.id) & (Signature.state == "published") & Signature.id.in_(select(Report.signature_id))
