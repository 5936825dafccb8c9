"""The signatories of a letter as files for people and programs, streamed by key and never loaded whole."""

from petition.exports.formats import FORMATS, stream
from petition.exports.rows import COLUMNS, BadExport
from petition.exports.trail import trail

__all__ = ["COLUMNS", "FORMATS", "BadExport", "stream", "trail"]
