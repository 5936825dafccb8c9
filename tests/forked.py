"""`petition ...` as a process of its own that need not start Python anew: it is forked from the tests, where all is imported."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import IO, NoReturn

LONGEST = 120.0  # seconds


def run(*arguments: str, feed: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a clean environment: its exit code and what it wrote. Only the start of Python is left out."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(feed.encode())
        given.seek(0)
        child = os.fork()
        if child == 0:
            _become(arguments, environ, given, out, err)
        code = _wait(child)
        written = [_read(each) for each in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *written)


def _become(arguments: tuple[str, ...], environ: dict[str, str], given: IO[bytes], out: IO[bytes], err: IO[bytes]) -> NoReturn:
    """In the child: be the command, and leave by the door that runs none of the tests' own clean-up."""
    code = 70
    try:
        os.dup2(given.fileno(), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8", write_through=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", write_through=True)
        for name in [name for name in os.environ if name.startswith("PETITION_")]:
            del os.environ[name]
        os.environ.update(environ)
        sys.argv = ["petition", *arguments]
        from petition.cli import main

        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 (as Python itself would: said, and the end)
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(child: int) -> int:
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutError("the command did not end")


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
