"""`petition export`: a letter's signatories as a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from petition import audit, exports
from petition.audit import COMMAND_LINE
from petition.errors import NotFound
from petition.exports import documents, workplace
from petition.letters import operations
from petition.letters.models import Letter
from petition.templating import settings
from petition.upkeep import readiness

_PIECE = 256 * 1024


def _listed(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Both `--state held --state published` and `--state held,published` are understood."""
    return tuple(dict.fromkeys(word.strip() for each in given for word in each.split(",") if word.strip()))


@click.command()
@click.argument("slug")
@click.option("--format", "format_", required=True, type=click.Choice(sorted((*exports.FORMATS, "pdf"))))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; standard output without it.")
@click.option("--state", "states", multiple=True, callback=_listed, help="published, held, rejected; the first two without it.")
@click.option("--kind", "kinds", multiple=True, callback=_listed, help="person, organisation; both without it.")
@click.option("--country", "countries", multiple=True, callback=_listed, help="Two-letter codes; all without it.")
@click.option("--version", "versions", multiple=True, callback=_listed, help="Versions of the text, such as 1 or 2; all without it.")
@click.option("--columns", multiple=True, callback=_listed, help=f"Some of {', '.join(exports.EVERY_COLUMN)}.")
@click.option("--preset", default="", help=f"The columns that {', '.join(exports.PRESETS)} import; people only.")
@click.option("--language", default="", help="The language of a PDF; the letter's original without it.")
@with_appcontext
def export(
    slug: str, format_: str, output: Path | None, states: tuple[str, ...], kinds: tuple[str, ...], countries: tuple[str, ...],
    versions: tuple[str, ...], columns: tuple[str, ...], preset: str, language: str,
) -> None:  # fmt: skip
    """Write a letter's signatories, as an owner may see them; a PDF holds the letter and its published signatories."""
    readiness.require_schema()
    try:
        letter = operations.find(slug)
    except NotFound as error:
        raise click.ClickException(f"There is no letter {slug}; `petition letter list` shows which there are.") from error
    try:
        choice = exports.choose(letter, states=states, kinds=kinds, countries=countries, versions=versions)
        about = exports.meant(letter, choice, preset)
        if format_ == "pdf":
            _refuse_columns(columns, preset)
            documents.printable(choice)
            write = lambda target, progress: _print(letter, target, language, choice, progress)  # noqa: E731
        else:
            exports.write(letter, format_, choice, columns=columns, preset=preset, owner=True)  # judges the choices
            more: dict[str, Any] = {"columns": columns, "preset": preset, "owner": True, "folder": workplace.folder(settings())}
            write = lambda target, progress: _stream(  # noqa: E731
                exports.write(letter, format_, choice, progress=progress, **more), target
            )
    except exports.BadExport as error:
        raise click.UsageError(str(error)) from error
    _record(letter, format_, choice, about, columns=list(columns), preset=preset)
    _deliver(write, output, about)


def _refuse_columns(columns: tuple[str, ...], preset: str) -> None:
    if columns or preset:
        raise click.UsageError("A PDF has no columns and no presets; choose another format for those.")


def _record(letter: Letter, format_: str, choice: exports.Choice, about: int, **details: Any) -> None:
    given = {name: value for name, value in details.items() if value}
    audit.note(
        at=datetime.now(UTC), actor=COMMAND_LINE, action="letter.exported", thing=("letter", letter.id), team_id=letter.team_id,
        format=format_, addresses=format_ != "pdf", letter=letter.slug, filters=choice.as_json(), count=about, **given,
    )  # fmt: skip


def _deliver(write: Callable[[Path | None, Callable[[int], None]], None], output: Path | None, about: int) -> None:
    if output is None:
        write(None, lambda _number: None)
        sys.stdout.buffer.flush()
        return
    if not output.parent.is_dir():
        raise click.ClickException(f"There is no folder {output.parent} to write {output.name} into; make it, or name another.")
    with click.progressbar(length=about, label=f"Writing {output}", file=sys.stderr) as bar:
        write(output, bar.update)


def _stream(pieces: Iterator[bytes], output: Path | None) -> None:
    """Write the whole file or leave what was there; it holds names and addresses, so it is its owner's only."""
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    draft = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                file.write(piece)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)


def _print(letter: Letter, output: Path | None, language: str, choice: exports.Choice, progress: Callable[[int], None]) -> None:
    """Set the PDF in a folder of its own; where there are volumes, each gets a number before its suffix."""
    with workplace.work(workplace.folder(settings())) as folder:
        files = documents.signed_letter(
            letter, folder, language=language or letter.original_language, choice=choice, config=settings(), now=datetime.now(UTC),
            progress=progress,
        )  # fmt: skip
        if output is None and len(files) > 1:
            raise click.ClickException(f"There are {len(files)} volumes; name a file with --output, and they get numbers.")
        for number, file in enumerate(files, start=1):
            target = output.with_stem(f"{output.stem}-{number}") if output is not None and len(files) > 1 else output
            _stream(_pieces(file), target)


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as made:
        while piece := made.read(_PIECE):
            yield piece
