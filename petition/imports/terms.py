"""The rules of its letter that a file was read under: what the landing is held to, and what has changed since, in words."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from petition.errors import N_, Conflict
from petition.letters.models import Letter
from petition.letters.operations import text_shown

WHAT = {
    "signatories": N_("who may sign"),
    "review": N_("what the team looks at first"),
    "risk": N_("whether signing is dangerous"),
    "holding": N_("whether everything new waits"),
    "closed": N_("whether it is closed"),
    "text": N_("the text"),
}


class RulesChanged(Conflict):
    """The letter is not what it was when the file was read; `changed` says in what."""

    code = "rules_changed"
    message = N_("The letter has changed since this file was read: %(changed)s. Nothing was added. Please import the file again.")

    def __init__(self, changed: list[str]) -> None:
        super().__init__(changed=", ".join(WHAT[each] for each in changed))


def of(letter: Letter, now: datetime) -> dict[str, Any]:
    """The rules as they are at this moment."""
    words = [letter.version.label, *(f"{code} {text_shown(letter, code).fingerprint}" for code in letter.languages)]
    return {
        "signatories": letter.signatories, "review": letter.review, "risk": letter.risk, "holding": letter.holding,
        "closed": letter.state(now) == "closed", "text": hashlib.sha256("\n".join(words).encode()).hexdigest(),
    }  # fmt: skip


def changed(noted: dict[str, Any], letter: Letter, now: datetime) -> list[str]:
    """What differs from the rules that were noted; of a file that an earlier version of the platform read nothing is known."""
    present = of(letter, now) if noted else {}
    return [name for name in present if present[name] != noted.get(name)]
