"""Reads a file of signatures from end to end and says what it would add; stages its rows when all of them are good."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from petition import audit
from petition.audit import Actor
from petition.config import Config
from petition.db import db, transaction
from petition.errors import N_, Fault
from petition.imports import columns, looking, terms
from petition.imports.judging import Judge, Judged, header
from petition.imports.models import ImportBatch, ImportRow
from petition.imports.reading import PIECE, Broken, Table, unreadable
from petition.letters.models import Letter

MOST_ROWS = 200_000
CHUNK = 2_000
SHOWN = 100  # faults, and rows left out, that are told one by one
SAMPLE = 5
DROPPED = 5_000
KEPT = timedelta(hours=24)  # for which a staged file waits to be confirmed

LEFT_OUT = {
    "organisation": N_("this organisation has an entry already"),
    "imported": N_("this row was imported before"),
    "again": N_("the same as line %(other)s"),
}


@dataclass
class Report:
    """What was found in a file: what it would add, what it would leave out, and everything that is wrong with it."""

    file_name: str
    sha256: str = ""
    encoding: str = ""
    guessed: bool = False
    separator: str = ""
    unread: list[str] = field(default_factory=list)  # names of columns
    rows: int = 0
    new: int = 0
    held: int = 0
    organisations: int = 0
    again: int = 0  # rows that say the same as an earlier one
    known: int = 0  # rows whose signature is there already
    left_out: list[tuple[int, str, int]] = field(default_factory=list)  # line, why, and the line it repeats
    faults: list[tuple[int, Fault]] = field(default_factory=list)  # the first SHOWN of them
    faulty: int = 0  # how many there are
    sample: list[dict[str, Any]] = field(default_factory=list)  # the first rows as they were read
    batch: str = ""  # the public id of what was staged

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with the file."""
        return not self.faulty

    @property
    def more(self) -> int:
        """Faults that are not told one by one."""
        return self.faulty - len(self.faults)

    def as_json(self) -> dict[str, Any]:
        """What is kept with the import: numbers and line numbers, no words of any row."""
        kept = asdict(self)
        for name in ("faults", "faulty", "sample", "batch", "sha256", "file_name"):
            kept.pop(name)
        return kept


def read(
    letter: Letter, source: BinaryIO, *, file_name: str, config: Config, actor: Actor, now: datetime, store: bool = True,
    encoding: str = "", most: int = MOST_ROWS, progress: Callable[[int], None] = lambda _: None,
) -> Report:  # fmt: skip
    """Judge a whole file and, with `store`, stage it; nothing is left of a file with a fault but that it was read.

    `progress` hears after each chunk how many rows were read. Raises Unreadable for what is no table of signatures.
    """
    table = Table(source, encoding)
    shown = columns.printable(file_name[-200:])
    report = Report(shown, sha256(source), table.encoding, table.guessed, table.separator, columns.unknown(table.header))
    for fault in columns.faults(table.header):
        _fault(report, table.line, fault)
    if report.good:
        _Reader(letter, source, table, report, config, now, store, actor).run(most, progress)
    if not report.batch:  # what was staged is on record as such; the others are not read in secret either
        audit.note(
            at=now, actor=actor, action="import.read", thing=("letter", letter.slug), team_id=letter.team_id, letter=letter.slug,
            rows=report.rows, sha256=report.sha256,
        )  # fmt: skip
    if report.good and not report.rows:
        raise unreadable("no_rows", N_("There is no row below the first line."))
    return report


def sha256(source: BinaryIO) -> str:
    """The digest by which a file is known again, 64 hex digits."""
    source.seek(0)
    found = hashlib.sha256()
    while piece := source.read(PIECE):
        found.update(piece)
    return found.hexdigest()


def _fault(report: Report, line: int, fault: Fault) -> None:
    report.faulty += 1
    if len(report.faults) < SHOWN:
        report.faults.append((line, fault))


class _Reader:
    """One pass over one file."""

    def __init__(
        self, letter: Letter, source: BinaryIO, table: Table, report: Report, config: Config, now: datetime, store: bool, actor: Actor,
    ) -> None:  # fmt: skip
        self._letter, self._source, self._table, self._report = letter, source, table, report
        self._now, self._store, self._actor = now, store, actor
        languages = frozenset((*letter.languages, *config.languages))
        self._judge = Judge(letter, languages, config.fingerprint_bytes, now.date())
        self._screen = looking.Screen(db.session(), letter, config.limits, now)
        # By what a row is known again: the line it stands on. Digests, so that a long file needs little room.
        self._seen: dict[bytes, int] = {}
        self._batch_id: int | None = None
        self._terms = terms.of(letter, now)  # as of its beginning: what changes while it is read counts as a change
        self._letter_id, self._team_id, self._slug = letter.id, letter.team_id, letter.slug

    def run(self, most: int, progress: Callable[[int], None]) -> None:
        rows = self._judged(most)
        while chunk := list(islice(rows, CHUNK)):
            if self._report.good:
                self._take(chunk)
            progress(len(chunk))
        db.session.rollback()
        if self._batch_id is not None:
            self._close(self._batch_id)

    def _judged(self, most: int) -> Iterator[Judged]:
        names, report = header(self._table.header), self._report
        try:
            for line, cells in self._table.rows():
                report.rows += 1
                if report.rows > most:
                    message = N_("A file may have at most %(limit)s rows. Split it into several.")
                    return _fault(report, line, Fault("file", "too_many", message, {"limit": most}))
                found = self._judge.judge(line, names, cells)
                if isinstance(found, Judged):
                    yield found
                else:
                    for fault in found:
                        _fault(report, line, fault)
        except Broken as error:
            return _fault(report, error.line, error.fault)
        if sha256(self._source) != report.sha256:  # what is on record would be another file than what was read
            _fault(report, self._table.line, Fault("file", "changed", N_("The file changed while it was read. Please try again.")))

    def _take(self, chunk: list[Judged]) -> None:
        """Look at good rows, leave out what adds nothing, and stage the others."""
        session = db.session()
        known = looking.known(session, self._letter_id, chunk)
        fresh = [row for row in chunk if self._is_new(row, known)]
        self._screen.look(session, fresh)
        session.rollback()  # what was read holds nobody up while the next rows are
        report = self._report
        report.new += len(fresh)
        report.held += sum(row.values["state"] == "held" for row in fresh)
        report.organisations += sum(row.organisation_key is not None for row in fresh)
        report.sample += [row.values for row in fresh[: SAMPLE - len(report.sample)]]
        if self._store and fresh:
            self._stage(fresh)

    def _is_new(self, row: Judged, known: looking.Known) -> bool:
        keys = [bytes.fromhex(row.digest)[:16]]
        if who := row.organisation_key or row.address_fingerprint:
            keys.append(hashlib.blake2b(who.encode(), digest_size=16).digest())
        other = next((self._seen[key] for key in keys if key in self._seen), 0)
        why = "again" if other else known.has(row)
        for key in keys:
            self._seen.setdefault(key, row.line)
        if why is None:
            return True
        self._report.again += why == "again"
        self._report.known += why != "again"
        if len(self._report.left_out) < SHOWN:
            self._report.left_out.append((row.line, why, other))
        return False

    def _stage(self, rows: list[Judged]) -> None:
        with transaction() as session:
            if self._batch_id is None:
                self._batch_id = self._open(session)
            session.execute(insert(ImportRow), [
                {"batch_id": self._batch_id, "line": row.line, "digest": row.digest, "values": row.values,
                 "address_fingerprint": row.address_fingerprint, "organisation_key": row.organisation_key}
                for row in rows
            ])  # fmt: skip

    def _open(self, session: Session) -> int:
        batch = ImportBatch(
            letter_id=self._letter_id, file_name=self._report.file_name, sha256=self._report.sha256, state="reading",
            terms=self._terms,
            created_at=self._now, created_by=self._actor.name or self._actor.kind,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        return batch.id

    def _close(self, number: int) -> None:
        """Keep what was staged, or nothing of it."""
        if not self._report.good:
            drop(number)
            return
        with transaction() as session:
            batch = session.get_one(ImportBatch, number)
            batch.state, batch.rows, batch.report = "staged", self._report.new, self._report.as_json()
            self._report.batch = batch.public_id
            audit.record(
                session, at=self._now, actor=self._actor, action="import.staged", thing=("import", batch.public_id),
                team_id=self._team_id, letter=self._slug, rows=batch.rows, sha256=batch.sha256,
            )  # fmt: skip


def drop(number: int) -> None:
    """Forget one staged import, a few thousand rows at a time, so that nobody who signs waits for it."""
    more = True
    while more:
        with transaction() as session:
            more = drop_some(session, number)
            if not more:
                forget(session, [number])


def drop_some(session: Session, number: int) -> bool:
    """Forget the next rows that wait; whether there were any."""
    some = select(ImportRow.line).where(ImportRow.batch_id == number).order_by(ImportRow.line).limit(DROPPED)
    last = max(session.scalars(some), default=0)
    session.execute(delete(ImportRow).where(ImportRow.batch_id == number, ImportRow.line <= last))
    return last > 0


def forget(session: Session, numbers: list[int]) -> None:
    """Forget staged imports and their rows."""
    session.execute(delete(ImportRow).where(ImportRow.batch_id.in_(numbers)))
    session.execute(delete(ImportBatch).where(ImportBatch.id.in_(numbers)))


def imported_before(letter: Letter, sha256: str) -> ImportBatch | None:
    """The import of this very file that stands on the letter, if there is one."""
    same = select(ImportBatch).where(ImportBatch.letter_id == letter.id, ImportBatch.sha256 == sha256)
    return db.session.scalar(same.where(ImportBatch.state.in_(("landing", "done"))).order_by(ImportBatch.id.desc()).limit(1))
