"""The mails that never arrived, as far as we know, of the letters that a member sees; no address and no words."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from petition.accounts import Member
from petition.db import db
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox.delivery import FailedMail, recent
from petition.signatures.models import Signature

LOOKED_AT = 500  # failures among which a team's own are sought


def undelivered(member: Member, limit: int = 100) -> list[tuple[FailedMail, Letter | None]]:
    """Each failure with its letter, the newest first; those of no letter are for owners of the installation."""
    mine = {str(each.id): each for each in letters.listed(member.team_ids, drafts=True)}
    failures = [(mail, mail.scope.split(":")) for mail in recent(LOOKED_AT)]
    decided = _letters_of([what[1] for _, what in failures if what[0] == "decision"])
    rows = [(mail, mine.get(decided.get(what[1], what[1]) if len(what) > 1 else "")) for mail, what in failures]
    return [(mail, letter) for mail, letter in rows if letter is not None or member.sees_all][:limit]


def by_domain(rows: list[tuple[FailedMail, Letter | None]]) -> list[tuple[str, Counter[str]]]:
    """How many of these came back, failed or were complained about, by mail domain ('' where none is known), the most first."""
    found: dict[str, Counter[str]] = {}
    for mail, _ in rows:
        found.setdefault(mail.domain, Counter())[mail.state] += 1
    return sorted(found.items(), key=lambda item: (-item[1].total(), item[0]))


def _letters_of(public_ids: list[str]) -> dict[str, str]:
    """The number of the letter of each signature, by the signature's public id."""
    query = select(Signature.public_id, Signature.letter_id).where(Signature.public_id.in_(public_ids))
    return {public_id: str(number) for public_id, number in db.session.execute(query)}
