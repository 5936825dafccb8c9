"""The audit trail as a file, each entry with its seal, so that anybody can check the chain again (docs/team.md)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from petition import audit
from petition.audit import Sealed, Wanted
from petition.exports.formats import harmless

COLUMNS = (
    "id", "at", "actor_kind", "actor_name", "action", "team_id", "object_kind", "object_id", "reason", "details", "seal", "digest",
)  # fmt: skip


def trail(format_: str, team_ids: list[int] | None, wanted: Wanted) -> Iterator[bytes]:
    """The entries of these teams (None: all), oldest first, as csv or ndjson, piece by piece."""
    entries = audit.sealed(team_ids, wanted)
    return _csv(entries) if format_ == "csv" else _ndjson(entries)


def _csv(entries: Iterator[Sealed]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _line(COLUMNS)
    for each in entries:
        values = each.words | {"seal": each.number, "digest": each.digest}
        values["details"] = json.dumps(each.words["details"], ensure_ascii=False, sort_keys=True)
        yield _line([harmless("" if values[name] is None else str(values[name])) for name in COLUMNS])


def _line(cells: list[str] | tuple[str, ...]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode("utf-8", "replace")


def _ndjson(entries: Iterator[Sealed]) -> Iterator[bytes]:
    for each in entries:
        said = {"entry": each.words, "seal": each.number, "previous": each.previous, "digest": each.digest}
        yield (json.dumps(said, ensure_ascii=False) + "\n").encode("utf-8", "replace")
