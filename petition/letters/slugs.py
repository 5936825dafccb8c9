"""Addresses of letters, suggested from their titles in any script."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii
from sqlalchemy import select

from petition.db import db
from petition.letters.models import Letter

LONGEST = 60  # characters of a suggestion, so that the address can be read out
READABLE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "GEORGIAN")  # scripts whose words can still be read in Latin letters


def suggest(title: str) -> str:
    """The title in small Latin letters, cut at a word, with a number where that is taken; '' where nothing can be made of it."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"['’ʼ`*՛՜՞]", "", anyascii(title)).lower())
    slug = ""
    for word in words:
        if len(slug) + len(word) + 1 > LONGEST and slug:
            break
        slug = f"{slug}-{word}".strip("-")[:LONGEST]
    if not slug:
        return ""
    taken = set(db.session.scalars(select(Letter.slug).where((Letter.slug == slug) | Letter.slug.startswith(f"{slug}-"))))
    numbers = (slug if number == 1 else f"{slug}-{number}" for number in range(1, len(taken) + 2))
    return next(each for each in numbers if each not in taken)


def readable(title: str) -> bool:
    """Whether an address made of the title can be read, so that nobody need look at it first."""
    return all(unicodedata.name(letter, "").startswith(READABLE) for letter in title if letter.isalpha())
