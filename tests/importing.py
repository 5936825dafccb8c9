"""Imports as tests use them: a file's text is read, staged, confirmed and carried out."""

from __future__ import annotations

import io
import threading

from sqlalchemy import func, select

from petition.audit import COMMAND_LINE
from petition.db import db
from petition.imports import batches, landing, staging
from petition.imports.models import ImportBatch, ImportRow
from petition.imports.staging import Report
from petition.letters.models import Letter
from petition.signatures.models import Signature
from tests import factories

HEAD = "name,organisation,kind,country,email,signed_on,visibility,comment\n"
PAPER = HEAD + (
    "Paula Paper,,,Germany,paula@example.org,2026-01-31,,\n"
    "Piet Pencil,Sample School,,NL,,31.01.2026,,Open the road.\n"
    ",Sample Guild of Printers,organisation,,,,,\n"
    "Quiet Quill,,,,,,counted,\n"
)


def read(letter: Letter, text: str | bytes, **options: object) -> Report:
    """Read a file, staging it unless told otherwise."""
    content = text.encode() if isinstance(text, str) else text
    return staging.read(
        letter, io.BytesIO(content), file_name="list.csv", config=factories.config(), actor=COMMAND_LINE, now=factories.now(), **options,  # type: ignore[arg-type]
    )  # fmt: skip


def work() -> None:
    """Let the worker carry out what is confirmed."""
    db.session.rollback()
    while landing.work(clock=factories.now, stop=threading.Event(), seconds=30):
        pass


def bring(letter: Letter, text: str | bytes) -> ImportBatch:
    """Import a good file to its end."""
    report = read(letter, text)
    assert report.batch, report
    batches.start(report.batch, COMMAND_LINE, factories.now())
    work()
    return batches.by_id(report.batch, fresh=True)


def rows() -> list[Signature]:
    """Every signature, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(Signature).order_by(Signature.id)))


def stored() -> int:
    """How many rows any import left in the database."""
    db.session.rollback()
    return sum(db.session.scalar(select(func.count()).select_from(each)) or 0 for each in (ImportBatch, ImportRow, Signature))
