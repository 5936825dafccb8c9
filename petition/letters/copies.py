"""A letter as files that can be taken away, and as the template of another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from petition.audit import Actor
from petition.db import transaction
from petition.errors import N_, Fault, Invalid
from petition.letters import document
from petition.letters import operations as letters
from petition.letters.models import Letter


def files(letter: Letter) -> list[tuple[str, str]]:
    """The letter's files, name and content, the original first; loading them again changes nothing."""
    return [(f"{letter.slug}.{code}.md", document.write(letters.as_document(letter, code))) for code in letter.languages]


def duplicate(letter: Letter, slug: str, *, actor: Actor, now: datetime) -> Letter:
    """A draft at another address with the letter's words in all its languages, and without its dates.

    Raises Invalid for what is no slug, and SlugTaken.
    """
    if not document.is_slug(slug):
        raise Invalid([Fault("to", "no_slug", N_("Use small letters, digits and single hyphens, 80 at most."))])
    with transaction():
        for code in letter.languages:
            # The dates belong to one occasion: they would open, close or erase the copy at the wrong time.
            given = replace(letters.as_document(letter, code), slug=slug, date=None, opens=None, closes=None, keep_until=None)
            letters.load(
                given, file=slug, signed=_nobody, actor=actor, now=now, team_name=letter.team.name, new=code == letter.original_language
            )
        return letters.find(slug)


def _nobody(_letter_id: int) -> bool:
    return False
