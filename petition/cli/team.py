"""`petition team`: who may do what, set up from the server itself."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from petition import accounts
from petition.accounts import ROLES, LastOwner, Member
from petition.audit import COMMAND_LINE
from petition.errors import NotFound
from petition.upkeep import readiness

SHORTEST = 12


@click.group()
def team() -> None:
    """Add, list, remove and reset team members."""


@team.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(ROLES[::-1]))
@click.option("--team", "team_name", help="The team; without it the first one, and an owner owns the installation.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of printing a set-up link.")
@with_appcontext
def add(email: str, role: str, team_name: str | None, password_stdin: bool) -> None:
    """Add a member, or give a member another role."""
    readiness.require_schema()
    member = add_member(email, role, team_name=team_name, password=sys.stdin.readline().rstrip("\r\n") if password_stdin else None)
    click.echo(f"{member.email} is {role} now.")
    if member.password is None:
        _print_link(member)


def add_member(email: str, role: str, *, team_name: str | None = None, password: str | None = None) -> Member:
    """Add a member from the command line; a usage error when the password is too short."""
    if password is not None and len(password.strip()) < SHORTEST:
        raise click.UsageError(f"The password needs at least {SHORTEST} characters")
    hashed = None if password is None else current_app.extensions["hash_password"](password)
    return accounts.add_member(email, role, actor=COMMAND_LINE, now=datetime.now(UTC), password_hash=hashed, team_name=team_name)


def _print_link(member: Member) -> None:
    click.echo(f"They set their password here, once: {current_app.extensions['setup_link'](member)}")


@team.command("list")
@with_appcontext
def list_members() -> None:
    """Every member with team, role and how they log in."""
    readiness.require_schema()
    rows = accounts.members()
    if not rows:
        click.echo("Nobody yet: `petition team add EMAIL --role owner` adds the first member.")
    for row in rows:
        password = "password set" if row.has_password else "not set up yet"
        factor = "second factor" if row.second_factor else "no second factor"
        click.echo(f"{row.email}  {row.role}  {row.team}  {password}, {factor}")


@team.command()
@click.argument("email")
@with_appcontext
def remove(email: str) -> None:
    """Remove a member's account and roles."""
    readiness.require_schema()
    try:
        accounts.remove_member(email, actor=COMMAND_LINE, now=datetime.now(UTC))
    except NotFound as error:
        raise _nobody(email) from error
    except LastOwner as error:
        raise click.ClickException(f"{error} `petition team add EMAIL --role owner` does that.") from error
    click.echo(f"{email} is no longer a member.")


@team.command()
@click.argument("email")
@with_appcontext
def reset(email: str) -> None:
    """Clear a member's password and second factor and print a one-time link."""
    readiness.require_schema()
    try:
        member = accounts.reset_second_factor(email, actor=COMMAND_LINE, now=datetime.now(UTC))
    except NotFound as error:
        raise _nobody(email) from error
    click.echo(f"Password and second factor of {member.email} are cleared and their sessions are ended.")
    _print_link(member)


def _nobody(email: str) -> click.ClickException:
    return click.ClickException(f"{email} is not a member; `petition team list` shows who is.")
