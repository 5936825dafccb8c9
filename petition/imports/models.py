"""What an import keeps: who brought which file, how far it is, and the rows that wait until they become signatures."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition.db import Model, UtcDateTime
from petition.letters.models import Letter
from petition.signatures.models import BigId

STATES = ("reading", "staged", "landing", "done", "taking back", "taken back")


class ImportBatch(Model):
    """One file of signatures, from its reading to its end.

    (reading ->) staged -> (confirmed ->) landing -> done -> (taken back by somebody ->) taking back -> taken back.
    One whose letter changes its rules on the way goes from landing to taking back by itself.
    """

    __tablename__ = "import_batch"
    __table_args__ = (Index("ix_import_batch_letter_id", "letter_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what was found out while reading; no words of a row
    terms: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # the rules that the rows were judged by
    changed: Mapped[list[str]] = mapped_column(JSON, default=list)  # which of them changed while it landed, so that it was taken back
    state: Mapped[str] = mapped_column(String(15), default="staged", index=True)
    rows: Mapped[int] = mapped_column(default=0)  # that are to become signatures
    done: Mapped[int] = mapped_column(default=0)  # that did
    skipped: Mapped[int] = mapped_column(default=0)  # that somebody signed for themselves, or another file brought; shown nowhere
    returned: Mapped[int] = mapped_column(default=0)  # signatures that were taken back
    position: Mapped[int] = mapped_column(BigId, default=0)  # the last line, or then signature, that was dealt with
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(254))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str] = mapped_column(String(254), default="")
    taken_back_by: Mapped[str] = mapped_column(String(254), default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    letter: Mapped[Letter] = relationship()


class ImportRow(Model):
    """One line of a staged file, checked and screened, until it becomes a signature; an address is a fingerprint already."""

    __tablename__ = "import_row"

    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    address_fingerprint: Mapped[str | None] = mapped_column(String(64))
    organisation_key: Mapped[str | None] = mapped_column(String(200))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)


class Departure(Model):
    """That somebody withdrew from a letter: a keyed digest of letter and mailbox, or organisation, and nothing else."""

    __tablename__ = "departure"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
