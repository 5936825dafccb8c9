"""Letters handed to their addressees: the files, the record of what was in them, and what came back."""

from petition.deliveries import models, overtaking, preparing
from petition.deliveries.operations import again, find, handed, matching, note, numbers, of, prepare, public, timeline
from petition.deliveries.standing import changed

__all__ = [
    "again", "changed", "find", "handed", "matching", "models", "note", "numbers", "of", "overtaking", "prepare", "preparing", "public",
    "timeline",
]  # fmt: skip
