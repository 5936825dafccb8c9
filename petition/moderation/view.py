"""What a team member may see of a letter's signatures: each by its role, and nothing of another team's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, select

from petition import accounts
from petition.accounts import Member
from petition.db import db
from petition.errors import NotFound
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation.moves import DECISIONS, leads_to
from petition.signatures import directory
from petition.signatures.directory import Entry
from petition.signatures.models import Signature


@dataclass(frozen=True)
class Row:
    """One signature as a team member may see it; what their role does not reach is empty."""

    id: str
    letter: Letter
    kind: str
    state: str
    visibility: str
    name: str
    organisation: str
    role: str
    website: str
    country: str
    comment: str
    email: str
    mail_domain: str
    flags: list[dict[str, str]]
    language: str
    version: str
    signed_on: date
    decided_by: str
    decided_at: datetime | None
    reason: str
    shown: Entry | None  # as readers see it, or would; None for somebody counted without a name
    moves: tuple[str, ...]  # the decisions open to this member now


def letter(member: Member, slug: str, role: str = "viewer") -> Letter:
    """The letter at this address; raises NotFound when it is another team's, and Forbidden below the role."""
    found = letters.find(slug)
    accounts.require(member, role, found.team_id)
    return found


def find(public_id: str, lock: bool = False) -> Signature:
    query = select(Signature).where(Signature.public_id == public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query) if len(public_id) <= 36 and public_id.isprintable() else None
    if found is None:
        raise NotFound
    return found


def hidden(owner: bool) -> ColumnElement[bool]:
    """Published without a name: kept for nobody's eyes; with initials: for an owner's."""
    shown = ("public", "initials") if owner else ("public",)
    return and_(Signature.state == "published", Signature.kind == "person", Signature.visibility.not_in(shown))


def row(member: Member, found: Signature) -> Row:
    """The signature as this member may see it."""
    team_id = found.letter.team_id
    owner, moderator = member.may("owner", team_id), member.may("moderator", team_id)
    entry = directory.entry(found) if found.visibility != "counted" or found.kind == "organisation" else None
    hidden = (
        found.state == "published"
        and found.kind == "person"
        and found.visibility not in ("public", "initials" if owner else "public")
    )
    said = {name: "" if hidden else getattr(found, name) for name in ("name", "organisation", "role", "comment")}
    if hidden and entry is not None:
        said["name"] = entry.name
    return Row(
        id=found.public_id, letter=found.letter, kind=found.kind, state=found.state, visibility=found.visibility,
        **said,
        website=found.website, country=found.country, email=(found.email or "") if owner else "",
        mail_domain=(found.mail_domain or "") if moderator else "", flags=list(found.flags), language=found.language,
        version=found.text.version.label, signed_on=found.signed_on,
        decided_by=found.decided_by, decided_at=found.decided_at,
        reason=found.reason, shown=entry,
        moves=tuple(each for each in DECISIONS if leads_to(found, each)) if moderator else (),
    )  # fmt: skip
