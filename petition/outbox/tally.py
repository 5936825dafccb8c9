"""What became of the mail, by day, by what it was about and by the recipient's domain; no mail and no address is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, UniqueConstraint, case, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column
from sqlalchemy.types import BigInteger

from petition import addresses
from petition.db import Model, db, is_postgresql
from petition.outbox.models import OutboxMail

OTHER = ""  # the domain of what has no name of its own
FEWEST = 10  # mails about one thing that a domain is named for, so that no number points at a person
SMALL_KEPT = timedelta(hours=72)  # for which a domain with fewer is kept apart, since more may follow
KEPT = timedelta(days=30)
CHUNK = 100  # things that are looked for at once
ENDS = ("sent", "failed", "dropped", "stopped")  # every mail comes to one of these


class MailTally(Model):
    """How many mails about one thing, to one domain, came to one state on a day; the word for the state is the caller's."""

    __tablename__ = "mail_tally"
    __table_args__ = (UniqueConstraint("about", "day", "domain", "state"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    day: Mapped[date] = mapped_column()
    about: Mapped[str] = mapped_column(String(60))  # the beginning of the mail's scope, such as "verify:12"
    domain: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(20))
    count: Mapped[int] = mapped_column(default=0)


def count(session: Session, scope: str, domain: str, state: str, now: datetime) -> None:
    """Count one mail that came to a state."""
    add(session, {(about(scope), now.date(), domain, state): 1})


def leaving(session: Session, condition: ColumnElement[bool], state: str, now: datetime) -> list[int]:
    """Lock the queued mails that are about to leave the queue together, and count them: their numbers."""
    rows = session.execute(select(OutboxMail.id, OutboxMail.scope, OutboxMail.recipient).where(condition).with_for_update(skip_locked=True))
    ids, cells = [], Counter[tuple[Any, ...]]()
    for number, scope, recipient in rows:
        ids.append(number)
        cells[about(scope), now.date(), addresses.domain(recipient or ""), state] += 1
    add(session, cells)
    return ids


def about(scope: str) -> str:
    """What a mail is about: the first two parts of its scope, without what leads to one mailbox or signature."""
    kind, _, rest = scope.partition(":")
    number = rest.partition(":")[0]
    return f"{kind}:{number}" if number.isdecimal() else kind


def add(session: Session, cells: Mapping[tuple[Any, ...], int]) -> None:
    """Add to the tally, always in the same order."""
    if not cells:
        return
    names = ("about", "day", "domain", "state")
    statement = (postgresql if is_postgresql(session) else sqlite).insert(MailTally)
    raised = {"count": MailTally.count + statement.excluded.count}
    rows = [dict(zip(names, cell, strict=True)) | {"count": cells[cell]} for cell in sorted(cells, key=str)]
    session.execute(statement.on_conflict_do_update(index_elements=names, set_=raised), rows)


def by_domain(things: Collection[str] | None, since: date) -> list[tuple[str, dict[str, int]]]:
    """(domain, number by state) since a day, the most first, about these things or (None) all; small domains are one, last.

    What is merged is named OTHER.
    """
    cells = select(MailTally.domain, MailTally.state, func.sum(MailTally.count)).where(MailTally.day >= since)
    cells = cells if things is None else cells.where(MailTally.about.in_(things))
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for domain, state, number in db.session.execute(cells.group_by(MailTally.domain, MailTally.state)):
        found[domain][state] += int(number)
    merged: Counter[str] = found.pop(OTHER, Counter())
    large = []
    for domain, states in found.items():
        if _mails(states) >= FEWEST:
            large.append((domain, dict(states)))
        else:
            merged.update(states)
    large.sort(key=lambda row: (-_mails(row[1]), row[0]))
    return [*large, (OTHER, dict(merged))] if merged else large


def _mails(states: Mapping[str, int]) -> int:
    """How many mails these are; what was delayed, bounced or complained of was or will be counted as sent or failed too."""
    return sum(states.get(state, 0) for state in ENDS)


def of_states(things: Collection[str], states: Collection[str], first: date, last: date) -> int:
    """How many mails about these things came to one of these states from one day to another."""
    wanted = select(func.sum(MailTally.count)).where(MailTally.about.in_(things), MailTally.state.in_(states))
    return int(db.session.scalar(wanted.where(MailTally.day.between(first, last))) or 0)


def waiting(things: Collection[str] | None) -> tuple[int, int]:
    """How many mails about these things, or about anything, wait in the queue, and how many of them were tried in vain."""
    tried = func.sum(case((OutboxMail.attempts > 0, 1), else_=0))
    rows = select(func.count(), tried).select_from(OutboxMail).where(OutboxMail.state == "queued")
    queries = [rows]
    if things is not None:
        mine = [or_(OutboxMail.scope == each, OutboxMail.scope.startswith(f"{each}:")) for each in things]
        # Some at a time: SQLite reads no condition of more than a thousand parts.
        queries = [rows.where(or_(*mine[at : at + CHUNK])) for at in range(0, len(mine), CHUNK)]
    found = [db.session.execute(query).one() for query in queries]
    return sum(count for count, _ in found), sum(int(tried or 0) for _, tried in found)


def small(now: datetime) -> ColumnElement[bool]:
    """The cells whose domain has not become large enough to be named for what it is about."""
    same = aliased(MailTally)
    mails = select(func.coalesce(func.sum(same.count), 0)).where(same.about == MailTally.about, same.domain == MailTally.domain)
    few = mails.where(same.state.in_(ENDS)).correlate(MailTally).scalar_subquery() < FEWEST
    return (MailTally.day <= (now - SMALL_KEPT).date()) & (MailTally.domain != OTHER) & few


def merge(session: Session, ids: list[int]) -> None:
    """Take these cells together with those of no domain."""
    cells: Counter[tuple[Any, ...]] = Counter()
    for each in session.scalars(select(MailTally).where(MailTally.id.in_(ids))):
        cells[each.about, each.day, OTHER, each.state] += each.count
        session.delete(each)
    session.flush()
    add(session, cells)
