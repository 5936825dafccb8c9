"""Waves of signatures for tests of moderation: rows as confirming leaves them, many at once, and the worker's turns."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from petition.addresses import fingerprint
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.letters.operations import text_shown
from petition.moderation import sweeping
from petition.moderation.models import BulkDecision
from petition.signatures import consent, screening, transitions
from petition.signatures.models import Signature
from petition.upkeep import invariants

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def wave(letter: Letter, how_many: int, state: str = "published", *, start: int = 0, **values: Any) -> list[int]:
    """So many signatures from one domain within one hour, counted like real ones; the values may be functions of the number."""
    made: list[int] = []
    for first in range(start, start + how_many, 1_000):
        with transaction() as session:
            rows = [_one(session, letter, number, state, values) for number in range(first, min(first + 1_000, start + how_many))]
            session.add_all(rows)
            session.flush()
            cells: Counter[tuple[Any, ...]] = Counter()
            for each in rows:
                cells.update(transitions.weight(each))
            transitions.add(session, cells)
            made += [each.id for each in rows]
    return made


def _one(session: Any, letter: Letter, number: int, state: str, values: dict[str, Any]) -> Signature:
    key = current_app.config["PETITION"].fingerprint_bytes
    given = {name: value(number) if callable(value) else value for name, value in values.items()}
    words: dict[str, Any] = {
        "kind": "person", "name": f"Fake Person {number}", "mail_domain": "catchall.example", "network": "ab12", "hour": NOON,
        "signed_on": NOON.date(), "country": "", "visibility": "public", "origin": "online", "state_before": "", "flags": [],
        "organisation": "", "role": "", "website": "", "comment": "", "deliver": False, "updates": False, "language": "en",
        "address_fingerprint": fingerprint(f"{letter.id}-{number}@catchall.example", key),
    }  # fmt: skip
    words |= given
    signature = Signature(
        **words, letter=letter, letter_id=letter.id, major=1, state=state,
        consent_id=consent.record(session, letter, "en").id, text=text_shown(letter, "en"),
    )  # fmt: skip
    if signature.kind == "organisation" and state != "rejected":
        signature.organisation_key = screening.fold_organisation(signature.organisation)
    transitions.list_entry(signature)
    return signature


def states(letter: Letter) -> dict[str, int]:
    """How many rows of a letter are in each state."""
    db.session.rollback()
    counted = select(Signature.state, func.count()).where(Signature.letter_id == letter.id).group_by(Signature.state)
    return {state: number for state, number in db.session.execute(counted)}


def sweep(clock: Callable[[], datetime] | None = None) -> None:
    """Let the worker carry out what is confirmed."""
    clock = clock or (lambda: NOON + timedelta(hours=1))
    db.session.rollback()  # a read that stands open would not see what was confirmed since
    while sweeping.work(current_app.config["PETITION"], clock=clock, stop=threading.Event(), seconds=30):
        pass


def again(bulk: BulkDecision) -> BulkDecision:
    """The bulk decision as it stands on disk."""
    number = bulk.id
    db.session.rollback()
    return db.session.get_one(BulkDecision, number, populate_existing=True)


def faults(now: datetime = NOON) -> list[str]:
    """The sentences of the invariants that do not hold."""
    config = current_app.config["PETITION"]
    return [each.sentence for each in invariants.check(config, now) if not each.ok and not each.warning]
