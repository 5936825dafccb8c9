"""Why a signature should be looked at before it is shown: pure checks over what was typed, each with a plain reason."""

from petition.signatures.screening.folding import fold_name, fold_organisation, name_shape, scripts, skeleton
from petition.signatures.screening.names import of_texts, shapes
from petition.signatures.screening.reasons import (
    ANSWERED_FOR,
    ARRIVAL,
    HOLDS_AT,
    REASONS,
    SHAPES,
    TIMING,
    WEIGHTS,
    Flag,
    codes_of,
    heaviest_first,
    holds,
)  # fmt: skip
from petition.signatures.screening.text import screen
from petition.signatures.screening.wordset import WordSet, compiled, shipped

__all__ = [
    "ANSWERED_FOR",
    "ARRIVAL",
    "HOLDS_AT",
    "REASONS",
    "SHAPES",
    "TIMING",
    "WEIGHTS",
    "Flag",
    "WordSet",
    "codes_of",
    "compiled",
    "fold_name",
    "fold_organisation",
    "heaviest_first",
    "holds",
    "name_shape",
    "of_texts",
    "screen",
    "scripts",
    "shapes",
    "shipped",
    "skeleton",
]  # fmt: skip
