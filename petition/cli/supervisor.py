"""Keeps the children of `petition serve` alive: starts them, starts them again when they die, ends them together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

import click

from petition.cli import tied
from petition.errors import N_, PetitionError

TICK = 0.2
PAUSE = 1.0  # seconds between two starts of a child, so that a broken set-up does not spin
GRACE = 15.0  # seconds until a child that does not end is killed


class PortTaken(PetitionError):
    """Somebody else listens there."""

    code = "port_taken"
    message = N_("Port %(port)s on %(host)s cannot be used (%(reason)s). Stop what holds it, or choose another with --port.")


class HostUnknown(PetitionError):
    """There is no such host to listen on."""

    code = "host_unknown"
    message = N_("There is no host %(host)s to listen on (%(reason)s). Name an address of this machine with --host.")


class NotStarted(PetitionError):
    """The web server ended before it ever answered."""

    code = "not_started"
    status = 500
    message = N_("The web server did not start; what it said stands above. `petition check` looks at the settings.")


@dataclass
class Child:
    """One child: the command it runs, and the signal it gets when we are gone."""

    command: list[str]
    orphaned: signal.Signals
    process: subprocess.Popen[bytes] = field(init=False)
    born: float = field(init=False)

    def start(self) -> None:
        """Start it, tied to us and in our process group."""
        tie = partial(tied.to, os.getpid(), self.orphaned)
        self.process, self.born = subprocess.Popen(self.command, preexec_fn=tie), time.monotonic()  # noqa: S603

    def needs_starting(self) -> bool:
        """Whether it died, and not a moment after it was started."""
        return self.process.poll() is not None and time.monotonic() - self.born > PAUSE


def check_port(host: str, port: int) -> None:
    """Raise PortTaken unless we can listen there: the server shares its port, so it would not notice."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise HostUnknown(host=host, reason=error.strerror) from error
    except OSError as error:
        raise PortTaken(host=host, port=port, reason=error.strerror) from error


def run(children: dict[str, Child], host: str, port: int) -> None:
    """Run the children until SIGTERM or SIGINT; raises PortTaken, or NotStarted when the web server cannot start."""
    check_port(host, port)
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    for child in children.values():
        child.start()
    try:
        if _until_it_answers(children["web"], host, port, stop):
            click.echo(f"Serving at http://{_shown(host)}:{port} (stop with Ctrl-C)")
        _heal(children, stop)
    finally:
        _end(children)


def _until_it_answers(web: Child, host: str, port: int, stop: threading.Event) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    while not stop.wait(TICK):
        ended = web.process.poll()
        if ended is not None and ended >= 0:
            raise NotStarted
        if ended is not None:  # killed from outside before it ever answered: nothing is wrong with the set-up
            web.start()
        try:
            socket.create_connection((reached, port), timeout=1).close()
        except OSError:
            continue
        return True
    return False


def _heal(children: dict[str, Child], stop: threading.Event) -> None:
    while not stop.wait(TICK):
        for name, child in children.items():
            if child.needs_starting():
                click.echo(f"{name} ended with code {child.process.returncode}; starting it again", err=True)
                child.start()


def _end(children: dict[str, Child]) -> None:
    """Let every child finish what is in flight, and kill what does not."""
    for child in children.values():
        child.process.terminate()
    deadline = time.monotonic() + GRACE
    for child in children.values():
        try:
            child.process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
