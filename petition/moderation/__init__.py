"""What the team does with signatures: sees who waits, decides, and puts its reasons on record."""

from petition.moderation.decisions import SECOND_THOUGHTS, decide
from petition.moderation.finding import Detail, detail, note_export, search
from petition.moderation.held import PAGE, Filter, groups, queue, waiting
from petition.moderation.view import Row, letter, row

__all__ = [
    "PAGE", "SECOND_THOUGHTS", "Detail", "Filter", "Row", "decide", "detail", "groups", "letter", "note_export", "queue", "row",
    "search", "waiting",
]  # fmt: skip
