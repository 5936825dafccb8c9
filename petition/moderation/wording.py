"""What the team and the signatories write to each other, checked and brought to one spelling."""

from __future__ import annotations

from petition.errors import N_, Fault, Invalid
from petition.signatures import submission


def checked(field: str, words: str, *, longest: int, least: int = 1) -> str:
    """Plain text of some lines; raises Invalid when it is empty, shorter than `least`, too long, or harmful."""
    text = submission.paragraphs(field, words.replace("\t", " "), longest)
    if not text and least:
        raise Invalid([Fault(field, "missing", N_("Please write something."))])
    if len(text) < least:
        raise Invalid([Fault(field, "too_short", N_("Please use at least %(limit)s characters."), {"limit": least})])
    return text
