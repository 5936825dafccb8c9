"""The sentence a signatory agrees to: built from who answers for the data, kept in every wording that was ever agreed to."""

from __future__ import annotations

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from petition import i18n
from petition.db import serialise
from petition.errors import N_
from petition.letters.models import Letter
from petition.signatures.models import ConsentSentence

_AGREE = N_("I have read the letter and agree that %(controller)s records my signature and publishes it as I chose above.")
_KEPT = N_("My name is kept until %(date)s at the latest; I can hide or withdraw it at any time.")
_KEPT_OPEN = N_("I can hide or withdraw my name at any time.")
_ELSEWHERE = N_("Given on paper or on another platform. Whoever imported the signature answers for the agreement it was given with.")
_CONTACT = N_("Questions about my data go to %(contact)s.")


def sentence(letter: Letter, language: str) -> str:
    """The consent sentence of a letter in an interface language."""
    original = letter.translation(letter.original_language)
    senders = ", ".join(original.senders) if original else ""
    parts = [i18n.translate(language, _AGREE, controller=letter.controller or senders or letter.team.name)]
    if letter.keep_until is not None:
        parts.append(i18n.translate(language, _KEPT, date=i18n.format_day(letter.keep_until, language)))
    else:
        parts.append(i18n.translate(language, _KEPT_OPEN))
    if letter.contact:
        parts.append(i18n.translate(language, _CONTACT, contact=letter.contact))
    return " ".join(parts)


def digest(words: str) -> str:
    """A short name of a sentence, carried by the form's box so that we know which one was ticked."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def elsewhere(language: str) -> str:
    """What stands in the place of a consent sentence where a signature was not given here."""
    return i18n.translate(language, _ELSEWHERE)


def record(session: Session, letter: Letter, language: str, words: str = "") -> ConsentSentence:
    """The row of these words, else of the sentence shown now, added as the next version when they are new."""
    words = words or sentence(letter, language)
    mine = select(ConsentSentence).where(ConsentSentence.letter_id == letter.id, ConsentSentence.language == language)
    found = session.scalar(mine.where(ConsentSentence.sentence == words))
    if found is None:
        serialise(session, "consent", letter.id, language)  # two first signers must not both write version 1
        found = session.scalar(mine.where(ConsentSentence.sentence == words))
    if found is None:
        version = (
            session.scalar(
                select(func.max(ConsentSentence.version)).where(
                    ConsentSentence.letter_id == letter.id, ConsentSentence.language == language
                )
            )
            or 0
        )
        found = ConsentSentence(letter_id=letter.id, language=language, version=version + 1, sentence=words)
        session.add(found)
        session.flush()
    return found
