"""Letter files that are sent to the admin: unpacked within bounds, shown as what they would change, and loaded all or not at all."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.audit import Actor
from petition.db import transaction
from petition.errors import BadFile
from petition.letters import document
from petition.letters import operations as letters
from petition.letters.changes import Paragraph, by_field
from petition.letters.document import LetterDocument
from petition.letters.fields import LARGEST
from petition.letters.models import Letter
from petition.letters.operations import Loaded, Overtaken, Signed, SlugTaken

MOST = 60  # files at a time
TOGETHER = 5_000_000  # bytes of them, unpacked
ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Row:
    """What one file would do: created, updated, unchanged, new_version or corrected; and to which fields."""

    file: str
    slug: str
    language: str
    outcome: str
    changes: tuple[tuple[str, tuple[Paragraph, ...]], ...]


@dataclass(frozen=True)
class Plan:
    """What all files would do together; the digest is that of the standing letters and the files, whatever is chosen."""

    rows: tuple[Row, ...]
    digest: str

    @property
    def asks(self) -> bool:
        """Whether somebody signed a text that changes."""
        return any(row.outcome in ("new_version", "corrected") for row in self.rows)

    @property
    def changes(self) -> bool:
        """Whether anything would change at all."""
        return any(row.outcome != "unchanged" for row in self.rows)


class _Rehearsed(Exception):
    """No refusal: it takes the transaction back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan


def unpack(uploads: Sequence[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """The letter files among what was sent, zip archives opened: (name, text). Raises BadFile."""
    found: list[tuple[str, str]] = []
    left = TOGETHER
    for name, content in uploads:
        for file, each in _opened(name, content) if content.startswith(ZIP) else [(name, content)]:
            left -= len(each)
            if left < 0:
                raise BadFile(file=file, line=1, reason=f"all files together have at most {TOGETHER:,} bytes")
            if not file.endswith(".md"):
                raise BadFile(file=file, line=1, reason="a letter file's name ends in .md")
            if len(found) >= MOST:
                raise BadFile(file=file, line=1, reason=f"at most {MOST} files are taken at a time")
            found.append((file, document.decode(each, file)))
    return found


def _opened(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist()[: 10 * MOST]:
                parts = entry.filename.split("/")
                # Folders, and what some systems put beside the files.
                if entry.is_dir() or any(part.startswith((".", "__MACOSX")) for part in parts):
                    continue
                with archive.open(entry) as packed:
                    # A few kilobytes can hold gigabytes: no more is unpacked than a letter may have.
                    unpacked = packed.read(4 * LARGEST + 1)
                if len(unpacked) > 4 * LARGEST:
                    raise BadFile(file=entry.filename, line=1, reason=f"a letter has at most {LARGEST:,} characters")
                yield parts[-1], unpacked
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise BadFile(file=name, line=1, reason="this archive cannot be opened") from error


def read(sources: Sequence[tuple[str, str]]) -> list[tuple[str, LetterDocument]]:
    """The files, read and checked; raises BadFile."""
    return [(file, document.read(source, file)) for file, source in sources]


def rehearse(
    files: Sequence[tuple[str, LetterDocument]], *, may: Callable[[Letter], bool], signed: Signed, actor: Actor, now: datetime,
    team_name: str,
) -> Plan:  # fmt: skip
    """What loading the files would change, found out by doing it and taking it back.

    Raises BadFile, and SlugTaken for a letter that this member `may` not write.
    """
    try:
        with transaction() as session:
            plan, _ = _load(session, files, may, signed, actor, now, team_name, correction=False)
            raise _Rehearsed(plan)
    except _Rehearsed as done:
        return done.plan


def carry_out(
    files: Sequence[tuple[str, LetterDocument]], *, seen: str, correction: bool, may: Callable[[Letter], bool], signed: Signed,
    actor: Actor, now: datetime, team_name: str,
) -> list[Loaded]:  # fmt: skip
    """Load the files, if they still do what the plan with this digest said; raises Overtaken, and what `rehearse` raises."""
    with transaction() as session:
        plan, loaded = _load(session, files, may, signed, actor, now, team_name, correction=correction)
        if plan.digest != seen:
            raise Overtaken
        return loaded


def _load(
    session: Session, files: Sequence[tuple[str, LetterDocument]], may: Callable[[Letter], bool], signed: Signed, actor: Actor,
    now: datetime, team_name: str, *, correction: bool,
) -> tuple[Plan, list[Loaded]]:  # fmt: skip
    letters.hold(session, *(given.slug for _, given in files))
    there = {each.slug: each for each in session.scalars(select(Letter).where(Letter.slug.in_({given.slug for _, given in files})))}
    if not all(may(each) for each in there.values()):
        raise SlugTaken
    before = {(each.slug, code): letters.as_document(each, code) for each in there.values() for code in each.languages}
    loaded = letters.load_all(
        files, signed=signed, actor=actor, now=now, correction=correction, team_name=team_name, show=lambda _difference: None
    )  # fmt: skip
    outcomes, rows = {(each.slug, each.language): each.outcome for each in loaded}, []
    for file, given in files:
        key = (given.slug, given.language)
        changes = by_field(before.get(key), letters.as_document(letters.find(given.slug), given.language))
        rows.append(Row(file, *key, outcomes[key], tuple(changes)))
    basis = [(file, given.digest, before[key].digest if (key := (given.slug, given.language)) in before else "") for file, given in files]
    return Plan(tuple(rows), hashlib.sha256(repr(basis).encode()).hexdigest()), loaded
