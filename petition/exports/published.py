"""The letter and its poster as PDFs for readers: made once for all of them, however many ask, and never with a name."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from petition.config import Config
from petition.errors import Busy
from petition.exports import documents, paper
from petition.exports.typesetting import NoDocument
from petition.letters.models import Letter

FRESH = 3600.0  # seconds after which the numbers are looked at again
FAILED = 600.0  # seconds for which nobody tries again what could not be made
WAIT = 3.0  # seconds that the first readers wait for the first copy
KINDS = ("letter", "poster")


def paper_of(letter: Letter, kind: str, language: str, *, config: Config, now: datetime) -> Path:
    """The file to send; raises NoFont, NoDocument, and Busy while the first copy is being made.

    One at a time is made on a machine, whoever asks; meanwhile everybody gets the copy of before.
    """
    words, text = paper.words_of(letter, language)
    folder = config.instance / "papers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{letter.id}-{kind}-{words.language}-{text.fingerprint[:16]}.pdf"
    until = time.monotonic() + WAIT
    while not _is_fresh(file):
        with turn(folder) as mine:
            if mine and not _is_fresh(file):
                _make(letter, kind, words.language, file, config, now)
        if file.is_file():
            break
        if time.monotonic() > until:
            raise Busy
        time.sleep(0.1)
    return file


def _is_fresh(file: Path) -> bool:
    return age_of(file) < FRESH


def age_of(file: Path) -> float:
    """Seconds since a file was made; endless where there is none."""
    # The clock of the files, which no test or time server moves under us.
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


@contextmanager
def turn(folder: Path, what: str = "") -> Iterator[bool]:
    """Whether it is our turn to make one of its sort; nobody waits here."""
    with (folder / f"turn{what and '-'}{what}").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _make(letter: Letter, kind: str, language: str, file: Path, config: Config, now: datetime) -> None:
    failed = file.with_suffix(".failed")
    if age_of(failed) < FAILED:
        if file.is_file():
            return
        raise NoDocument
    draft = file.with_name(f"draft-{os.getpid()}.pdf")
    try:
        documents.sheet_of(letter, kind, draft, language=language, config=config, now=now)
    except NoDocument:
        failed.touch()
        raise
    earlier = [each for each in file.parent.glob(f"{letter.id}-{kind}-{language}-*.pdf") if each != file]
    draft.replace(file)
    for each in earlier:
        each.unlink(missing_ok=True)
