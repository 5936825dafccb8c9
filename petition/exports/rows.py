"""Which signatories an export holds, and what each column says of them: never more than they agreed to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from petition.db import db
from petition.errors import N_, PetitionError
from petition.letters.models import Letter, LetterText
from petition.signatures import discretion, levels
from petition.signatures.directory import initials
from petition.signatures.models import Signature

CHUNK = 500
STATES = ("published", "held", "rejected")
USUAL_STATES = ("published", "held")


class BadExport(PetitionError):
    """An export was asked for in words that mean nothing here."""

    code = "bad_export"
    message = N_("%(given)s is no %(what)s of an export; choose from %(choices)s.")


def _name(signature: Signature) -> str:
    # An organisation's representative is known to the team only.
    if signature.kind == "organisation":
        return ""
    if discretion.hides(signature, "export"):
        return initials(signature.name) if signature.visibility == "initials" else ""
    return signature.name


def _shown(name: str) -> Callable[[Signature], str]:
    """A column that only those who are shown by name have."""

    def read(signature: Signature) -> str:
        return "" if discretion.hides(signature, "export") else str(getattr(signature, name))

    return read


_READ: dict[str, Callable[[Signature], str]] = {
    "id": lambda signature: signature.public_id,
    "kind": lambda signature: signature.kind,
    "name": _name,
    "organisation": _shown("organisation"),
    "role": _shown("role"),
    "website": _shown("website"),
    "country": lambda signature: signature.country,
    "comment": _shown("comment"),
    "visibility": lambda signature: signature.visibility,
    "state": lambda signature: signature.state,
    "verification": levels.verification,
    "language": lambda signature: signature.language,
    "signed_on": lambda signature: signature.signed_on.isoformat(),
    "letter_version": lambda signature: signature.text.version.label,
    "email": lambda signature: (signature.email or "") if signature.updates else "",
}
COLUMNS = tuple(_READ)


def chosen(given: Collection[str], choices: tuple[str, ...], what: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    """What was asked for, or the usual; raises BadExport for anything else."""
    for each in given:
        if each not in choices:
            raise BadExport(given=each, what=what, choices=", ".join(choices))
    return tuple(given) or usual


def read(letter: Letter, *, states: Collection[str], kinds: Collection[str], columns: Collection[str], owner: bool) -> Iterator[list[str]]:
    """The rows, oldest first, a chunk at a time; nothing is remembered of a chunk once it is handed out.

    Each chunk is a short read of its own, so that a slow reader of the file keeps no transaction open.
    """
    wanted = select(Signature).where(Signature.letter_id == letter.id, Signature.state.in_(states), Signature.kind.in_(kinds))
    wanted = wanted.options(joinedload(Signature.text).joinedload(LetterText.version)).order_by(Signature.id).limit(CHUNK)
    last = 0
    while True:
        with Session(db.engine) as session:
            found = list(session.scalars(wanted.where(Signature.id > last)))
            rows = [[_cell(name, each, owner) for name in columns] for each in found]
            last = found[-1].id if found else last
        yield from rows
        if len(found) < CHUNK:
            return


def _cell(name: str, signature: Signature, owner: bool) -> str:
    return "" if name == "email" and not owner else _READ[name](signature)
