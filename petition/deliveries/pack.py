"""Makes the files of a delivery in one pass over its signatures: PDF, one-page summary, XLSX, CSV, and their hashes."""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from petition.config import Config
from petition.deliveries.models import Delivery
from petition.exports import documents, formats, paper, rows
from petition.exports.numbers import Numbers
from petition.exports.rows import Choice
from petition.exports.spool import Spool
from petition.signatures import directory
from petition.signatures.models import Signature

COLUMNS = (
    "id", "kind", "name", "organisation", "role", "website", "country", "comment", "visibility", "verification", "language",
    "signed_on", "letter_version",
)  # fmt: skip
_TRACES = ("country", "language", "signed_on")  # by which somebody without a name could be known
_WORDS = ("name", "organisation", "role", "website", "comment")


@dataclass
class Pack:
    """What was made: who is in it, the numbers, and each file's name, hash and size."""

    items: list[tuple[int, str, bool]] = field(default_factory=list)  # signature, visibility, handed
    counted: Numbers = field(default_factory=Numbers)
    files: list[dict[str, Any]] = field(default_factory=list)


def make(delivery: Delivery, target: Path, work: Path, *, config: Config, now: datetime, progress: Callable[[int], None]) -> Pack:
    """Write the pack, a zip archive, to `target`; raises NoFont and NoDocument.

    CSV and XLSX hold the same rows as the PDF, which was counted while they were written.
    """
    letter, language, made = delivery.letter, delivery.text.language, Pack()
    stem, current = work / delivery.reference, letter.version.major
    spoken = paper.words_language(language)

    def take(signature: Signature) -> tuple[Any, list[str]]:
        handed = delivery.handed and signature.deliver and signature.kind == "person" and signature.visibility != "public"
        made.items.append((signature.id, signature.visibility, handed))
        made.counted.add(signature, current)
        entry = documents.named(letter, signature, spoken, config, handed)
        # The document refers to a name it has no font for by its id.
        return entry, _cells(signature, handed, letter.protected, entry is not None and entry.section == "unset")

    with Spool(work) as spool:
        _tables(stem, rows.read(letter, _choice(delivery), take), spool, work, progress)
        made.counted.held = directory.counts(letter).waiting
        words: dict[str, Any] = {"language": language, "config": config, "now": now, "reference": delivery.reference}
        documents.write(letter, spool, made.counted, stem, **words)
    documents.sheet_of(letter, "summary", stem.with_name(f"{stem.name}-summary.pdf"), counted=made.counted, **words)
    found = sorted(each for each in work.iterdir() if each.name.startswith(delivery.reference))
    made.files = [{"name": each.name, "sha256": digest(each), "bytes": each.stat().st_size} for each in found]
    _zip(target, found, made.files)
    return made


def digest(file: Path) -> str:
    """SHA-256 of the file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _choice(delivery: Delivery) -> Choice:
    return documents.printable(Choice.from_json(delivery.choice))


def _cells(signature: Signature, handed: bool, protected: bool, unset: bool) -> list[str]:
    """What the tables say of a signatory: of who is not shown by name no more than the document does."""
    said = dict(zip(COLUMNS, rows.cells(signature, COLUMNS, owner=False), strict=True))
    if protected or (signature.kind == "person" and signature.visibility != "public"):
        kept = {"id": said["id"] if unset else "", "name": "" if protected else said["name"]}
        said |= dict.fromkeys((*_WORDS, *_TRACES), "") | kept
    if handed:
        said["name"] = signature.name
    return list(said.values())


def _tables(stem: Path, found: Iterator[tuple[Any, list[str]]], spool: Spool, work: Path, progress: Callable[[int], None]) -> None:
    """CSV and XLSX of the same rows, and the names for the PDF, in one pass."""
    with stem.with_suffix(".csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)

        def passed() -> Iterator[list[str]]:
            for number, (name, cells) in enumerate(found, start=1):
                if name is not None:
                    spool.add(name)
                writer.writerow([formats.harmless(cell) for cell in cells])
                if number % 100 == 0:
                    progress(100)
                yield cells

        formats.spreadsheet(stem.with_suffix(".xlsx"), str(work), COLUMNS, passed())


def write(target: Path, pieces: Iterator[bytes]) -> None:
    """Write a file for its owner's eyes only."""
    target.touch(mode=0o600)
    with target.open("wb") as file:
        for piece in pieces:
            file.write(piece)


def bundle(target: Path, files: list[Path]) -> None:
    """Put one file in its place, or several into a zip archive there."""
    if len(files) == 1:
        files[0].chmod(0o600)
        files[0].replace(target)
        return
    _zip(target, files, [{"name": each.name, "sha256": digest(each)} for each in files])


def _zip(target: Path, found: list[Path], files: list[dict[str, Any]]) -> None:
    target.touch(mode=0o600)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in found:
            archive.write(each, each.name)
        archive.writestr("SHA256SUMS", "".join(f"{each['sha256']}  {each['name']}\n" for each in files))
