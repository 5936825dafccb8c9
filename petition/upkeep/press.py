"""Has files prepared in a process of their own, so that no mail waits for a long document."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime

from petition.deliveries import preparing

PAUSE = 10.0  # seconds between two starts, so that a process that dies at once does not spin


class Press:
    """At most one such process beside this worker; it ends by itself when nothing is left to make."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._started = -PAUSE

    def look(self, now: datetime) -> None:
        """Start it when something waits and nobody is at it; raises Busy."""
        running = self._process is not None and self._process.poll() is None
        if running or time.monotonic() - self._started < PAUSE or not preparing.waiting(now):
            return
        self._started = time.monotonic()
        self._process = subprocess.Popen([sys.executable, "-m", "petition.cli", "worker", "--files"])

    def end(self) -> None:
        """Stop it; what it was making is made by another one later."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
