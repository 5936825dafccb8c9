"""A real `petition serve` for tests: real processes, a real port, a real mail server."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

from tests import forked

PETITION = str(Path(sys.executable).with_name("petition"))
PATIENCE = 60  # seconds; a bound, not an expectation


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without other PETITION_ settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PETITION_")}
    return clean | {f"PETITION_{name.upper()}": value for name, value in settings.items()}


def run(environ: dict[str, str], *arguments: str, feed: str = "") -> str:
    """One `petition` command that must succeed; returns what it printed."""
    done = forked.run(*arguments, feed=feed, **{name: value for name, value in environ.items() if name.startswith("PETITION_")})
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@contextmanager
def serving(environ: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`petition ARGUMENTS` while it serves; ended, with its children, at the end."""
    process = subprocess.Popen([PETITION, *arguments], env=environ, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        finally:
            with_group = process.poll() is None
            if with_group:
                os.killpg(process.pid, signal.SIGKILL)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        return None


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def _named(headers: Message) -> dict[str, str]:
    """Headers by their usual spelling, whatever the server's."""
    return {name.title(): value for name, value in headers.items()}


class Visitor:
    """Somebody with a browser that keeps cookies, follows nothing by itself, and knows only addresses and field names."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.jar = CookieJar()
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> Answer:
        return self._send(urllib.request.Request(self._address(path)))

    def post(self, path: str, **fields: str) -> Answer:
        return self._send(urllib.request.Request(self._address(path), data=urlencode(fields).encode()))

    def _address(self, path: str) -> str:
        return path if path.startswith("http") else self.base + path

    def _send(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=30) as found:
                return Answer(found.status, _named(found.headers), found.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, _named(error.headers), error.read())

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if self.get("/readyz").status == 200:
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.1)
        raise AssertionError("the server is not ready")

    def csrf(self, path: str) -> str:
        """The hidden token of a form in the admin."""
        page = self.get(path)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert found, page.text[:500]
        return found[1]
