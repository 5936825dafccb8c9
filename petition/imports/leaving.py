"""Whoever withdrew is not brought back by a file: of each mailbox and organisation that left a letter a keyed digest is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.audit import SIGNATORY, AuditEntry
from petition.db import is_postgresql, keyed
from petition.imports.models import Departure
from petition.signatures import transitions
from petition.signatures.models import LinkToken, Signature

_TAKING_BACK = "taking an import back"


@contextmanager
def unremembered(session: Session) -> Iterator[None]:
    """Withdraw what an import brought: it was the team's mistake and nobody's wish, so the file, mended, may come again."""
    session.info[_TAKING_BACK] = True
    try:
        yield
    finally:
        session.info[_TAKING_BACK] = False


@transitions.on_forget
def _remember(session: Session, signature: Signature) -> None:
    if signature.state != "withdrawn" or session.info.get(_TAKING_BACK):
        return  # published without a name, which erases the name only
    if (digest := _digest(signature.letter_id, signature)) is None:
        return
    insert = (postgresql if is_postgresql(session) else sqlite).insert(Departure)
    session.execute(insert.values(letter_id=signature.letter_id, digest=digest).on_conflict_do_nothing())


def changed(session: Session, brought: Sequence[Signature]) -> set[int]:
    """Those of an import that their signatories changed since, to hide them for example: no mended file may undo that."""
    links = select(LinkToken.signature_id).where(LinkToken.signature_id.in_([each.id for each in brought]))
    held = set(session.scalars(links))  # nobody changes an entry without a link to it, and few of a file ask for one
    ids = {each.public_id: each.id for each in brought if each.id in held}
    said = select(AuditEntry.object_id).where(AuditEntry.action == "signature.changed", AuditEntry.object_kind == "signature")
    found = session.scalars(said.where(AuditEntry.object_id.in_(ids), AuditEntry.actor_kind == SIGNATORY.kind)) if ids else ()
    return {ids[each] for each in found}


def left(session: Session, letter_id: int, rows: list[Any]) -> frozenset[int]:
    """The lines of these staged rows whose mailbox, or organisation, once withdrew from the letter."""
    lines = {digest: row.line for row in rows if (digest := _digest(letter_id, row)) is not None}
    found = select(Departure.digest).where(Departure.letter_id == letter_id, Departure.digest.in_(lines))
    return frozenset(lines[digest] for digest in session.scalars(found)) if lines else frozenset()


def _digest(letter_id: int, found: Any) -> str | None:
    """By what a signature or a row is known again, different under each letter; None where nothing is known to know it by."""
    who = found.organisation_key if getattr(found, "kind", None) == "organisation" else found.organisation_key or found.address_fingerprint
    return keyed("left", f"{letter_id}:{who}") if who else None
