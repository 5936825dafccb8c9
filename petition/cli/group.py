"""The group that holds every command, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup, ScriptInfo, routes_command, shell_command
from flask_migrate.cli import db as migrations

from petition.cli.care import check, purge
from petition.cli.demo import demo
from petition.cli.export import export
from petition.cli.imports import import_
from petition.cli.letter import letter
from petition.cli.mail import mail
from petition.cli.mirror import mirror
from petition.cli.serving import serve, worker
from petition.cli.team import team
from petition.errors import PetitionError
from petition.upkeep.readiness import DATABASE_ERRORS

COMMANDS: list[click.Command] = [demo, serve, worker, letter, team, mail, export, import_, mirror, check, purge]


def main() -> None:
    """Run `petition ...`: exit 0 when it worked, 1 with a sentence when not, 2 for wrong usage."""
    from petition import create_app

    group = AppGroup("petition", help="Publish an open letter and collect verified signatures.")
    for command in (*COMMANDS, migrations, routes_command, shell_command):
        group.add_command(command)
    sys.exit(_run(group, ScriptInfo(create_app=create_app, set_debug_flag=False)))


def _run(group: click.Group, info: ScriptInfo) -> int:
    try:
        code = group.main(prog_name="petition", obj=info, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "petition"
        words = " ".join(error.format_message().split())
        return _say(f"{words if words[-1:] in '.?' else words + '.'} `{where} --help` shows how it is used.", 2)
    except click.Abort:
        return _say("Stopped; nothing more was done.", 1)
    except (PetitionError, click.ClickException) as error:
        return _say(error.format_message() if isinstance(error, click.ClickException) else str(error), 1)
    except DATABASE_ERRORS as error:
        # The driver's own first line names the host, the file or the table; what follows may hold a row's values.
        words = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        return _say(
            f"The database did not do what was asked ({words}). See PETITION_DATABASE_URL and run `petition check`.",
            1,
        )
    except OSError as error:
        return _say(f"{error.filename or 'The system'}: {error.strerror or error}. Free it, or name another, and try again.", 1)
    return code if isinstance(code, int) else 0


def _say(sentence: str, code: int) -> int:
    click.echo(sentence, err=True)
    return code
