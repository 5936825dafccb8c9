"""What the team does with signatures: sees who waits, decides, and puts its reasons on record."""

from petition.moderation.decisions import decide
from petition.moderation.finding import PAGE, detail, note_export, queue, search, waiting
from petition.moderation.initial import arrange, candidates, initial_signatories
from petition.moderation.reported import aside, reported_entries, settle
from petition.moderation.takeovers import decide_takeover
from petition.moderation.verification import background, verify
from petition.moderation.view import Row, letter

__all__ = [
    "PAGE", "Row", "arrange", "aside", "background", "candidates", "decide", "decide_takeover", "detail", "initial_signatories",
    "letter", "note_export", "queue", "reported_entries", "search", "settle", "verify", "waiting",
]  # fmt: skip
