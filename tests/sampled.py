"""The sample letter, open and signed by invented people: a start for tests that need many rows."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from petition.audit import COMMAND_LINE
from petition.config import data_folder
from petition.letters import document, operations
from petition.letters.models import Letter
from petition.signatures import directory
from petition.upkeep import sample

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def open_letter() -> Letter:
    """The sample letter in all its languages, open for signature."""
    files = sorted(data_folder("letters").glob("*.md"))
    pairs = [(file.name, document.read(file.read_text(encoding="utf-8"), file.name)) for file in files]
    loaded = operations.load_all(pairs, signed=directory.anybody, actor=COMMAND_LINE, now=NOW, publish=True)
    return operations.find(loaded[0].slug)


def signed_letter(app: Flask, how_many: int) -> Letter:
    """The same, with so many invented signatories."""
    letter = open_letter()
    sample.sign(letter, how_many, now=NOW, config=app.config["PETITION"], progress=lambda number: None)
    return letter
