"""The picture of a letter for messengers: its title in its script, who sends it, how many signed; made once for each step of the count."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from petition import i18n
from petition.config import Config, data_folder
from petition.errors import Busy
from petition.exports import fonts, numbers, paper
from petition.exports.published import FAILED, WAIT, age_of, turn
from petition.exports.typesetting import NoDocument, typeset
from petition.letters.models import Letter
from petition.signatures import directory

PACE = 60.0  # seconds for which a card stays, however fast the count moves
EXACT = 100  # numbers below are shown as they are
SECONDS = 20  # that one card may take
SHIELDED, OPEN = "shield", "card"  # in a file's name: what could harm somebody is never served for what could not


@dataclass(frozen=True)
class Picture:
    """A card's bytes and the digest of what it shows; `current` is false for the one of before."""

    png: bytes
    key: str
    current: bool


def card_of(letter: Letter, language: str, *, config: Config, now: datetime) -> Picture:
    """The card to send; raises NoDocument, and Busy while the first one is being made.

    Whoever finds it missing makes it, one at a time on a machine; everybody else gets the one of before. Nodes that each make
    it make the same bytes, so they need to share no folder.
    """
    data = sheet(letter, language, config)
    key, kind = _key(data), SHIELDED if letter.protected else OPEN
    folder = config.instance / "papers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{letter.id}-{kind}-{data['lang']}"
    file = folder / f"{stem}-{key}.png"
    until = time.monotonic() + WAIT
    while True:
        if (found := _read(file)) is not None:
            return Picture(found, key, True)
        before = _before(folder, stem)
        if before is None or age_of(before) > PACE:
            _take_turn(letter, data, file, config, now)
            if (found := _read(file)) is not None:
                return Picture(found, key, True)
        if before is not None and (found := _read(before)) is not None:
            return Picture(found, before.stem.rpartition("-")[2], False)
        if time.monotonic() > until:
            raise Busy
        time.sleep(0.1)


def sheet(letter: Letter, language: str, config: Config) -> dict[str, Any]:
    """What the card says; of a protected letter, and where no font has the title's characters, nothing of the letter's own."""
    words, _ = paper.words_of(letter, language)
    spoken = paper.words_language(words.language)
    title, senders = ("", []) if letter.protected else (words.title, list(words.senders))
    if fonts.missing(title, config.fonts):
        title, senders = "", []
    senders = [each for each in senders if not fonts.missing(each, config.fonts)]
    host, counts = urlsplit(config.base_url).netloc, [] if letter.protected else _counts(letter, spoken)
    return {
        "lang": words.language if title else spoken, "words_lang": spoken, "serif": paper.in_text_face(words.language),
        "words_serif": paper.in_text_face(spoken), "kicker": paper.say(spoken, paper.OPEN_LETTER), "title": title,
        "senders": senders, "invite": paper.say(spoken, paper.HEADINGS["invite"]), "counts": counts,
        "host": host.removeprefix("www."), "rtl": i18n.direction(spoken) == "rtl",
    }  # fmt: skip


def step(count: int) -> int:
    """The number that a card shows for a count: itself while it is small, then its first two digits."""
    if count < EXACT:
        return count
    unit = int(10 ** (len(str(count)) - 2))
    return count // unit * unit


def _counts(letter: Letter, language: str) -> list[tuple[str, str]]:
    counts, said = directory.counts(letter), i18n.catalogue(language)
    pairs = ((counts.organisations, ("organisation", "organisations")), (counts.people, ("person", "people")))
    return [(_number(each, language), str(said.ungettext(*nouns, each))) for each, nouns in pairs if each]


def _number(count: int, language: str) -> str:
    shown = step(count)
    return numbers.number(shown, language) + ("" if shown == count else "+")


def _key(data: dict[str, Any]) -> str:
    said = json.dumps(data, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(said + _design()).hexdigest()[:16]


@cache
def _design() -> bytes:
    """Another design is another card."""
    folder = data_folder("templates") / "documents"
    return b"".join((folder / f"{name}.typ").read_bytes() for name in ("card", "style"))


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _before(folder: Path, stem: str) -> Path | None:
    return next((each for each in _made(folder, stem) if each.suffix == ".png"), None)


def _made(folder: Path, stem: str) -> list[Path]:
    # By the whole stem: the one of a language is the beginning of that of its script (zh, zh-Hant).
    return [each for each in folder.glob(f"{stem}-*") if each.stem.rpartition("-")[0] == stem]


def _take_turn(letter: Letter, data: dict[str, Any], file: Path, config: Config, now: datetime) -> None:
    """Make the card if nobody else on this machine makes one; raises NoDocument where there is no earlier one to show."""
    with turn(file.parent, "cards") as mine:
        if not mine or file.is_file():
            return
        failed = file.with_suffix(".failed")
        earlier = [each for kind in (SHIELDED, OPEN) for each in _made(file.parent, f"{letter.id}-{kind}-{data['lang']}")]
        if age_of(failed) < FAILED:
            if _before(file.parent, file.stem.rpartition("-")[0]) is None:
                raise NoDocument
            return
        draft = file.with_name(f"draft-{os.getpid()}.png")
        try:
            typeset("card", data, draft, config=config, now=now, seconds=SECONDS, ppi=72)
        except NoDocument:
            failed.touch()
            raise
        draft.replace(file)
        for each in earlier:
            each.unlink(missing_ok=True)
