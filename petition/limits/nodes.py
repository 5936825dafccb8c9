"""Counters in a Redis that several nodes share, with the key that lives and dies with them there."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from itertools import islice

from limits.errors import ConfigurationError, StorageError
from limits.storage import RedisStorage

from petition.config import Config
from petition.errors import BadSetting
from petition.limits.counters import KEPT, WAIT

MARGIN = 60  # seconds that a key outlives its span, for nodes whose clocks are late
LOOKED_AT = 20_000  # counters that the admin page reads at most
BATCH = 500


class NodeStorage(RedisStorage):
    """Counters of the `limits` library in Redis, and the random key under which they are kept."""

    # The library finds a storage by its scheme; this one is only ever made by name.
    STORAGE_SCHEME = ["petition+redis"]  # noqa: RUF012 (the library's own form)

    def key_of(self, number: int, own: bytes) -> bytes:
        """The key of a span of 72 hours: the one that is there, else `own`, which dies with the span."""
        name, left = self.prefixed_key(f"key/{number}"), (number + 1) * KEPT - time.time() + MARGIN
        try:
            self.storage.set(name, own, nx=True, ex=max(1, math.ceil(left)))
            found = self.storage.get(name)
        except self.base_exceptions as error:
            raise StorageError(error) from error
        return bytes(found) if found else own

    def busiest(self, start: str, seconds: int) -> tuple[int, int]:
        """How many counters begin like this and count something, and the highest of them; of the first LOOKED_AT."""
        try:
            counts = [self._weighted(values, seconds) for values in self._windows(start)]
        except self.base_exceptions as error:
            raise StorageError(error) from error
        return sum(count > 0 for count in counts), max(counts, default=0)

    def _windows(self, start: str) -> Iterator[list[bytes | int | None]]:
        names = self.storage.scan_iter(match=self.prefixed_key(f"{{{start}*"), count=1000)
        # A window has two names; the one of the window before is found by the other, or stands alone for a moment.
        keys = iter({name.removesuffix(b"/-1") for name in islice(names, 2 * LOOKED_AT)})
        while chunk := list(islice(keys, BATCH)):
            pipeline = self.storage.pipeline(transaction=False)
            for key in chunk:
                pipeline.get(key + b"/-1").pttl(key + b"/-1").get(key).pttl(key)
            found = pipeline.execute()
            yield from (found[i : i + 4] for i in range(0, len(found), 4))

    @staticmethod
    def _weighted(values: list[bytes | int | None], seconds: int) -> int:
        before, before_left, hits, left = (int(value or 0) for value in values)
        if 0 < left < seconds * 1000:  # the window ended and nobody has asked since: its hits are fading now
            before, before_left, hits = hits, left, 0
        return int(before * max(0, before_left) / (seconds * 1000)) + hits


def connect(config: Config) -> NodeStorage:
    """The Redis of these settings; raises BadSetting when its client is not installed."""
    # Installations that share a Redis are told apart; nothing that is counted or hashed follows from the secret.
    whose = hashlib.sha256(b"limits" + config.secret_key.encode()).hexdigest()[:12]
    try:
        return NodeStorage(
            config.redis_url, key_prefix=f"petition-{whose}", wrap_exceptions=True, socket_timeout=WAIT, socket_connect_timeout=WAIT
        )
    except ConfigurationError as error:
        reason = "the rate limits cannot reach Redis without its client; install the `redis` extra or unset it"
        raise BadSetting(name="PETITION_REDIS_URL", reason=reason) from error
