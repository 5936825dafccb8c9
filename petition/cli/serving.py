"""`petition serve` and `petition worker`: the production server and the mail worker, each in processes that heal."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from petition.cli import supervisor, tied
from petition.config import Config
from petition.errors import BadSetting
from petition.upkeep import readiness
from petition.upkeep import worker as rounds

TARGET = "petition.wsgi:app"
THREADS = 8  # of one web process; writers queue anyway, and more would only wait in line
PATIENCE = 20  # seconds for what is in flight when the server is told to stop


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
            name="PETITION_MAIL_URL", reason="it is not set, so no signature could be confirmed; set it, or use --no-worker on a node without mail"
        )
    readiness.release()  # the children open their own connections
    children = {"web": ["serve-web", host, str(port), str(workers)]}
    if mail:
        children["worker"] = ["worker"]
    supervisor.run(children, host, port)


@click.command("serve-web", hidden=True)
@click.argument("host")
@click.argument("port", type=int)
@click.argument("workers", type=int)
@click.option("--parent", type=int, required=True)
def web(host: str, port: int, workers: int, parent: int) -> None:
    """Run the web processes of `petition serve`."""
    tied.to(parent, signal.SIGKILL)
    server = Server(
        TARGET, address=host, port=port, interface=Interfaces.WSGI, workers=workers, blocking_threads=THREADS,
        respawn_failed_workers=True, workers_kill_timeout=PATIENCE, log_level=LogLevels.error, log_access=False,
    )  # fmt: skip
    server.serve(target_loader=partial(_application, tied.own_id()), wrap_loader=False)


def _application(parent: int) -> Any:
    """The application of one web process, which must not outlive its server and keep the port."""
    tied.to(parent, signal.SIGKILL)
    from petition.wsgi import app

    return app


@click.command()
@click.option("--once", is_flag=True, help="Do what is due and end.")
@click.option("--parent", type=int, hidden=True)
@with_appcontext
def worker(once: bool, parent: int | None) -> None:
    """Deliver mail and do scheduled jobs; any number of workers may run."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    if parent is not None:
        tied.to(parent, signal.SIGTERM)
    readiness.require_schema()
    rounds.run(current_app.config["PETITION"], once=once, clock=lambda: datetime.now(UTC), stop=stop)
