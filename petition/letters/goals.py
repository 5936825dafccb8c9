"""The goal that readers see: the one the team set and, once that is reached, the next round number."""

from __future__ import annotations

ROUND = (1, 2, 5)


def shown(goal: int | None, total: int) -> int | None:
    """The team's goal while fewer have signed, else the smallest 1, 2 or 5 with noughts above the total; None without a goal."""
    if not goal or total < goal:
        return goal or None
    noughts = int(10 ** (len(str(total)) - 1))
    return next(each * step for step in (noughts, 10 * noughts) for each in ROUND if each * step > total)
