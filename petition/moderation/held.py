"""Who waits for the team: page by page, narrowed by a reason or a cluster, and how many each of these holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, null, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from petition.accounts import Member
from petition.db import db
from petition.errors import N_, BadCursor, Forbidden, NotFound, PetitionError
from petition.letters.models import Letter, LetterText
from petition.moderation import talk
from petition.moderation.view import Row, find, letter, row
from petition.signatures.models import Signature, Tally

PAGE = 50
MOST_GROUPS = 20  # of each sort
SMALLEST_GROUP = 2
MOST_COMBINATIONS = 2_000  # of flags, whose counts are added up by flag
# Written out, not bound: only so do the databases see that the index of what waits is meant.
HELD = Signature.state == literal_column("'held'")


class BadFilter(PetitionError):
    """A filter that no page of ours links to."""

    code = "bad_filter"
    message = N_("This filter is not valid. Please start from the whole queue.")


@dataclass(frozen=True)
class Filter:
    """What a part of the queue has in common; an empty field narrows nothing."""

    flag: str = ""
    domain: str = ""
    network: str = ""
    hour: str = ""
    shape: str = ""

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Filter:
        """The filter in an address; raises BadFilter."""
        found = cls(**{name: given.get(name, "").strip() for name in cls.__dataclass_fields__})
        longest = {"flag": 40, "domain": 254, "network": 64, "hour": 40, "shape": 60}
        for name, value in asdict(found).items():
            if len(value) > longest[name] or not value.isprintable():
                raise BadFilter
        if found.flag and not found.flag.replace("_", "").isalnum():
            raise BadFilter
        _moment(found.hour)
        return found

    @property
    def given(self) -> dict[str, str]:
        """The fields that narrow, as an address carries them."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def private(self) -> bool:
        """Whether it names something of a signatory's mail or network, which viewers may not know."""
        return bool(self.domain or self.network)


@dataclass(frozen=True)
class Group:
    """So many that wait share this value; `by` is the filter's field."""

    by: str
    value: str
    count: int


_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "domain": Signature.mail_domain,
    "network": Signature.network,
    "hour": Signature.hour,
    "shape": Signature.name_shape,
}


def queue(
    member: Member, letter_slug: str | None = None, after: str | None = None, limit: int = PAGE, only: Filter | None = None,
) -> list[Row]:  # fmt: skip
    """The held signatures that the member may see, the longest waiting first, after the one with that public id.

    Raises NotFound for another team's letter, Forbidden for a filter by domain or network below a moderator, BadCursor.
    """
    only = only or Filter()
    start = _position(after) if after else 0
    ids: list[int] = []
    for letter_id in _scope(member, letter_slug, only.private):
        ids += db.session.scalars(_waiting(only, [letter_id]).where(Signature.id > start).order_by(Signature.id).limit(limit))
    ids = sorted(ids)[:limit]
    rows = select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id)
    rows = rows.options(joinedload(Signature.letter), joinedload(Signature.text).joinedload(LetterText.version))
    marks = talk.marks(ids)
    return [row(member, each, *marks.get(each.id, ())) for each in db.session.scalars(rows)]


def waiting(member: Member) -> dict[int, int]:
    """How many signatures are held, by letter, from the tallies."""
    cells = select(Tally.letter_id, func.sum(Tally.count)).join(Letter, Letter.id == Tally.letter_id)
    cells = cells.where(Tally.state == "held").group_by(Tally.letter_id)
    if member.team_ids is not None:
        cells = cells.where(Letter.team_id.in_(member.team_ids))
    return {int(number): int(count) for number, count in db.session.execute(cells) if count}


def groups(member: Member, letter_slug: str | None = None, only: Filter | None = None) -> dict[str, list[Group]]:
    """The largest groups of each sort within a part of the queue; domains and networks of letters the member moderates."""
    only = only or Filter()
    scope = _scope(member, letter_slug, only.private)
    moderated = _moderated(member, scope)
    found = {"flag": list(_by_flag(scope, only))}
    for by in _COLUMNS:
        found[by] = list(_by_column(moderated if by in ("domain", "network") else scope, only, by))
    return {by: some for by, some in found.items() if some}


def _by_flag(scope: list[int], only: Filter) -> Iterator[Group]:
    combinations = _counted(scope, only, Signature.flag_codes).where(Signature.flag_codes != "").limit(MOST_COMBINATIONS)
    counts: Counter[str] = Counter()
    for codes, count in db.session.execute(combinations):
        counts.update(dict.fromkeys(filter(None, codes.split("|")), int(count)))
    for code, count in counts.most_common(MOST_GROUPS):
        if count >= SMALLEST_GROUP:
            yield Group("flag", code, count)


def _by_column(scope: list[int], only: Filter, by: str) -> Iterator[Group]:
    column = _COLUMNS[by]
    rows = _counted(scope, only, column).where(column.is_not(None)).having(func.count() >= SMALLEST_GROUP)
    rows = rows if by == "hour" else rows.where(column != "")
    for value, count in db.session.execute(rows.limit(MOST_GROUPS)):
        yield Group(by, f"{value:%Y-%m-%dT%H:%MZ}" if by == "hour" else value, int(count))


def _counted(scope: list[int], only: Filter, column: Any) -> Select[Any]:
    # As an expression, since SQLite would rather walk the column's own index, with every published row in it.
    value = func.coalesce(column, null()).label("value")
    rows = select(value, func.count()).where(Signature.letter_id.in_(scope), HELD, *_conditions(only))
    return rows.group_by(value).order_by(func.count().desc(), value)


def _waiting(only: Filter, scope: list[int]) -> Select[Any]:
    # Nothing held is listed: said so, the list's index gives the rows in their order.
    return select(Signature.id).where(Signature.letter_id.in_(scope), HELD, ~Signature.listed, *_conditions(only))


def _conditions(only: Filter) -> Iterator[ColumnElement[bool]]:
    if only.flag:
        yield Signature.flag_codes.contains(f"|{only.flag}|", autoescape=True)
    for by, value in only.given.items():
        if by in _COLUMNS:
            yield _COLUMNS[by] == (_moment(value) if by == "hour" else value)


def _moment(hour: str) -> datetime | None:
    if not hour:
        return None
    try:
        found = datetime.fromisoformat(hour)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadFilter from error


def _scope(member: Member, letter_slug: str | None, private: bool) -> list[int]:
    """The letters to look under."""
    scope = sorted(waiting(member)) if letter_slug is None else [letter(member, letter_slug).id]
    if not private:
        return scope
    moderated = _moderated(member, scope)
    if scope and not moderated:
        raise Forbidden
    return moderated


def _moderated(member: Member, scope: list[int]) -> list[int]:
    rows = db.session.execute(select(Letter.id, Letter.team_id).where(Letter.id.in_(scope)).order_by(Letter.id))
    return [letter_id for letter_id, team_id in rows if member.may("moderator", team_id)]


def _position(after: str) -> int:
    try:
        return find(after).id
    except NotFound as error:
        raise BadCursor from error
