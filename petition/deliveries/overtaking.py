"""What was made to be taken away is handed out no more once somebody in it left, was turned down, or says something else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from petition.deliveries.models import DeliveryItem, PreparedFile
from petition.exports import COLUMNS, Choice
from petition.signatures import transitions
from petition.signatures.models import VISIBILITIES, Signature
from petition.signatures.transitions import Moved

_PRINTED = {"name", "organisation", "latin_name", "role", "country"}  # what a PDF says of somebody, and what each preset has
# What a pack says, or goes by.
_WORDS = {"name", "organisation", "latin_name", "role", "website", "country", "comment", "visibility", "deliver"}

# Whether a file of these filters, columns and so on says what is so no more.
Matters = Callable[[Choice, Row[Any]], bool]


@transitions.on_move
def _follow_moves(session: Session, moved: Sequence[Moved], _now: datetime) -> None:
    """Whoever left the published is in no file as such, and whoever withdrew or was rejected in none at all."""
    left = [each for each in moved if each.old and each.new != "published" and (each.old == "published" or each.new != "held")]
    for letter_id, some in groupby(sorted(left), key=lambda each: each.letter_id):
        _leave(session, letter_id, list(some))


def _leave(session: Session, letter_id: int, gone: Sequence[Moved]) -> None:
    states = {each.old for each in gone}
    _overtake(session, letter_id, [each.public_id for each in gone], lambda choice, _row: not states.isdisjoint(choice.states))


@transitions.on_change
def _follow_changes(session: Session, signature: Signature, before: Mapping[str, Any]) -> None:
    """Whoever says something else, or wants no mail any more, is in no file as before; packs remember it of each."""

    def matters(choice: Choice, row: Row[Any]) -> bool:
        meant = signature.state in choice.states and signature.kind in choice.kinds
        return meant and (row.delivery_id is not None or _says(row, signature, before))

    _overtake(session, signature.letter_id, [signature.public_id], matters)
    if not _WORDS.isdisjoint(before):
        session.execute(update(DeliveryItem).where(DeliveryItem.signature_id == signature.id).values(changed=True))


def _says(row: Row[Any], signature: Signature, before: Mapping[str, Any]) -> bool:
    """Whether an export holds what the signature no longer says; whoever is shown by more than before is not exposed by it."""
    columns, addresses = row.wanted.get("columns") or COLUMNS, row.wanted.get("addresses")
    said = _PRINTED if row.format == "pdf" or row.wanted.get("preset") else set(columns)
    hidden = "visibility" in before and VISIBILITIES.index(before["visibility"]) > VISIBILITIES.index(signature.visibility)
    if hidden or not said.isdisjoint(before.keys() - {"visibility"}):
        return True
    return bool(addresses) and before.get("updates") is True


def _overtake(session: Session, letter_id: int, public_ids: Collection[str], matters: Matters) -> None:
    """Let no finished file be fetched that says what is so no more, and let those that are being made begin anew.

    There are a few files of a letter at most, so a change costs the same whatever their number of rows. They are locked,
    so that no worker begins one, or ends one, between this look and the change itself.
    """
    asked = (PreparedFile.letter_id == letter_id) & PreparedFile.state.in_(("queued", "ready"))
    columns = (
        PreparedFile.id, PreparedFile.state, PreparedFile.format, PreparedFile.wanted, PreparedFile.delivery_id, PreparedFile.leased_until,
    )  # fmt: skip
    rows = session.execute(select(*columns).where(asked).order_by(PreparedFile.id).with_for_update()).all()
    rows = [row for row in rows if matters(Choice.from_json(row.wanted["choice"]), row)]
    if not rows:
        return
    packed = _packed(session, {row.delivery_id for row in rows if row.delivery_id is not None}, public_ids)
    ready = [row.id for row in rows if row.state == "ready" and (row.delivery_id is None or row.delivery_id in packed)]
    begun = [row.id for row in rows if row.state == "queued" and row.leased_until is not None]
    session.execute(update(PreparedFile).where(PreparedFile.id.in_(ready)).values(state="outdated"))
    # To begin anew is no failed try.
    again: dict[str, Any] = {"leased_until": None, "tries": PreparedFile.tries - 1}
    session.execute(update(PreparedFile).where(PreparedFile.id.in_(begun)).values(again))


def _packed(session: Session, deliveries: set[int], public_ids: Collection[str]) -> set[int]:
    """Those of the deliveries that one of the signatures is in."""
    if not deliveries:
        return set()
    inside = select(DeliveryItem.delivery_id).join(Signature, Signature.id == DeliveryItem.signature_id).distinct()
    return set(session.scalars(inside.where(DeliveryItem.delivery_id.in_(deliveries), Signature.public_id.in_(public_ids))))
