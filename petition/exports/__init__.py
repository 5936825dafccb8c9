"""The signatories of a letter as files for people and programs, streamed by key and never loaded whole; and as print."""

from petition.exports.formats import FORMATS, meant, stream, write
from petition.exports.presets import PRESETS, NotAnOwner
from petition.exports.rows import COLUMNS, EVERY_COLUMN, BadExport, Choice, choose
from petition.exports.trail import trail

__all__ = [
    "COLUMNS", "EVERY_COLUMN", "FORMATS", "PRESETS", "BadExport", "Choice", "NotAnOwner", "choose", "meant", "stream", "trail", "write",
]  # fmt: skip
