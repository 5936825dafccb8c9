"""Round numbers and goals that a letter reaches, each of them once, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from petition import addresses, outbox
from petition.accounts import notices
from petition.config import Config
from petition.db import Model, UtcDateTime, db, is_postgresql, transaction
from petition.errors import Busy
from petition.letters.models import Letter
from petition.signatures.models import Tally
from petition.signatures.operations import letter_values

STEPS = (10, 25, 50)  # tenths of a power of ten
FIRST = 100


class Milestone(Model):
    """A number that a letter once reached; the row decides that nobody is told again when the count falls and rises."""

    __tablename__ = "milestone"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)  # number or goal
    number: Mapped[int] = mapped_column(primary_key=True)
    reached_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Reached:
    """A milestone that was just reached: a round number, or the team's goal."""

    letter: Letter
    kind: str
    number: int
    total: int
    at: datetime


# What else is done with a milestone, in the transaction that stores it.
_hearing: list[Callable[[Session, Reached], None]] = []


def on_reached(hear: Callable[[Session, Reached], None]) -> Callable[[Session, Reached], None]:
    """Register the decorated function to be told of a milestone, once, in the transaction that stores it."""
    _hearing.append(hear)
    return hear


def notice(config: Config, now: datetime) -> int:
    """Look whether a letter reached a milestone: how many did. Raises Busy.

    Any number of workers may look: a milestone is stored once, and whoever stores it tells. Where one look finds several
    round numbers of a letter, only the largest is told.
    """
    return sum(_reach(number, total, config, now) for number, total in _ahead())


def _ahead() -> list[tuple[int, int]]:
    """The letters whose count passed a milestone that is not stored, with their counts: three queries, however many letters."""
    try:
        sums = select(Tally.letter_id, func.sum(Tally.count)).where(Tally.state == "published", Tally.origin == "online")
        totals = {number: int(total) for number, total in db.session.execute(sums.group_by(Tally.letter_id))}
        shown = select(Letter.id, Letter.goal).where(Letter.status != "draft")
        goals = {number: goal for number, goal in db.session.execute(shown)}
        known = select(Milestone.letter_id, Milestone.kind, Milestone.number)
        stored = {(letter, kind, number) for letter, kind, number in db.session.execute(known)}
        passed = ((number, totals.get(number, 0), goal) for number, goal in goals.items())
        return [(number, total) for number, total, goal in passed if any((number, *each) not in stored for each in reached(total, goal))]
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()


def reached(total: int, goal: int | None) -> Iterator[tuple[str, int]]:
    """What a count has reached, the smallest number first: (kind, number)."""
    power = FIRST
    while power <= total:
        yield from (("number", power * step // 10) for step in STEPS if power * step // 10 <= total)
        power *= 10
    if goal and total >= goal:
        yield "goal", goal


def _reach(letter_id: int, total: int, config: Config, now: datetime) -> int:
    """Store what is new, and tell of the goal, else of the largest number."""
    with transaction() as session:
        letter = session.get_one(Letter, letter_id)
        fresh = [Reached(letter, kind, number, total, now) for kind, number in reached(total, letter.goal)
                 if _store(session, letter_id, kind, number, now)]  # fmt: skip
        goals = [each for each in fresh if each.kind == "goal"]
        numbers = [each for each in fresh if each.kind == "number" and each.number not in {goal.number for goal in goals}]
        for each in [*numbers[-1:], *goals]:
            _tell(session, each, config)
            for hear in _hearing:
                hear(session, each)
    return len(fresh)


def _store(session: Session, letter_id: int, kind: str, number: int, now: datetime) -> bool:
    values = {"letter_id": letter_id, "kind": kind, "number": number, "reached_at": now}
    insert = (postgresql if is_postgresql(session) else sqlite).insert(Milestone).values(values)
    return session.execute(insert.on_conflict_do_nothing().returning(Milestone.number)).scalar() is not None


def _tell(session: Session, what: Reached, config: Config) -> None:
    """One mail to each member of the team who wants to hear of it."""
    slug = "" if what.letter.protected else f"/{what.letter.slug}/following"
    values = {
        "kind": what.kind, "number": what.number, "total": what.total, "admin": f"{config.base_url}/admin/letters{slug}",
        "account": f"{config.base_url}/admin/account#mail",
    }  # fmt: skip
    for member in notices.for_milestones(session, what.letter.team_id):
        language = member.speaks(config.languages)
        outbox.queue(
            session, "milestone", to=member.email, fingerprint=addresses.fingerprint(member.email, config.fingerprint_bytes),
            language=language, values=letter_values(what.letter, language, config) | values, scope=f"milestone:{what.letter.id}",
            now=what.at,
        )  # fmt: skip
