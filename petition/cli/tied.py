"""Ties a process to its parent's life, so that a killed server leaves no child behind that holds the port."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Loaded before any fork, where loading is not safe. Other systems than Linux know nothing like it: there a server that
# is killed hard leaves its children to be ended by hand.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def to(parent: int, number: signal.Signals) -> None:
    """Have this process get the signal when its parent is gone, even if that happened a moment ago."""
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)
