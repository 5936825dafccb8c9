"""The web processes of `petition serve`: a script of its own, whose start need not wait for the whole platform."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from typing import Any

THREADS = 8  # of one web process; writers queue anyway, and more would only wait in line
PATIENCE = 10  # seconds for what is in flight when the server is told to stop


def application(parent: int) -> Any:
    """The application of one web process, which must not outlive its server and keep the port."""
    # Inherited over the fork, the server's own handler would swallow a stop while the platform is still being imported.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)
    from petition.cli import tied

    tied.to(parent, signal.SIGKILL)
    from petition.wsgi import app

    return app


def main(host: str, port: str, workers: str) -> None:
    """Serve until SIGTERM, starting web processes that died again."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    server = Server(
        "petition.wsgi:app",
        address=host,
        port=int(port),
        interface=Interfaces.WSGI,
        workers=int(workers),
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=PATIENCE,
        log_level=LogLevels.error,
        log_access=False,
    )
    server.serve(target_loader=partial(application, os.getpid()), wrap_loader=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
