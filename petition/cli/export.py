"""`petition export`: a letter's signatories as a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from petition import audit, exports
from petition.audit import COMMAND_LINE
from petition.errors import NotFound
from petition.letters import operations
from petition.signatures import directory
from petition.upkeep import readiness


def _listed(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Both `--state held --state published` and `--state held,published` are understood."""
    return tuple(dict.fromkeys(word.strip() for each in given for word in each.split(",") if word.strip()))


@click.command()
@click.argument("slug")
@click.option("--format", "format_", required=True, type=click.Choice(sorted(exports.FORMATS)))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; standard output without it.")
@click.option("--state", "states", multiple=True, callback=_listed, help="published, held, rejected; the first two without it.")
@click.option("--kind", "kinds", multiple=True, callback=_listed, help="person, organisation; both without it.")
@click.option("--columns", multiple=True, callback=_listed, help=f"Some of {', '.join(exports.COLUMNS)}.")
@with_appcontext
def export(
    slug: str,
    format_: str,
    output: Path | None,
    states: tuple[str, ...],
    kinds: tuple[str, ...],
    columns: tuple[str, ...],
) -> None:
    """Write a letter's signatories, as an owner may see them."""
    readiness.require_schema()
    try:
        letter = operations.find(slug)
    except NotFound as error:
        raise click.ClickException(f"There is no letter {slug}; `petition letter list` shows which there are.") from error
    try:
        pieces = exports.stream(letter, format_, states=states, kinds=kinds, columns=columns, owner=True)
    except exports.BadExport as error:
        raise click.UsageError(str(error)) from error
    audit.note(
        at=datetime.now(UTC), actor=COMMAND_LINE, action="letter.exported", thing=("letter", letter.id), team_id=letter.team_id,
        format=format_, addresses=True, letter=letter.slug,
    )  # fmt: skip
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    else:
        _write(output, pieces, directory.counts(letter).total)


def _write(output: Path, pieces: Iterator[bytes], about: int) -> None:
    """Write the whole file or leave what was there; it holds names and addresses, so it is its owner's only."""
    if not output.parent.is_dir():
        raise click.ClickException(f"There is no folder {output.parent} to write {output.name} into; make it, or name another.")
    draft = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with click.progressbar(length=about, label=f"Writing {output}", file=sys.stderr) as bar:
                for piece in pieces:
                    file.write(piece)
                    bar.update(max(piece.count(b"\n"), 1))
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
