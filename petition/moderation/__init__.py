"""What the team does with signatures: sees who waits, decides, and puts its reasons on record."""

from petition.moderation.decisions import decide
from petition.moderation.finding import PAGE, detail, note_export, queue, search, waiting
from petition.moderation.view import Row, letter

__all__ = ["PAGE", "Row", "decide", "detail", "letter", "note_export", "queue", "search", "waiting"]
