"""`petition serve` and `petition worker`: the production server and the mail worker, each in processes that heal."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import UTC, datetime
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from petition.cli import supervisor, webserver
from petition.cli.supervisor import Child
from petition.config import Config
from petition.deliveries import preparing
from petition.errors import BadSetting
from petition.upkeep import readiness
from petition.upkeep import worker as rounds


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
@click.option("--no-worker", is_flag=True, help="Web processes only, for nodes beside one that delivers mail.")
@with_appcontext
def serve(host: str, port: int, workers: int, no_worker: bool) -> None:
    """Serve the site and deliver its mail, until told to stop."""
    run(host, port, workers, mail=not no_worker)


def run(host: str, port: int, workers: int, *, mail: bool) -> None:
    """Serve inside the current application's context; raises PetitionError when that could not go well."""
    config: Config = current_app.config["PETITION"]
    readiness.require_schema()
    if mail and not config.mail_url:
        raise BadSetting(
            name="PETITION_MAIL_URL",
            reason="it is not set, so nothing could be confirmed; set it, or use --no-worker on a node without mail",
        )
    readiness.release()  # the children open their own connections
    # -P: the script's own folder is no place to look for modules.
    children = {"web": Child([sys.executable, "-P", webserver.__file__, host, str(port), str(workers)], signal.SIGKILL)}
    if mail:
        children["worker"] = Child([sys.executable, "-m", "petition.cli", "worker", "--beside"], signal.SIGTERM)
    supervisor.run(children, host, port)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due and end.")
@click.option("--beside", is_flag=True, hidden=True)  # a web server, which speaks for both
@click.option("--files", is_flag=True, hidden=True)  # what a worker starts to have files prepared
@with_appcontext
def worker(once: bool, beside: bool, files: bool) -> None:
    """Deliver mail and do scheduled jobs; any number of workers may run."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    readiness.require_schema()
    if files:
        preparing.work(current_app.config["PETITION"], clock=lambda: datetime.now(UTC), stop=stop)
        return
    if not once and not beside:
        click.echo("Delivering mail (stop with Ctrl-C)")
    rounds.run(current_app.config["PETITION"], once=once, clock=lambda: datetime.now(UTC), stop=stop)
