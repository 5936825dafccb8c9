"""The allow and block lists: whom a rule is about, how long it holds, and what it means for a signature."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, String, and_, or_, select
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
    """'allow' or 'block' where a rule in force names the mail domain, the address or the hashed network, else None.

    A network that was typed (CIDR) is judged at the door, since no address is kept to compare it with.
    """
    named = or_(
        AccessRule.kind == "domain",
        and_(AccessRule.kind == "address", AccessRule.pattern == fingerprint),
        and_(AccessRule.kind == "network", AccessRule.pattern == network),
    )
    in_force = or_(AccessRule.expires_at.is_(None), AccessRule.expires_at > now)
    found = session.scalars(select(AccessRule).where(reaching(letter), named, in_force))
    return decide(each for each in found if each.kind != "domain" or covers(each.pattern, mail_domain))


def in_force(session: Session, letter: Letter, now: datetime) -> list[AccessRule]:
    """The rules about addresses and mail domains that hold for a letter now, for whoever judges many at once."""
    lasting = or_(AccessRule.expires_at.is_(None), AccessRule.expires_at > now)
    return list(session.scalars(select(AccessRule).where(reaching(letter), AccessRule.kind.in_(("domain", "address")), lasting)))


def verdict_of(rules: Iterable[AccessRule], mail_domain: str, fingerprint: str) -> str | None:
    """What these rules say of an address."""
    return decide(each for each in rules if (
        covers(each.pattern, mail_domain) if each.kind == "domain" else each.pattern == fingerprint
    ))  # fmt: skip


def reaching(letter: Letter) -> ColumnElement[bool]:
    """The rules that hold for a letter: its own, its team's, the site's."""
    wider = or_(AccessRule.team_id == letter.team_id, AccessRule.team_id.is_(None))
    return or_(AccessRule.letter_id == letter.id, and_(AccessRule.letter_id.is_(None), wider))


def decide(rules: Iterable[AccessRule]) -> str | None:
    """What these rules say together: the narrower reach wins over the wider, within one reach block over allow."""
    first = min(rules, key=_precedence, default=None)
    return first.verdict if first is not None else None


def _precedence(rule: AccessRule) -> tuple[int, bool]:
    reach = 0 if rule.letter_id is not None else 1 if rule.team_id is not None else 2
    return reach, rule.verdict != "block"


def covers(glob: str, domain: str) -> bool:
    """Whether a glob, whose only wildcard is `*` for any run of letters and dots, names the domain; linear in its length."""
    first, *middle = glob.split("*")
    if not middle:
        return glob == domain
    last = middle.pop()
    at, end = len(first), len(domain) - len(last)
    if at > end or not domain.startswith(first) or not domain.endswith(last):
        return False
    for part in middle:
        at = domain.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
