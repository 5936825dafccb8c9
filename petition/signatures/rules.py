"""The allow and block lists: whom a rule is about, how long it holds, and what it means for a signature."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase

from sqlalchemy import ForeignKey, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from petition.db import Model, UtcDateTime
from petition.letters.models import Letter

VERDICTS = ("allow", "block")
KINDS = ("domain", "address", "network")


class AccessRule(Model):
    """One entry of an allow or block list, for one letter, for a team's letters, or (neither) for the whole site.

    `pattern` is a glob of a mail domain, the fingerprint of an address, a CIDR network that a member typed, or the keyed
    hash of a network that a cluster showed; the last dies with its key.
    """

    __tablename__ = "access_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(5))
    kind: Mapped[str] = mapped_column(String(10))
    pattern: Mapped[str] = mapped_column(String(254))
    shown: Mapped[str] = mapped_column(String(254))  # how the list names it: never an address
    reason: Mapped[str] = mapped_column(String(1000))
    author: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def verdict(
    session: Session, letter: Letter, *, mail_domain: str, fingerprint: str, network: str | None, now: datetime
) -> str | None:
    """'allow' or 'block' where a rule in force names the mail domain, the address or the network; None where none does.

    The narrower scope decides (letter, team, site); within one scope block goes before allow.
    """
    scope = or_(
        AccessRule.letter_id == letter.id,
        and_(AccessRule.letter_id.is_(None), or_(AccessRule.team_id == letter.team_id, AccessRule.team_id.is_(None))),
    )
    in_force = or_(AccessRule.expires_at.is_(None), AccessRule.expires_at > now)
    meant = or_(
        AccessRule.kind == "domain",
        and_(AccessRule.kind == "address", AccessRule.pattern == fingerprint),
        and_(AccessRule.kind == "network", AccessRule.pattern == network),
    )
    found = session.scalars(select(AccessRule).where(scope, in_force, meant))
    matching = [each for each in found if each.kind != "domain" or fnmatchcase(mail_domain, each.pattern.lower())]
    return min(matching, key=_precedence).verdict if matching else None


def _precedence(rule: AccessRule) -> tuple[int, bool]:
    scope = 0 if rule.letter_id is not None else 1 if rule.team_id is not None else 2
    return scope, rule.verdict != "block"
