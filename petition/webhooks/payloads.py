"""What a message says: counts, and of each signature no more than every reader of the list may see at that moment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.config import Config
from petition.letters.models import Letter
from petition.signatures import directory
from petition.signatures.models import Signature
from petition.webhooks.models import WebhookDelivery


def body(session: Session, delivery: WebhookDelivery, config: Config) -> dict[str, Any] | None:
    """The message as JSON values, or None when what it would tell is true no more."""
    said: dict[str, Any] = {
        "id": delivery.message_id, "event": delivery.event, "created_at": delivery.queued_at.isoformat(timespec="seconds"),
    }  # fmt: skip
    letter = delivery.letter
    if letter is None:
        return said
    counts = directory.counts(letter)
    said["letter"] = {"slug": letter.slug, "address": f"{config.base_url}/letters/{letter.slug}"}
    said["counts"] = {
        "total": counts.total, "people": counts.people, "organisations": counts.organisations, "held": counts.waiting,
        "imported": counts.imported,
    }  # fmt: skip
    if "signatures" not in delivery.payload:
        return said | {"data": delivery.payload}
    rows = _standing(session, letter, delivery)
    if not rows:
        return None
    # Of a protected letter nobody learns more than how many there are.
    told = [] if letter.protected else _told(letter, rows, delivery.event)
    return said | {"number": len(rows), "signatures": told}


def _standing(session: Session, letter: Letter, delivery: WebhookDelivery) -> list[Signature]:
    """Those of whom the event is still true: who was hidden or withdrawn since is told to nobody."""
    mine = select(Signature).where(Signature.letter_id == letter.id, Signature.public_id.in_(delivery.payload["signatures"]))
    is_published = Signature.state == "published"
    if delivery.event != "signature.changed":  # that a name is to be forgotten stays true
        mine = mine.where(is_published if delivery.event == "signature.published" else ~is_published)
    return list(session.scalars(mine.order_by(Signature.id).execution_options(populate_existing=True)))


def _told(letter: Letter, rows: list[Signature], event: str) -> list[dict[str, Any]]:
    if event == "signature.withdrawn":
        return [{"id": each.public_id, "kind": each.kind, "state": each.state} for each in rows]
    shown = {code for code, _ in directory.countries(letter)}
    if event == "signature.changed":
        return [_changed(each, shown) for each in rows]
    return [_entry(each, shown) for each in rows]


def _changed(signature: Signature, shown: set[str]) -> dict[str, Any]:
    """What is to be kept of a signature instead of what was told before: of one that is hidden no name."""
    if signature.state != "published":
        return {"id": signature.public_id, "kind": signature.kind, "hidden": True}
    return _entry(signature, shown) | {"hidden": signature.visibility != "public"}


def _entry(signature: Signature, shown: set[str]) -> dict[str, Any]:
    entry = directory.entry(signature)
    said = {"id": entry.id, "kind": entry.kind, "verification": entry.verification, "signed_on": signature.signed_on.isoformat()}
    if signature.visibility != "public":
        return said
    said["name"] = entry.name
    if entry.country in shown and entry.country:  # a country with few signatories would point at them
        said["country"] = entry.country
    return said
