"""Whether a pack still says what its signatories say: nobody is handed over who withdrew, hid, shortened or took back anything."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, func, or_, select

from petition.db import db
from petition.deliveries.models import DeliveryItem
from petition.signatures.models import Signature


def changed(delivery_id: int) -> int:
    """How many in the pack are not as they were when it was made."""
    return db.session.scalar(_moved().where(DeliveryItem.delivery_id == delivery_id)) or 0


def _moved() -> Select[int]:
    return select(func.count()).select_from(DeliveryItem).join(Signature, Signature.id == DeliveryItem.signature_id).where(_differs())


def _differs() -> ColumnElement[bool]:
    return or_(
        Signature.state != "published", Signature.visibility != DeliveryItem.visibility, DeliveryItem.handed & ~Signature.deliver,
        DeliveryItem.changed,
    )  # fmt: skip
