"""Saving a letter: where anybody may have read it, what changes is shown first and confirmed as it was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from petition.admin.gates import member
from petition.errors import BadFile, Fault, Invalid, PetitionError
from petition.letters import changes
from petition.letters.document import LetterDocument
from petition.letters.models import Letter
from petition.signatures import directory


def at_once(letter: Letter) -> bool:
    """Whether a change is saved by one click: of a draft that nobody signed."""
    return letter.status == "draft" and not directory.anybody(letter.id)


def confirmed(letter: Letter, given: LetterDocument) -> bool:
    """Whether this very change may be saved now: it need not be shown, or it was."""
    return request.form.get("do") == "save" and (at_once(letter) or request.form.get("seen") == given.digest)


def difference(letter: Letter, standing: LetterDocument | None, given: LetterDocument) -> dict[str, Any]:
    """What a page shows before the change is saved."""
    asks = given.language == letter.original_language and directory.anybody(letter.id)
    return {"difference": changes.by_field(standing, given), "seen": given.digest, "asks": asks, "choice": request.form.get("as", "")}


def correction() -> bool:
    """What the member chose for a text that was signed; without a choice nobody's name is carried over."""
    return request.form.get("as", "version") == "correction"


def terms() -> Mapping[str, Any]:
    """What every operation on a letter's words is given."""
    return {"signed": directory.anybody, "actor": member().actor}


def faults(problem: PetitionError | None) -> list[Fault]:
    """What was wrong with which field, also where an operation found it out."""
    if isinstance(problem, Invalid):
        return list(problem.faults)
    return [problem.fault] if isinstance(problem, BadFile) and problem.fault is not None else []
