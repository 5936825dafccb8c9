"""`petition check` and `petition purge`: whether all is well, and what is to be forgotten."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from petition import config as settings
from petition.audit import COMMAND_LINE
from petition.deliveries import preparing
from petition.upkeep import invariants, readiness, retention
from petition.upkeep.invariants import Result


@click.command()
@with_appcontext
def check() -> None:
    """Look at settings, schema and every invariant; exit 1 if one fails."""
    config = current_app.config["PETITION"]
    for name, value in settings.masked(config):
        click.echo(f"{name}={value}")
    click.echo()
    results = invariants.check(config, datetime.now(UTC))
    for each in results:
        click.echo(f"{_mark(each)}  {each.name}: {each.sentence}")
    failed = sum(not each.ok and not each.warning for each in results)
    if failed:
        raise click.ClickException(f"{failed} of {len(results)} checks failed; the lines marked FAIL say what to do.")


def _mark(result: Result) -> str:
    if result.ok:
        return "ok  "
    return "WARN" if result.warning else "FAIL"


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be forgotten.")
@with_appcontext
def purge(dry_run: bool) -> None:
    """Forget what has been kept long enough, rule by rule."""
    readiness.require_schema()
    for words, number in retention.purge(datetime.now(UTC), dry_run=dry_run, actor=COMMAND_LINE):
        click.echo(f"{number:>7}  {words}")
    if not dry_run:
        preparing.sweep(current_app.config["PETITION"], datetime.now(UTC))
    if dry_run:
        click.echo("Nothing was changed; without --dry-run it is.")
