"""How the mail of the letters that a member sees is doing, and which never arrived; no address and no words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from petition.accounts import Member
from petition.db import db
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox import tally
from petition.outbox.delivery import FailedMail, recent
from petition.signatures import series
from petition.signatures.models import Signature

LOOKED_AT = 500  # failures among which a team's own are sought


@dataclass(frozen=True)
class Health:
    """Mails of the last 30 days by recipient domain and state, and how many wait now, of which some were tried in vain."""

    domains: list[tuple[str, dict[str, int]]]
    waiting: int
    delayed: int

    @property
    def states(self) -> list[str]:
        """The states that occur."""
        return list(dict.fromkeys(state for _, numbers in self.domains for state in numbers))


def health(member: Member, now: datetime, letter: Letter | None = None) -> Health:
    """How the mail of one letter is doing, or of all that the member sees; for an owner of the installation of everything."""
    things = None
    if letter is not None:
        things = series.mailed(letter)
    elif not member.sees_all:
        things = [each for mine in letters.listed(member.team_ids, drafts=True) for each in series.mailed(mine)]
    return Health(tally.by_domain(things, (now - tally.KEPT).date()), *tally.waiting(things))


def undelivered(member: Member, limit: int = 100) -> list[tuple[FailedMail, Letter | None]]:
    """Each failure with its letter, the newest first; those of no letter are for owners of the installation."""
    mine = {str(each.id): each for each in letters.listed(member.team_ids, drafts=True)}
    failures = [(mail, mail.scope.split(":")) for mail in recent(LOOKED_AT)]
    decided = _letters_of([what[1] for _, what in failures if what[0] == "decision" and len(what) == 2])  # as they were queued once
    rows = [(mail, mine.get(decided.get(what[1], what[1]) if len(what) > 1 else "")) for mail, what in failures]
    return [(mail, letter) for mail, letter in rows if letter is not None or member.sees_all][:limit]


def _letters_of(public_ids: list[str]) -> dict[str, str]:
    """The number of the letter of each signature, by the signature's public id."""
    query = select(Signature.public_id, Signature.letter_id).where(Signature.public_id.in_(public_ids))
    return {public_id: str(number) for public_id, number in db.session.execute(query)}
