"""Which signatories an export holds, and what each column says of them: never more than they agreed to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from petition.db import db
from petition.errors import N_, PetitionError
from petition.letters.models import Letter, LetterText
from petition.signatures import discretion, levels
from petition.signatures.directory import initials
from petition.signatures.models import KINDS, Signature

CHUNK = 500
STATES = ("published", "held", "rejected")
USUAL_STATES = ("published", "held")

Said = TypeVar("Said")


class BadExport(PetitionError):
    """An export was asked for in words that mean nothing here."""

    code = "bad_export"
    message = N_("%(given)s is no %(what)s of an export; choose from %(choices)s.")


@dataclass(frozen=True)
class Choice:
    """Which signatories are meant; empty countries and versions mean all, and a version is meant with its corrections."""

    states: tuple[str, ...] = USUAL_STATES
    kinds: tuple[str, ...] = KINDS
    countries: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    opted_in: bool = False  # only those who asked for news and so left an address

    def as_json(self) -> dict[str, Any]:
        """The filters as they are stored and put on record."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Choice:
        """The filters from what `as_json` made."""
        given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
        return cls(**given)


def choose(
    letter: Letter, *, states: Collection[str] = (), kinds: Collection[str] = (), countries: Collection[str] = (),
    versions: Collection[str] = (), opted_in: bool = False,
) -> Choice:  # fmt: skip
    """The filters asked for; raises BadExport for what is no state, kind, country or version of the letter."""
    majors = tuple(dict.fromkeys(str(each.major) for each in letter.versions))
    codes = tuple(each.upper() for each in countries)
    for code in codes:
        if len(code) != 2 or not code.isascii() or not code.isalpha():
            raise BadExport(given=code, what="country", choices="AM, FR, US, …")
    return Choice(
        chosen(states, STATES, "state", USUAL_STATES), chosen(kinds, KINDS, "kind", KINDS), codes,
        chosen(versions, majors, "version", ()), opted_in,
    )  # fmt: skip


def _name(signature: Signature) -> str:
    # An organisation's representative is known to the team only.
    if signature.kind == "organisation":
        return ""
    return signature.name if signature.visibility == "public" else initials(signature.name)


_READ: dict[str, Callable[[Signature], str]] = {
    "id": lambda signature: signature.public_id,
    "kind": lambda signature: signature.kind,
    "name": _name,
    "organisation": lambda signature: signature.organisation,
    "role": lambda signature: signature.role,
    "website": lambda signature: signature.website,
    "country": lambda signature: signature.country,
    "comment": lambda signature: signature.comment,
    "visibility": lambda signature: signature.visibility,
    "state": lambda signature: signature.state,
    "verification": levels.verification,
    "language": lambda signature: signature.language,
    "signed_on": lambda signature: signature.signed_on.isoformat(),
    "letter_version": lambda signature: signature.text.version.label,
    "email": lambda signature: (signature.email or "") if signature.updates else "",
}
COLUMNS = tuple(_READ)
_READ["latin_name"] = lambda signature: signature.latin_name  # only where it is asked for
EVERY_COLUMN = tuple(_READ)
WORDS = ("name", "organisation", "latin_name", "role", "website", "comment")  # that only those who are shown by name have


def chosen(given: Collection[str], choices: tuple[str, ...], what: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    """What was asked for, or the usual; raises BadExport for anything else."""
    for each in given:
        if each not in choices:
            raise BadExport(given=each, what=what, choices=", ".join(choices))
    return tuple(given) or usual


def cells(signature: Signature, columns: Collection[str], owner: bool, veiled: bool = False) -> list[str]:
    """What the columns say of a signature; addresses are for owners. Nobody is named where the whole list is `veiled`."""
    left_out = set(WORDS) if discretion.hides(signature, "export", protected=veiled) else set()
    if not veiled and signature.kind == "person" and signature.visibility == "initials":
        left_out.remove("name")
    left_out |= set() if owner else {"email"}
    return ["" if name in left_out else _READ[name](signature) for name in columns]


def count(letter: Letter, choice: Choice) -> int:
    """How many signatories are meant."""
    return db.session.scalar(select(func.count()).select_from(Signature).where(_meant(letter, choice))) or 0


def read(letter: Letter, choice: Choice, say: Callable[[Signature], Said]) -> Iterator[Said]:
    """What `say` makes of each signature, oldest first, a chunk at a time; nothing is remembered once it is handed out.

    Each chunk is a short read of its own, so that a slow reader of the file keeps no transaction open.
    """
    # In the order of the key: SQLite would else sort what is left of the whole list for each chunk.
    wanted = select(Signature).where(_meant(letter, choice, walk=True))
    wanted = wanted.options(joinedload(Signature.text).joinedload(LetterText.version)).order_by(Signature.id).limit(CHUNK)
    last = 0
    while True:
        with Session(db.engine) as session:
            found = list(session.scalars(wanted.where(Signature.id > last)))
            rows = [say(each) for each in found]
            last = found[-1].id if found else last
        yield from rows
        if len(found) < CHUNK:
            return


def _meant(letter: Letter, choice: Choice, walk: bool = False) -> ColumnElement[bool]:
    mine = Signature.letter_id + 0 if walk else Signature.letter_id  # a sum is in no index
    meant = (mine == letter.id) & Signature.state.in_(choice.states) & Signature.kind.in_(choice.kinds)
    if choice.countries:
        meant &= Signature.country.in_(choice.countries)
    if choice.versions:
        meant &= Signature.major.in_([int(each) for each in choice.versions])
    if choice.opted_in:
        meant &= Signature.updates & Signature.email.is_not(None)
    return meant
