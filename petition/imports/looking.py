"""What is known of a handful of rows at once: which of them stand there already, and why some should be looked at first.

Whoever stages a file learns what came by a file before and which organisations have an entry, which the team sees anyway;
whether a mailbox signed is found out only when rows land, and told to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.letters.models import Letter
from petition.signatures import checking, rules, screening, wordlists
from petition.signatures.models import Signature
from petition.signatures.rules import AccessRule
from petition.signatures.screening import Flag, WordSet

LOOKED_UP = 1_000  # organisations of a file that are compared with all others by their domains


@dataclass(frozen=True)
class Known:
    """The keys of some rows that stand on the letter already."""

    digests: frozenset[str]
    fingerprints: frozenset[str]
    organisations: frozenset[str]

    def has(self, row: Any) -> str | None:
        """Why a row (judged or staged) adds nothing: 'organisation' or 'imported', at landing also 'signed'; None for a new one."""
        if row.digest in self.digests:
            return "imported"
        if row.organisation_key is not None:
            return "organisation" if row.organisation_key in self.organisations else None
        return "signed" if row.address_fingerprint in self.fingerprints else None


def known(session: Session, letter_id: int, rows: Sequence[Any], *, landing: bool = False) -> Known:
    """What of these rows is there already; only at `landing` whether their mailboxes signed."""

    def there(column: Any, values: Collection[str | None], *conditions: Any) -> frozenset[str]:
        wanted = {value for value in values if value is not None}
        found = select(column).where(Signature.letter_id == letter_id, column.in_(wanted), *conditions)
        return frozenset(session.scalars(found)) if wanted else frozenset()

    addresses = [each.address_fingerprint for each in rows if each.organisation_key is None] if landing else []
    return Known(
        there(Signature.import_digest, [each.digest for each in rows]),
        there(Signature.address_fingerprint, addresses, Signature.kind == "person"),
        there(Signature.organisation_key, [each.organisation_key for each in rows]),
    )  # fmt: skip


class Screen:
    """Screens the rows of one file as the form's statements are, with what they are compared with read once."""

    def __init__(self, session: Session, letter: Letter, limits: bool, now: datetime) -> None:
        """Make ready for one letter; `limits` as in the settings."""
        self._letter, self._limits = letter, limits
        self._words: WordSet = wordlists.of(session, letter)
        self._rules: list[AccessRule] = rules.in_force(session, letter, now)
        self._organisations = 0

    def look(self, session: Session, rows: Sequence[Any]) -> None:
        """Write into each row its flags and the state that it enters."""
        alike = self._drawn_alike(session, rows)
        for row in rows:
            flags = self._flags(session, row, alike)
            codes = [flag.code for flag in flags]
            held = row.values.pop("held") or screening.holds(codes, limits=self._limits)
            row.values["flags"] = [flag.as_json() for flag in flags]
            row.values["state"] = "held" if held else "published"

    def _flags(self, session: Session, row: Any, alike: dict[tuple[str, str], set[str]]) -> list[Flag]:
        values = row.values
        column = "organisation" if values["kind"] == "organisation" else "name"
        said = {field: values.get(field, "") for field in checking.SAID}  # no file has names in Latin letters
        texts = {field: said[field] for field in checking.SHOWN[said["kind"]]}
        others = alike.get((said["kind"], screening.skeleton(said[column])), set())
        flags = screening.of_texts(texts, column, self._words)
        flags += screening.screen(texts, website=said["website"], mail_domain=row.mail_domain, lookalikes=others)
        if column == "organisation" and self._organisations < LOOKED_UP:
            self._organisations += 1
            flags += checking.of_organisation(session, self._letter, said, row.mail_domain, 0)
        if row.address_fingerprint and self._rules:
            verdict = rules.verdict_of(self._rules, row.mail_domain, row.address_fingerprint)
            flags = [flag for flag in flags if verdict != "allow" or flag.code not in screening.ANSWERED_FOR]
            flags += [Flag("blocked")] if verdict == "block" else []
        return flags + list(checking.asked_for(self._letter, said["kind"]))

    def _drawn_alike(self, session: Session, rows: Sequence[Any]) -> dict[tuple[str, str], set[str]]:
        """The names on display that look like one of these, by kind and what they look like."""
        wanted = {screening.skeleton(row.values["organisation" if row.organisation_key else "name"]) for row in rows}
        columns = (Signature.kind, Signature.skeleton, Signature.name, Signature.organisation)
        mine = select(*columns).where(Signature.letter_id == self._letter.id, Signature.skeleton.in_(wanted)).distinct()
        found: dict[tuple[str, str], set[str]] = {}
        for kind, skeleton, name, organisation in session.execute(mine):
            found.setdefault((kind, str(skeleton)), set()).add(organisation if kind == "organisation" else name)
        return found
