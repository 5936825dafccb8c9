"""A letter as files that can be taken away, and as the template of another one."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import datetime

from petition.audit import Actor
from petition.db import transaction
from petition.errors import Invalid
from petition.letters import document, fields, translating
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.letters.typed import of

ALWAYS = (1980, 1, 1, 0, 0, 0)  # the moment written into an archive: the same letter is the same bytes on any day


def files(letter: Letter) -> list[tuple[str, str]]:
    """The letter's files, name and content, the original first; loading them again changes nothing."""
    return [(f"{letter.slug}.{code}.md", document.write(letters.as_document(letter, code))) for code in letter.languages]


def packed(letter: Letter) -> bytes:
    """The letter's files in a zip archive; the same letter gives the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as into:
        for name, content in files(letter):
            into.writestr(zipfile.ZipInfo(name, ALWAYS), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def duplicate(letter: Letter, slug: str, *, actor: Actor, now: datetime) -> Letter:
    """A draft at another address with the letter's words in all its languages, and without its dates.

    Work on translations goes along, and so does a translation that does not fit the original any more, as work to be done.
    Raises Invalid for what is no slug, and SlugTaken.
    """
    if not fields.is_slug(slug):
        raise Invalid([fields.Bad("no_slug").fault("to")])
    with transaction():
        for code in letter.languages:
            if _fits(letter, code):
                # The dates belong to one occasion: they would open, close or erase the copy at the wrong time.
                given = replace(letters.as_document(letter, code), slug=slug, date=None, opens=None, closes=None, keep_until=None)
                letters.load(
                    given, file=slug, signed=_nobody, actor=actor, now=now, team_name=letter.team.name, new=code == letter.original_language
                )
        made = letters.find(slug)
        _carry_over(letter, made, actor, now)
        return made


def _fits(letter: Letter, code: str) -> bool:
    original, words = letters.as_document(letter, letter.original_language), letters.as_document(letter, code)
    return all(len(getattr(original, name)) == len(getattr(words, name)) for name in fields.ITEMS)


def _carry_over(letter: Letter, made: Letter, actor: Actor, now: datetime) -> None:
    """What the copy knows of its translations: which original they are of, and those that are not whole."""
    for words in letter.translations:
        copy = made.translation(words.language)
        if copy is not None:
            copy.made_from = words.made_from
        else:
            work = of(letters.spoken(words))
            translating.keep(made, words.language, work, kept="", actor=actor, now=now)
            made.unfinished[-1].made_from = words.made_from or made.unfinished[-1].made_from
    for each in letter.unfinished:
        work = translating.opened(letter, each.language).given
        kept = translating.digest(translating.unfinished(made, each.language))
        translating.keep(made, each.language, work, kept=kept, actor=actor, now=now)


def _nobody(_letter_id: int) -> bool:
    return False
