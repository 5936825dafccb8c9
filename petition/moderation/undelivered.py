"""The mails that never arrived, as far as we know, of the letters that a member sees; no address and no words."""

from __future__ import annotations

from petition.accounts import Member
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox.delivery import FailedMail, recent

LOOKED_AT = 500  # failures among which a team's own are sought


def undelivered(member: Member, limit: int = 100) -> list[tuple[FailedMail, Letter | None]]:
    """Each failure with its letter, the newest first; those of no letter are for owners of the installation."""
    mine = {str(each.id): each for each in letters.listed(member.team_ids, drafts=True)}
    rows = [(mail, mine.get(mail.scope.partition(":")[2])) for mail in recent(LOOKED_AT)]
    return [(mail, letter) for mail, letter in rows if letter is not None or member.sees_all][:limit]
