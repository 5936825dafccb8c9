"""`petition mail`: what the platform mails, looked after from the server itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from petition.audit import COMMAND_LINE
from petition.outbox import suppression
from petition.upkeep import readiness, returned

OUTCOMES = {
    "bounced": "came back for good",
    "complained": "were reported as unwanted",
    "noted": "are delayed",
    "again": "were known already",
    "unknown": "are about no mail of the last 30 days of ours",
    "other": "are no reports",
}


@click.group()
def mail() -> None:
    """Look after the mail that the platform sends."""


@mail.command()
@click.argument("address")
@with_appcontext
def stop(address: str) -> None:
    """Send no more mail to an address, for a holder who asked for that in another way than by our link."""
    readiness.require_schema()
    config = current_app.config["PETITION"]
    if suppression.stop_address(address, actor=COMMAND_LINE, config=config, now=datetime.now(UTC)):
        click.echo("Mail to this address is stopped. Members of a team still get what they need for their work.")
    else:
        click.echo("Mail to this address was stopped already; nothing was changed.")


@mail.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@with_appcontext
def bounces(path: Path) -> None:
    """Take in the returned mails and complaints of a Maildir or mbox file, which stays as it is."""
    readiness.require_schema()
    done = returned.read(path, datetime.now(UTC))
    for outcome, words in OUTCOMES.items():
        click.echo(f"{done[outcome]:>7}  {words}")


@mail.command()
@click.argument("address")
@with_appcontext
def allow(address: str) -> None:
    """Send mail again to an address whose holder had stopped it, and now asks for it."""
    readiness.require_schema()
    config = current_app.config["PETITION"]
    if suppression.allow_address(address, actor=COMMAND_LINE, config=config, now=datetime.now(UTC)):
        click.echo("Mail to this address is allowed again. Whatever was asked for meanwhile has to be asked for once more.")
    else:
        click.echo("Mail to this address was not stopped; nothing was changed.")
