"""`petition import`: signatures collected on paper or elsewhere, from a file."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from petition.audit import COMMAND_LINE
from petition.errors import NotFound
from petition.imports import batches, landing, staging, terms
from petition.imports.models import ImportBatch
from petition.imports.reading import ENCODINGS, SEPARATORS
from petition.imports.staging import LEFT_OUT, Report
from petition.letters import operations
from petition.letters.models import Letter
from petition.upkeep import readiness

LOOK = 0.2  # seconds between two looks at what another process carries out


@click.command("import")
@click.argument("slug")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="What the file is written in; found out without it.")
@click.option("--take-back", metavar="IMPORT", help="Withdraw every signature that an import brought, by the name it was told with.")
@with_appcontext
def import_(slug: str, file: Path | None, dry_run: bool, encoding: str | None, take_back: str | None) -> None:
    """Add signatures collected on paper or elsewhere, all of them or none; they are counted apart."""
    readiness.require_schema()
    try:
        letter = operations.find(slug)
    except NotFound as error:
        raise click.ClickException(f"There is no letter {slug}; `petition letter list` shows which there are.") from error
    if (file is None) == (take_back is None):
        raise click.UsageError("Name a file, or with --take-back the import that is to be taken back.")
    if take_back is not None:
        _take_back(letter, take_back)
    elif file is not None:
        _bring(letter, file, dry_run, encoding or "")


def _bring(letter: Letter, file: Path, dry_run: bool, encoding: str) -> None:
    before = _before(letter, file)
    with file.open("rb") as source, click.progressbar(length=file.stat().st_size, label=f"Reading {file.name}", file=sys.stderr) as bar:
        report = staging.read(
            letter, source, file_name=file.name, config=current_app.config["PETITION"], actor=COMMAND_LINE, now=datetime.now(UTC),
            store=not dry_run, encoding=encoding, progress=lambda _rows: bar.update(source.tell() - bar.pos),
        )  # fmt: skip
    _tell(report, before)
    if not report.good:
        raise click.ClickException(f"Nothing was stored: {report.faulty} faults. Mend the file and import it again.")
    if dry_run:
        click.echo("Nothing was stored; without --dry-run it is.")
    elif report.batch:
        batches.start(report.batch, COMMAND_LINE, datetime.now(UTC))
        done = _carry_out(report.batch, "Adding")
        if done.changed:
            what = ", ".join(terms.WHAT[each] for each in done.changed)
            raise click.ClickException(
                f"The letter changed meanwhile: {what}. Whatever had been added is withdrawn; import the file again."
            )
        click.echo(f"All {done.rows} rows landed as import {done.public_id}; --take-back {done.public_id} takes it back as a whole.")


def _before(letter: Letter, file: Path) -> ImportBatch | None:
    with file.open("rb") as source:
        return staging.imported_before(letter, staging.sha256(source))


def _tell(report: Report, before: ImportBatch | None) -> None:
    """Say what was found, line by line where something is wrong or left out."""
    how = f"{report.encoding}{', guessed from its letters: look at the first rows' if report.guessed else ''}"
    click.echo(f"Read as {how}; the columns are separated by a {SEPARATORS[report.separator]}.")
    if report.unread:
        click.echo(f"Columns that are not read: {', '.join(report.unread)}.")
    if before is not None:
        click.echo(f"This very file was imported before, as {before.public_id}.")
    for line, fault in report.faults:
        click.echo(f"line {line}: {fault.field}: {fault.sentence}", err=True)
    if report.more:
        click.echo(f"and {report.more} more", err=True)
    if not report.good:
        return
    for line, why, other in report.left_out:
        click.echo(f"line {line} is left out: {LEFT_OUT[why] % {'other': other}}")
    if (unsaid := report.again + report.known - len(report.left_out)) > 0:
        click.echo(f"and {unsaid} more are left out")
    for row in report.sample if report.guessed else ():
        click.echo(f"    {row['name']} | {row['organisation']} | {row['comment'][:60]}")
    click.echo(
        f"{report.rows} rows: {report.new} new ({report.organisations} organisations), of which {report.held} wait for the team; "
        f"{report.known} there already, {report.again} twice in the file."
    )


def _take_back(letter: Letter, public_id: str) -> None:
    try:
        found = batches.by_id(public_id)
    except NotFound as error:
        raise click.ClickException(f"There is no import {public_id}; the admin shows which there are.") from error
    if found.letter_id != letter.id:
        raise click.ClickException(f"The import {public_id} is not of the letter {letter.slug}.")
    batches.start_back(public_id, COMMAND_LINE, datetime.now(UTC))
    _carry_out(public_id, "Taking back")
    click.echo("The import was taken back.")


def _carry_out(public_id: str, label: str) -> ImportBatch:
    """Do what is confirmed, with any worker that runs beside us; whoever stops this leaves the rest to the worker."""
    found = batches.by_id(public_id)
    length = found.rows if found.state == "landing" else found.done
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        while found.state in ("landing", "taking back"):
            stop = threading.Event()
            if not landing.work(clock=lambda: datetime.now(UTC), stop=stop):
                stop.wait(LOOK)  # it is over, or the worker is at it
            found = batches.by_id(public_id, fresh=True)
            bar.update(max((found.done + found.skipped if found.taken_back_by == "" else found.returned) - bar.pos, 0))
    return found
