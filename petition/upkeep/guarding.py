"""One round of the worker's jobs, of which none ends the worker or keeps the others from their turn."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from petition.db import db
from petition.errors import BadSetting, Busy

log = logging.getLogger(__name__)

MOST_BUSY = 3  # jobs that waited for the database in vain, after which a round waits for it no more

T = TypeVar("T")


class Round:
    """Does one job after the other; their faults are logged by place and sort, and each is tried again at its next time."""

    def __init__(self, *, strict: bool = False) -> None:
        """A `strict` round ends with Busy where the database is; any other goes on with the next job."""
        self._strict = strict
        self.busy = 0  # jobs that found the database busy or away

    @property
    def is_over(self) -> bool:
        """Whether the database kept so many waiting that it is no single job's trouble."""
        return self.busy >= MOST_BUSY

    def do(self, job: Callable[..., T], *given: Any, otherwise: T, **named: Any) -> T:
        """What a job gives back, or `otherwise` when it failed or the database cannot be used; raises BadSetting, and Busy where strict."""
        if self.is_over:
            return otherwise
        try:
            return job(*given, **named)
        except Busy:
            if self._strict:
                raise
            db.session.rollback()
            self.busy += 1
            if self.busy == 1:
                log.warning("the database is busy or away; nothing is lost, the worker tries again")
        except BadSetting:
            raise  # no next time mends it
        except Exception as error:  # noqa: BLE001 (whatever it is, the mail goes on)
            db.session.rollback()
            # Where it happened, not what it said: the words of an exception can hold an address.
            where = "".join(traceback.format_tb(error.__traceback__, limit=-20))
            log.error("the job %s failed and is tried again at its next time: %s\n%s", _name(job), type(error).__name__, where)
        return otherwise


def _name(job: Callable[..., Any]) -> str:
    return f"{job.__module__.removeprefix('petition.')}.{job.__qualname__.rpartition('>.')[2]}"
