"""The criteria of a bulk decision: read from a form, kept as JSON, and turned into one condition for the database."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, String, and_, event, not_, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from petition import addresses, i18n
from petition.errors import N_, Fault, Invalid
from petition.letters.models import Letter
from petition.signatures import discretion, screening
from petition.signatures.models import KINDS, Signature

STATES = ("held", "published", "rejected")
LIVE = ("held", "published")
# Which states a decision finds its signatures in.
STARTS = {"approve": ("held",), "hold": ("published", "rejected"), "reject": ("held", "published")}
FIELDS = ("state", "kind", "flag", "domain", "network", "hour", "since", "until", "name", "shape", "country")
LONGEST = {"flag": 40, "domain": 254, "network": 64, "name": 100, "shape": 60}
HOUR = timedelta(hours=1)


class folded(FunctionElement[str]):  # noqa: N801 (reads as the function it is)
    """A column folded by the database as `screening.fold_name` folds what was typed."""

    type = String()
    inherit_cache = True
    name = "folded"


@compiles(folded, "sqlite")
def _fold_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"fold_name({compiler.process(element.clauses, **options)})"


@compiles(folded, "postgresql")
def _fold_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    # What lower() leaves of the full case folding that letters in use need: the sharp s and the final sigma.
    column = compiler.process(element.clauses, **options)
    return f"btrim(regexp_replace(replace(replace(lower(normalize({column}, NFKC)), 'ß', 'ss'), 'ς', 'σ'), '\\s+', ' ', 'g'))"


@event.listens_for(Engine, "connect")
def _teach_sqlite(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("fold_name", 1, screening.fold_name, deterministic=True)


@dataclass(frozen=True)
class Criteria:
    """What the signatures of a bulk decision have in common; an empty field says nothing."""

    states: tuple[str, ...] = ()
    kind: str = ""
    flag: str = ""
    domain: str = ""  # exact, or a glob with * and ?
    network: str = ""  # the keyed hash
    hour: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    name: str = ""  # a glob over the folded name and organisation
    shape: str = ""
    country: str = ""

    @property
    def empty(self) -> bool:
        """Whether this says nothing at all."""
        return self == Criteria()

    def as_json(self) -> dict[str, Any]:
        """The criteria as they are stored."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items() if value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Criteria:
        """The criteria that `as_json` stored."""
        values = dict(stored)
        for name in ("hour", "since", "until"):
            if name in values:
                values[name] = datetime.fromisoformat(values[name])
        return cls(**values | {"states": tuple(values.get("states", ()))})

    def as_query(self) -> dict[str, Any]:
        """The criteria as the form's fields."""
        moments = {
            name: f"{value:%Y-%m-%dT%H:%M}"
            for name, value in (("hour", self.hour), ("since", self.since), ("until", self.until))
            if value
        }
        words = {name: getattr(self, name) for name in ("kind", "flag", "domain", "network", "name", "shape", "country")}
        return {"state": list(self.states), **{name: value for name, value in words.items() if value}, **moments}

    def condition(self, letter_id: int, states: Sequence[str]) -> ColumnElement[bool]:
        """Which of a letter's signatures in these states meet the criteria, on SQLite as on PostgreSQL."""
        met = [Signature.letter_id == letter_id, Signature.state.in_(states)]
        exact = {"kind": self.kind, "network": self.network, "name_shape": self.shape, "country": self.country}
        met += [getattr(Signature, column) == value for column, value in exact.items() if value]
        if self.flag:
            met.append(Signature.flag_codes.like(f"%|{_literal(self.flag)}|%", escape="\\"))
        if self.domain:
            glob = set(self.domain) & set("*?")
            met.append(Signature.mail_domain.like(_like(self.domain), escape="\\") if glob else Signature.mail_domain == self.domain)
        if self.hour is not None:
            met.append(Signature.hour == self.hour)
        if self.name:
            met.append(_named(self.name))
        return and_(*met, *self._window())

    def _window(self) -> list[ColumnElement[bool]]:
        """The time window: by the hour where it is still kept, else by the day of signing."""
        met: list[ColumnElement[bool]] = []
        if self.since is not None:
            first = self.since.replace(minute=0, second=0, microsecond=0)
            met.append(or_(Signature.hour >= first, and_(Signature.hour.is_(None), Signature.signed_on >= first.date())))
        if self.until is not None:
            last = (self.until - timedelta(microseconds=1)).date()
            met.append(or_(Signature.hour < self.until, and_(Signature.hour.is_(None), Signature.signed_on <= last)))
        return met


def _named(glob: str) -> ColumnElement[bool]:
    pattern = _like(screening.fold_name(glob))
    # Nobody is found by a name they chose to hide.
    protected = Signature.letter_id.in_(select(Letter.id).where(Letter.risk == "protected"))
    plainly, strictly = (not_(discretion.hides(Signature, "team", protected=each)) for each in (False, True))
    shown = and_(plainly, or_(strictly, not_(protected)))
    return and_(shown, or_(*(folded(each).like(pattern, escape="\\") for each in (Signature.name, Signature.organisation))))


def _like(glob: str) -> str:
    return re.sub(r"\*+", "%", _literal(glob)).replace("?", "_")


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def parse(given: Mapping[str, Sequence[str]]) -> Criteria:
    """The criteria that a form or an address names; raises Invalid with every fault beside its field."""
    typed = {name: (given.get(name) or [""])[0].strip() for name in FIELDS if name != "state"}
    states = tuple(dict.fromkeys(each for each in given.get("state", ()) if each))
    faults = [fault for fault in (_fault(name, value) for name, value in typed.items() if value) if fault]
    if any(each not in STATES for each in states):
        faults.append(Fault("state", "unknown_state", N_("Choose one of the states offered.")))
    moments = {name: _moment(typed[name], end=name == "until") for name in ("hour", "since", "until")}
    if moments["since"] and moments["until"] and moments["since"] >= moments["until"]:
        faults.append(Fault("until", "before_since", N_("The end lies before the beginning.")))
    if faults:
        raise Invalid(faults)
    words = {name: typed[name] for name in ("kind", "flag", "network", "name", "shape")}
    hour = moments["hour"].replace(minute=0, second=0, microsecond=0) if moments["hour"] else None
    return Criteria(
        states=tuple(sorted(states)), **words, domain=_domain(typed["domain"]) or "", country=typed["country"].upper(), hour=hour,
        since=moments["since"], until=moments["until"],
    )  # fmt: skip


def _fault(name: str, value: str) -> Fault | None:
    """What is wrong with one field, if anything."""
    if len(value) > LONGEST.get(name, 40) or "\x00" in value:
        return Fault(name, "too_long", N_("That is too long, or holds control characters."))
    if name == "kind" and value not in KINDS:
        return Fault(name, "unknown_kind", N_("Choose one of the kinds offered."))
    if name == "flag" and not re.fullmatch(r"[a-z0-9_]+", value):
        return Fault(name, "unknown_flag", N_("Choose one of the reasons offered."))
    if name == "network" and not re.fullmatch(r"[0-9a-f]+", value):
        return Fault(name, "unknown_network", N_("This is not a network as the queue names them."))
    if name == "country" and value.upper() not in i18n.country_codes():
        return Fault(name, "unknown_country", N_("Choose one of the countries offered."))
    if name == "domain" and _domain(value) is None:
        return Fault(name, "not_a_domain", N_("Enter the part of an address after the @, such as example.org or *.example.org."))
    if name in ("name", "domain") and not re.sub(r"[*?.\s]", "", value):
        return Fault(name, "only_wildcards", N_("Enter more than wildcards: this would match everything."))
    if name in ("hour", "since", "until") and _moment(value, end=name == "until") is None:
        return Fault(name, "not_a_moment", N_("Enter a day and an hour, such as 2026-03-14 15:00."))
    return None


def _domain(value: str) -> str | None:
    """A domain or a glob of one as it is kept: lower case, punycode, without sub-domains; None when it cannot be one."""
    value = value.removeprefix("@").lower()
    if not value or re.search(r"[\s@/\\]", value):
        return "" if not value else None
    try:
        glob = ".".join(label if label.isascii() else addresses.domain(f"x@{label}") for label in value.split("."))
    except UnicodeError:
        return None
    whole = glob.removeprefix("*.")
    return glob if set(whole) & set("*?") else addresses.delegated_domain(whole)


def _moment(value: str, end: bool = False) -> datetime | None:
    """A moment in UTC that is not at the ends of the calendar; a day alone is its beginning or, as an end, the beginning of the next."""
    if not value:
        return None
    try:
        if len(value) <= 10:
            found = datetime.combine(date.fromisoformat(value), time(), UTC) + (timedelta(days=1) if end else timedelta())
        else:
            found = datetime.fromisoformat(value)
            found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if 1970 <= found.year < 9999 else None
