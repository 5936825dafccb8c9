"""The letter with its signatories as PDF: names in columns, in volumes where there are very many, every script or an honest note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from petition import i18n
from petition.config import Config
from petition.errors import N_
from petition.exports import fonts, paper, rows, scripts
from petition.exports.numbers import CHECKED, Numbers, standing
from petition.exports.rows import BadExport, Choice
from petition.exports.spool import Name, Spool
from petition.exports.typesetting import NoDocument, require_fonts, typeset
from petition.letters.models import Letter
from petition.signatures import directory, levels
from petition.signatures.directory import initials
from petition.signatures.models import Signature

VOLUME = 100_000  # names that one process sets within its memory
SMALLEST = 10_000  # names of a volume that is not divided further
FEW = 40  # lines of a column that still stands on the letter's own pages, in one piece
_LINE = {1: 60, 2: 30, 3: 18}  # letters that fit into a line of so many columns, however wide they are
ORGANISATIONS, PEOPLE = N_("Organisations"), N_("People")
ELSEWHERE = N_("Collected elsewhere")
NOT_CONFIRMED = N_("For example on paper. Their mailboxes were not confirmed, and they are not part of the numbers above.")
UNSET = N_("Names in scripts that this document has no font for")
UNSET_NOTE = N_("They are counted above. Each stands in full in the data file (CSV, XLSX), in the row with the id that is shown here.")
TITLES = {
    "organisation": (ORGANISATIONS, "", 2), "person": (PEOPLE, "", 3), "elsewhere": (ELSEWHERE, NOT_CONFIRMED, 3),
    "unset": (UNSET, UNSET_NOTE, 2),
}  # fmt: skip


def named(letter: Letter, signature: Signature, language: str, config: Config, handed: bool = False) -> Name | None:
    """The entry of a signature in a document, None for who is counted without a name; raises nothing.

    With `handed` those who agreed to it are named though no reader sees them. A protected letter names nobody else.
    """
    agreed = handed and signature.deliver and signature.kind == "person"
    if letter.protected and not agreed:
        return None
    if signature.kind == "organisation":
        checked = i18n.translate(language, CHECKED[levels.verification(signature)])
        country = i18n.country_name(signature.country, language) if signature.country else ""
        found = Name("organisation", signature.organisation, " · ".join(filter(None, (signature.latin_name, country, checked))))
    elif signature.visibility == "public" or (agreed and signature.name):
        found = Name("person", signature.name, ", ".join(filter(None, (signature.role, signature.organisation))))
    elif signature.visibility == "initials" and signature.name:
        found = Name("person", initials(signature.name))
    else:
        return None
    if signature.origin == "imported":
        found = Name("elsewhere", found.name, found.detail if signature.kind == "person" else "")
    lacking = fonts.missing(found.name + found.detail, config.fonts)
    if not lacking:
        return found
    return Name("unset", signature.public_id, scripts.name(lacking[0], language))


def printable(choice: Choice) -> Choice:
    """The same of those who are published, since nobody else is handed over on paper; raises BadExport for other states."""
    if choice.states not in (rows.USUAL_STATES, ("published",)):
        raise BadExport(given=", ".join(choice.states), what="state", choices="published")
    return replace(choice, states=("published",))


def signed_letter(
    letter: Letter, folder: Path, *, language: str, choice: Choice, config: Config, now: datetime,
    progress: Callable[[int], None] | None = None,
) -> list[Path]:  # fmt: skip
    """The letter with the published signatories that are meant, as one PDF or several volumes in the folder.

    Raises BadExport for other states, NoFont and NoDocument.
    """
    choice = printable(choice)
    counted, current = Numbers(), letter.version.major
    spoken = paper.words_language(paper.words_of(letter, language)[0].language)

    def take(signature: Signature) -> Name | None:
        counted.add(signature, current)
        return named(letter, signature, spoken, config)

    with Spool(folder) as spool:
        for number, found in enumerate(rows.read(letter, choice, take), start=1):
            if found is not None:
                spool.add(found)
            if progress is not None and number % 100 == 0:
                progress(100)
        counted.held = directory.counts(letter).waiting
        return write(letter, spool, counted, folder / letter.slug, language=language, config=config, now=now)


def write(
    letter: Letter, spool: Spool, counted: Numbers, stem: Path, *, language: str, config: Config, now: datetime, reference: str = "",
) -> list[Path]:  # fmt: skip
    """The document, as `stem.pdf` or as volumes `stem-1.pdf` and so on; raises NoFont and NoDocument.

    Names with very long words beside them may need more memory than there is: then the volumes are smaller.
    """
    words, _ = paper.words_of(letter, language)
    require_fonts(paper.everything(words), config)
    data = paper.sheet(letter, language, counted, config=config, now=now, reference=reference)
    size = VOLUME
    while True:
        try:
            return _volumes(data, spool, size, stem, config, now)
        except NoDocument:
            if size // 2 < SMALLEST or spool.count() <= SMALLEST:
                raise
            size //= 2


def _volumes(data: dict[str, Any], spool: Spool, size: int, stem: Path, config: Config, now: datetime) -> list[Path]:
    language, many = data["lang"], -(-spool.count() // size)
    files, placed = [], 0
    for number, volume in enumerate(spool.volumes(size), start=1):
        each = data | {"sections": list(_sections(volume, placed, data["words_lang"]))}
        if many > 1:
            said = paper.say(language, paper.VOLUME, number=number, count=many)
            each |= {"volume": number, "kicker": f"{data['kicker']} · {said}", "footer": f"{data['footer']} · {said}"}
        file = stem.with_name(f"{stem.name}-{number}.pdf" if many > 1 else f"{stem.name}.pdf")
        typeset("letter", each, file, config=config, now=now)
        files.append(file)
        placed += len(volume)
    return files


def _sections(volume: list[Name], before: int, language: str) -> Iterator[dict[str, Any]]:
    """The volume's names by section; one number runs through all volumes, so that the names can be counted."""
    first, digits = before + 1, len(str(before + len(volume)))
    for section, found in groupby(volume, key=lambda name: name.section):
        entries = [(each.name, each.detail) for each in found]
        title, note, columns = TITLES[section]
        yield {
            "title": i18n.translate(language, title), "note": i18n.translate(language, note) if note else "", "columns": columns,
            "entries": entries, "first": first, "few": _lines(entries, columns) <= FEW, "digits": digits,
        }  # fmt: skip
        first += len(entries)


def _lines(entries: list[tuple[str, str]], columns: int) -> int:
    return sum(-(-len(name + detail) // _LINE[columns]) for name, detail in entries) // columns + 1


def sheet_of(
    letter: Letter, template: str, file: Path, *, language: str, config: Config, now: datetime, reference: str = "",
    counted: Numbers | None = None,
) -> None:  # fmt: skip
    """One of the documents without a name: `letter`, `summary` or `poster`; raises NoFont and NoDocument."""
    words, _ = paper.words_of(letter, language)
    require_fonts(paper.everything(words), config)
    data = paper.with_code(paper.sheet(letter, language, counted or standing(letter), config=config, now=now, reference=reference))
    typeset(template, data, file, config=config, now=now, seconds=60)
