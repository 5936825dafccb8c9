"""`petition letter`: letter files into the platform, and what is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from petition.audit import COMMAND_LINE
from petition.errors import EditedSince
from petition.letters import document, operations
from petition.letters.document import LetterDocument
from petition.letters.operations import Loaded
from petition.signatures import directory
from petition.upkeep import readiness


@click.group()
def letter() -> None:
    """Load letters from files, and list them."""


@letter.command("load")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--publish", is_flag=True, help="Open the letter for signature.")
@click.option("--force", is_flag=True, help="Overwrite what was edited in the admin, after showing the difference.")
@click.option("--correction", is_flag=True, help="The change mends the text and does not change what was signed (1 -> 1.1).")
@click.option("--team", "team_name", help="The team a new letter belongs to; made if there is none.")
@with_appcontext
def load(files: tuple[Path, ...], publish: bool, force: bool, correction: bool, team_name: str | None) -> None:
    """Create or update letters and their translations from files, all or none."""
    readiness.require_schema()
    pairs = [(str(file), read(file)) for file in files]
    for line in load_pairs(pairs, publish=publish, force=force, correction=correction, team_name=team_name):
        click.echo(line)


def load_pairs(
    pairs: list[tuple[str, LetterDocument]],
    *,
    publish: bool,
    force: bool = False,
    correction: bool = False,
    team_name: str | None = None,
) -> list[str]:
    """Load the letters and say of each where it is; raises BadFile or, having shown the difference, EditedSince."""
    try:
        loaded = operations.load_all(
            pairs,
            signed=directory.anybody,
            actor=COMMAND_LINE,
            now=datetime.now(UTC),
            correction=correction,
            publish=publish,
            team_name=team_name,
            show=_show if force else None,
        )
    except EditedSince as error:
        _show(error.difference)
        raise
    lines = []
    for each in loaded:
        found = operations.find(each.slug)
        hint = f" ({found.status}: open it with --publish)" if found.status == "draft" else ""
        lines.append(f"{_address(each, found.original_language)}  {each.outcome}, version {each.version}{hint}")
    return lines


def _show(difference: str) -> None:
    click.echo(difference, err=True)


def _address(which: Loaded, original: str) -> str:
    config = current_app.config["PETITION"]
    # Only interface languages have an address of their own.
    has_one = which.language != original and which.language in config.languages
    return f"{config.base_url}{f'/{which.language}' if has_one else ''}/letters/{which.slug}"


def read(file: Path) -> LetterDocument:
    """Read one letter file; raises BadFile."""
    return document.read(document.decode(file.read_bytes(), str(file)), str(file))


@letter.command("list")
@with_appcontext
def list_letters() -> None:
    """Every letter: slug, status, languages, counts."""
    readiness.require_schema()
    letters = operations.listed(drafts=True)
    if not letters:
        click.echo("There is no letter yet: `petition letter load FILE... --publish` adds one.")
    for each in letters:
        counts = directory.counts(each)
        click.echo(
            f"{each.slug}  {each.state(datetime.now(UTC))}  {','.join(each.languages)}  "
            f"{counts.people} people, {counts.organisations} organisations, {counts.held} held"
        )
