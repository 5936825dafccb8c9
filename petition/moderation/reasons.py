"""Ready-made reasons for a rejection: the shipped ones and each team's own, each with the class it is counted under."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from petition import accounts, audit
from petition.accounts import Member
from petition.audit import Actor
from petition.db import db, transaction
from petition.errors import N_, Conflict, Fault, Invalid, NotFound
from petition.moderation.models import ReasonTemplate
from petition.moderation.wording import checked
from petition.signatures import ledger
from petition.signatures.models import REASON_CLASSES

LONGEST = 1000
MOST = 30  # of one team

# In the words of the public ledger, where they are counted.
CLASSES = {code: ledger.REASONS.get(code, ledger.OTHER) for code in REASON_CLASSES}
# Kept in English and put into the signatory's language where they are shown.
_SHIPPED = {
    "fake": N_("We could not find that this person or organisation exists."),
    "joke": N_("The name reads like a joke, not like one that somebody goes by."),
    "impersonation": N_("The entry names somebody who, as far as we can tell, did not sign."),
    "abuse": N_("The entry holds an insult, advertising or something else that does not belong under this letter."),
    "duplicate": N_("This person or organisation is on the list already."),
    "on request": N_("You, or the organisation that the entry names, asked us to remove it."),
    "mistake": N_("We published the entry by mistake, before it was checked."),
    "other": N_("We could not check this entry. You may withdraw it on its page and sign again with fuller details."),
}


class TooManyReasons(Conflict):
    """A list that nobody could choose from."""

    code = "too_many_reasons"
    message = N_("A team keeps at most %(limit)s ready-made reasons. Please remove one first.")


@dataclass(frozen=True)
class Ready:
    """One ready-made reason as the forms offer it; `id` is the number of a team's own, None of a shipped one."""

    key: str
    reason_class: str
    words: str
    id: int | None = None


def shipped() -> list[Ready]:
    """The reasons that every team has."""
    return [Ready(key, key, words) for key, words in _SHIPPED.items()]


def offered(team_ids: Collection[int]) -> dict[int, list[Ready]]:
    """What moderators of these teams choose from: the team's own reasons first, then the shipped ones."""
    rows = select(ReasonTemplate).where(ReasonTemplate.team_id.in_(team_ids)).order_by(ReasonTemplate.id)
    found: dict[int, list[Ready]] = {number: [] for number in team_ids}
    for each in db.session.scalars(rows):
        found[each.team_id].append(Ready(f"own-{each.id}", each.reason_class, each.words, each.id))
    return {number: own + shipped() for number, own in found.items()}


def given(team_id: int, *, needed: bool, words: str, template: str, reason_class: str) -> tuple[str, str]:
    """The words and the class of a decision; a ready-made reason gives what was not typed.

    Raises Invalid for an unknown reason or class, words that cannot be sent, and where a reason is needed and missing.
    """
    ready = next((each for each in offered([team_id])[team_id] if each.key == template), None)
    if template and ready is None:
        raise Invalid([Fault("template", "unknown", N_("This ready-made reason is not there any more. Please choose another."))])
    if reason_class and reason_class not in REASON_CLASSES:
        raise Invalid([Fault("reason_class", "unknown", N_("Please choose one of the options offered."))])
    words = checked("reason", words, longest=LONGEST, least=0) or (ready.words if ready and needed else "")
    if needed and not words:
        missing = N_("Please give a reason: it is sent to the signatory and kept on record.")
        raise Invalid([Fault("reason", "missing", missing)])
    if needed and not reason_class:
        reason_class = ready.reason_class if ready else "other"
    return words, reason_class


def add(member: Member, team_id: int, *, words: str, reason_class: str, now: datetime) -> None:
    """Give a team a ready-made reason of its own; raises NotFound, Forbidden, Invalid, TooManyReasons."""
    accounts.require(member, "editor", team_id)
    words, reason_class = _checked(words, reason_class)
    with transaction() as session:
        kept = session.scalar(select(func.count()).where(ReasonTemplate.team_id == team_id)) or 0
        if kept >= MOST:
            raise TooManyReasons(limit=MOST)
        session.add(ReasonTemplate(team_id=team_id, words=words, reason_class=reason_class))
        _record(team_id, "reason.added", member.actor, now)


def change(member: Member, number: int, *, words: str, reason_class: str, now: datetime) -> None:
    """Write a team's own reason anew; decisions that used it keep their words."""
    _required(member, number)
    words, reason_class = _checked(words, reason_class)
    with transaction():
        found = _required(member, number)
        found.words, found.reason_class = words, reason_class
        _record(found.team_id, "reason.changed", member.actor, now)


def remove(member: Member, number: int, *, now: datetime) -> None:
    """Take a team's own reason off the list; decisions that used it keep their words."""
    with transaction() as session:
        found = _required(member, number)
        session.delete(found)
        _record(found.team_id, "reason.removed", member.actor, now)


def _required(member: Member, number: int) -> ReasonTemplate:
    found = db.session.get(ReasonTemplate, number)
    if found is None:
        raise NotFound
    accounts.require(member, "editor", found.team_id)
    return found


def _checked(words: str, reason_class: str) -> tuple[str, str]:
    if reason_class not in REASON_CLASSES:
        raise Invalid([Fault("reason_class", "unknown", N_("Please choose one of the options offered."))])
    return checked("words", words, longest=LONGEST), reason_class


def _record(team_id: int, action: str, actor: Actor, now: datetime) -> None:
    audit.record(db.session(), at=now, actor=actor, action=action, thing=("team", team_id), team_id=team_id)
