"""Who waits for the team, what it decides, and what it may see of the signatories of its letters."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from petition import accounts, audit, outbox
from petition.accounts import Member
from petition.audit import AuditEntry
from petition.config import Config
from petition.db import db, transaction, violated
from petition.errors import N_, AlreadyDecided, BadCursor, EntryStands, Fault, Invalid, NotFound
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.signatures import directory, screening, tokens, transitions
from petition.signatures.directory import Entry
from petition.signatures.models import STATES, Signature, Tally
from petition.signatures.operations import letter_values

PAGE = 50
LONGEST_REASON = 1000
DECISIONS = ("approve", "reject", "hold", "restore")
_LEADS = {"approve": ("held", "published"), "hold": ("published", "held")}


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
    return [_row(member, each) for each in db.session.scalars(rows)]


def waiting(member: Member) -> dict[int, int]:
    """How many signatures are held, by letter, from the tallies."""
    cells = select(Tally.letter_id, func.sum(Tally.count)).join(Letter, Letter.id == Tally.letter_id)
    cells = cells.where(Tally.state == "held").group_by(Tally.letter_id)
    if member.team_ids is not None:
        cells = cells.where(Letter.team_id.in_(member.team_ids))
    return {int(number): int(count) for number, count in db.session.execute(cells) if count}


def letter(member: Member, slug: str, role: str = "viewer") -> Letter:
    """The letter at this address; raises NotFound when it is another team's, and Forbidden below the role."""
    found = letters.find(slug)
    accounts.require(member, role, found.team_id)
    return found


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
        rows = rows.where(_named(words), not_(_hidden(member.may("owner", letter.team_id))))
    if after:
        rows = rows.where(Signature.id < _position(after, letter))
    return [_row(member, each) for each in db.session.scalars(rows)]


def detail(member: Member, public_id: str) -> tuple[Row, list[AuditEntry]]:
    """One signature and everything that happened to it; raises NotFound, also for another team's."""
    found = _find(public_id)
    accounts.require(member, "viewer", found.letter.team_id)
    return _row(member, found), audit.of("signature", public_id)


def decide(
    member: Member, public_id: str, decision: str, reason: str = "", *, seen: str = "", config: Config, now: datetime,
) -> Signature:  # fmt: skip
    """Approve, reject, hold or restore a signature, and mail its signatory what became of it.

    Raises NotFound, Forbidden, Invalid, AlreadyDecided when the page that showed it (in the state `seen`) is out of
    date, and EntryStands when another entry took a restored organisation's name.
    """
    reason = _checked(decision, reason)
    with transaction() as session:
        found = _find(public_id, lock=True)
        accounts.require(member, "moderator", found.letter.team_id)
        state = _leads_to(found, decision)
        if state is None or (seen and seen != found.state):
            raise _decided_before(found)
        address = found.email  # publishing a person forgets it
        _mind_what_is_kept(found, state)
        try:
            transitions.move(session, found, state, actor=member.actor, now=now, reason=reason, why=decision)
        except IntegrityError as error:
            if not violated(error, "uq_signature_organisation", "signature.letter_id", "signature.organisation_key"):
                raise
            raise EntryStands from error
        if address is not None and state != "held":
            _tell(session, found, address, config, now)
    return found


def note_export(member: Member, letter: Letter, kind: str, *, now: datetime) -> None:
    """Put on record that the member took a letter's list away; raises NotFound for another team's."""
    accounts.require(member, "viewer", letter.team_id)
    addresses = member.may("owner", letter.team_id)
    with transaction() as session:
        audit.record(
            session, at=now, actor=member.actor, action="letter.exported", thing=("letter", letter.id),
            team_id=letter.team_id, format=kind, addresses=addresses, letter=letter.slug,
        )  # fmt: skip


def _checked(decision: str, reason: str) -> str:
    if decision not in DECISIONS:
        raise Invalid([Fault("decision", "unknown_decision", N_("Choose one of the decisions offered."))])
    reason = unicodedata.normalize("NFC", reason).replace("\r\n", "\n").strip()
    if decision == "reject" and not reason:
        raise Invalid(
            [Fault("reason", "missing", N_("Please give a reason: it is sent to the signatory and kept on record."))]
        )
    if len(reason) > LONGEST_REASON:
        message = N_("A reason has at most %(limit)s characters.")
        raise Invalid([Fault("reason", "too_long", message, {"limit": LONGEST_REASON})])
    if any(unicodedata.category(each) == "Cc" and each not in "\n\t" for each in reason):
        raise Invalid(
            [Fault("reason", "control_characters", N_("The reason holds control characters. Please type it again."))]
        )
    return reason


def _leads_to(found: Signature, decision: str) -> str | None:
    """The state that a decision leads to from here, or None."""
    if decision in _LEADS:
        start, end = _LEADS[decision]
        return end if found.state == start else None
    if decision == "reject":
        return "rejected" if found.state in ("held", "published") else None
    if found.state == "rejected" and found.state_before in ("held", "published"):
        return found.state_before
    approved = found.state == "published" and found.state_before == "held" and found.decided_at is not None
    return "held" if approved else None


def _mind_what_is_kept(found: Signature, state: str) -> None:
    """A rejected entry must not block the real organisation, and a rejected person's address is not needed any more."""
    if found.kind == "organisation":
        found.organisation_key = None if state == "rejected" else screening.fold_organisation(found.organisation)
    elif state == "rejected":
        found.email = found.mail_domain = None


def _decided_before(found: Signature) -> AlreadyDecided:
    entries = audit.of("signature", found.public_id)
    who, when = (
        (entries[-1].actor_name or entries[-1].actor_kind, f"{entries[-1].at:%Y-%m-%d %H:%M} UTC")
        if entries
        else ("", "")
    )
    return AlreadyDecided(who=who, when=when, state=found.state)


def _tell(session: Session, found: Signature, address: str, config: Config, now: datetime) -> None:
    values = letter_values(found.letter, found.language, config) | {"decision": found.state, "reason": found.reason}
    values["token"] = tokens.issue(session, "manage", leads_to=found, expires_at=None)
    outbox.queue(
        session, "decision", to=address, fingerprint=found.address_fingerprint or "", language=found.language,
        values=values, scope=f"decision:{found.letter_id}", now=now,
    )  # fmt: skip


def _find(public_id: str, lock: bool = False) -> Signature:
    query = select(Signature).where(Signature.public_id == public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query) if len(public_id) <= 36 and public_id.isprintable() else None
    if found is None:
        raise NotFound
    return found


def _of_teams(rows: Select[Any], member: Member) -> Select[Any]:
    return rows if member.team_ids is None else rows.where(Letter.team_id.in_(member.team_ids))


def _position(after: str, letter: Letter | None = None) -> int:
    try:
        found = _find(after)
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


def _hidden(owner: bool) -> ColumnElement[bool]:
    """Published without a name: kept for nobody's eyes; with initials: for an owner's."""
    shown = ("public", "initials") if owner else ("public",)
    return and_(Signature.state == "published", Signature.kind == "person", Signature.visibility.not_in(shown))


def _row(member: Member, found: Signature) -> Row:
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
        moves=tuple(each for each in DECISIONS if _leads_to(found, each)) if moderator else (),
    )  # fmt: skip
