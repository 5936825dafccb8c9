"""`petition mail`: what the platform mails, looked after from the server itself."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from petition.audit import COMMAND_LINE
from petition.outbox import suppression
from petition.upkeep import readiness


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
