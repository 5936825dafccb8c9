"""`petition demo`: the whole platform on this machine with invented signatories, ready to be looked at."""

from __future__ import annotations

import os
import secrets
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path

import click
import flask_migrate

from petition import accounts, config
from petition.audit import COMMAND_LINE
from petition.cli import letter as letters
from petition.cli import serving, supervisor
from petition.cli.team import add_member
from petition.config import Config
from petition.errors import EditedSince, NotFound
from petition.letters import operations
from petition.letters.models import Letter
from petition.signatures import directory
from petition.upkeep import sample

HOST = "127.0.0.1"
OWNER = "owner@example.org"


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--signatories", default=2000, show_default=True, type=click.IntRange(0, 1_000_000), help="How many invented ones.")
def demo(port: int, signatories: int) -> None:
    """Show everything on this machine, with invented signatories; a second run finds what the first one left."""
    from petition import create_app

    supervisor.check_port(HOST, port)
    prepare_environment(os.environ, port)
    app = create_app()
    settings: Config = app.config["PETITION"]
    with app.app_context():
        flask_migrate.upgrade()
        found = _letter(settings, signatories)
        password = _owner(settings)
        click.echo(f"The letter:   {settings.base_url}/letters/{found.slug}")
        if settings.shows_mailbox:
            click.echo(f"The mailbox:  {settings.base_url}/mailbox  (every mail the site sends)")
        click.echo(f"The team:     {settings.base_url}/admin/login  ({OWNER}, password {password})")
        click.echo(f"The data:     {settings.instance}  (delete the folder to begin anew)")
        serving.run(HOST, port, 2, mail=True)


def prepare_environment(environ: MutableMapping[str, str], port: int) -> None:
    """Set what makes a demo; what the person set stays, except the database: a demo never fills a real one."""
    for name in ("DATABASE_URL", "MODE"):
        environ.pop(f"PETITION_{name}", None)
        environ.pop(f"PETITION_{name}_FILE", None)
    environ["PETITION_MODE"] = "demo"
    for name, value in (("INSTANCE", str(Path("instance", "demo"))), ("BASE_URL", f"http://{HOST}:{port}")):
        if f"PETITION_{name}_FILE" not in environ:
            environ.setdefault(f"PETITION_{name}", value)


def _letter(settings: Config, signatories: int) -> Letter:
    """The sample letter, loaded and signed on the first run, and left as it is on the others."""
    fresh = not operations.listed(drafts=True)
    files = sorted(config.data_folder("letters").glob("*.md"))
    now = datetime.now(UTC)
    try:
        operations.load_all(
            [(str(file), letters.read(file)) for file in files],
            signed=directory.anybody,
            actor=COMMAND_LINE,
            now=now,
            publish=fresh,
        )
    except EditedSince:
        click.echo("The letter was edited in the admin and stays as it is.")
    found = operations.find(letters.read(files[0]).slug)
    if signatories and not directory.anybody(found.id):
        with click.progressbar(length=signatories, label="Inventing signatories") as bar:
            sample.sign(found, signatories, now=now, config=settings, progress=bar.update)
    return found


def _owner(settings: Config) -> str:
    """The owner's password: made once, kept in the demo's folder."""
    kept = settings.instance / "owner-password.txt"
    if kept.exists():
        password = kept.read_text(encoding="ascii").strip()
    else:
        password = secrets.token_urlsafe(12)
        kept.touch(mode=0o600)
        kept.write_text(password + "\n", encoding="ascii")
        add_member(OWNER, "owner", password=password)
    try:
        accounts.find_member(OWNER)
    except NotFound:
        add_member(OWNER, "owner", password=password)
    return password
