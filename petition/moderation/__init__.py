"""What the team does with signatures: sees who waits, decides, and puts its reasons on record."""

from petition.moderation.decisions import SECOND_THOUGHTS, decide
from petition.moderation.finding import Detail, detail, note_export, search
from petition.moderation.held import PAGE, Filter, groups, queue, waiting
from petition.moderation.initial import arrange, candidates, initial_signatories
from petition.moderation.reported import aside, reported_entries, settle
from petition.moderation.takeovers import decide_takeover
from petition.moderation.verification import background, verify
from petition.moderation.view import Row, letter, row

__all__ = [
    "PAGE", "SECOND_THOUGHTS", "Detail", "Filter", "Row", "arrange", "aside", "background", "candidates", "decide",
    "decide_takeover", "detail", "groups", "initial_signatories", "letter", "note_export", "queue", "reported_entries", "row",
    "search", "settle", "verify", "waiting",
]  # fmt: skip
