"""What a team member may see of a letter's signatures: each by its role, and nothing of another team's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from petition import accounts
from petition.accounts import Member
from petition.db import db
from petition.errors import NotFound
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation.moves import DECISIONS, leads_to
from petition.signatures import directory, discretion
from petition.signatures.directory import Entry
from petition.signatures.models import Signature

UNDO_FOR = timedelta(hours=24)  # after this a decision is changed by another one, not undone
HIDEABLE = ("name", "organisation", "latin_name", "role", "comment", "website")


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
    latin_name: str
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
    reason_class: str
    shown: Entry | None  # as readers see it, or would; None for somebody counted without a name
    moves: tuple[str, ...]  # the decisions open to this member now
    seen: str  # the state and a digest of the words above: a decision about others is refused
    hidden: bool  # the words are kept from this member
    undo_until: datetime | None  # how long the team's last decision can be undone, if there is one
    notes: int = 0
    talk: str = ""  # 'asked' while a question waits for its answer, 'answered' after it


def letter(member: Member, slug: str, role: str = "viewer") -> Letter:
    """The letter at this address; raises NotFound when it is another team's, and Forbidden below the role."""
    found = letters.find(slug)
    accounts.require(member, role, found.team_id)
    return found


def find(public_id: str, lock: bool = False) -> Signature:
    """The signature of this public id; raises NotFound. With `lock` nobody else moves it until the transaction ends."""
    query = select(Signature).where(Signature.public_id == public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query) if len(public_id) <= 36 and public_id.isprintable() else None
    if found is None:
        raise NotFound
    return found


def audience(member: Member, letter: Letter) -> discretion.Audience:
    """What the member is among those from whom words are kept."""
    if member.may("owner", letter.team_id):
        return "owner"
    return "team" if member.may("moderator", letter.team_id) else "viewer"


def row(member: Member, found: Signature, notes: int = 0, talk: str = "") -> Row:
    """The signature as this member may see it."""
    team_id = found.letter.team_id
    owner, moderator = member.may("owner", team_id), member.may("moderator", team_id)
    entry = directory.entry(found) if found.visibility != "counted" or found.kind == "organisation" else None
    hidden = bool(discretion.hides(found, audience(member, found.letter), found.letter.protected))
    said = {name: "" if hidden else getattr(found, name) for name in HIDEABLE}
    if hidden and found.letter.protected:
        entry = None  # no reader is shown one
    if hidden and entry is not None:
        said["name"] = entry.name
    undone = leads_to(found, "restore")
    return Row(
        id=found.public_id, letter=found.letter, kind=found.kind, state=found.state, visibility=found.visibility,
        **said,
        country=found.country, email=(found.email or "") if owner else "",
        mail_domain=(found.mail_domain or "") if moderator else "", flags=[_told(flag, hidden) for flag in found.flags],
        language=found.language,
        version=found.text.version.label, signed_on=found.signed_on,
        decided_by=found.decided_by, decided_at=found.decided_at,
        reason=found.reason, reason_class=found.reason_class, shown=entry,
        moves=tuple(each for each in DECISIONS if leads_to(found, each)) if moderator else (),
        seen=_seen(found, said), hidden=hidden,
        undo_until=found.decided_at + UNDO_FOR if undone and found.decided_at and moderator else None,
        notes=notes, talk=talk,
    )  # fmt: skip


def _told(flag: dict[str, str], hidden: bool) -> dict[str, str]:
    # What a reason points at may be the very name that is hidden.
    return {name: value for name, value in flag.items() if name != "detail"} if hidden else flag


def _seen(found: Signature, said: dict[str, Any]) -> str:
    # Of what this member sees only: a digest of hidden words could be guessed back to them.
    words = [*said.values(), found.country, found.visibility]
    return f"{found.state}.{hashlib.sha256(chr(31).join(words).encode()).hexdigest()[:16]}"
