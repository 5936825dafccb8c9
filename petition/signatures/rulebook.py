"""The allow and block lists at the door: as this process read them last, so that a flood does not ask the database."""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from petition.db import db
from petition.errors import N_, Fault, Invalid
from petition.letters.models import Letter
from petition.limits import network_prefix
from petition.signatures import rules
from petition.signatures.rules import AccessRule

FRESH = 5.0  # seconds for which what was read is believed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Page:
    """The rules that hold for one letter, and when they were read."""

    read_at: float
    entries: tuple[AccessRule, ...]


class Rulebook:
    """Judges networks and mail domains from memory; safe to share between threads.

    Addresses are not judged here: a form that answered differently for one address would tell that it is on a list.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pages: dict[int, _Page] = {}

    def of_network(self, letter: Letter, address: str, *, now: datetime, hashed: str | None = None) -> str | None:
        """'allow' or 'block' where a rule names the network of this client address, or its keyed hash."""
        prefix = _network(network_prefix(address))
        return rules.decide(
            each for each in self._in_force(letter, "network", now)
            if (hashed is not None and each.pattern == hashed) or _lies_in(prefix, _network(each.pattern))
        )  # fmt: skip

    def of_domain(self, letter: Letter, domain: str, *, now: datetime) -> str | None:
        """'allow' or 'block' where a rule names this mail domain."""
        return rules.decide(each for each in self._in_force(letter, "domain", now) if rules.covers(each.pattern, domain))

    def let_in(self, letter: Letter, domain: str, *, now: datetime) -> None:
        """Raise Invalid, in honest words, when signatures from this mail domain are not taken."""
        if self.of_domain(letter, domain, now=now) != "block":
            return
        words = N_("Signatures from this mail domain are not taken on this letter. Use another address.")
        if letter.contact:
            words = N_("Signatures from this mail domain are not taken on this letter. Use another address, or write to %(contact)s.")
        raise Invalid([Fault("email", "domain_blocked", words, {"contact": letter.contact} if letter.contact else {})])

    def _in_force(self, letter: Letter, kind: str, now: datetime) -> list[AccessRule]:
        page = self._page(letter)
        return [each for each in page.entries if each.kind == kind and (each.expires_at is None or each.expires_at > now)]

    def _page(self, letter: Letter) -> _Page:
        known, at = self._pages.get(letter.id, _Page(-math.inf, ())), self._clock()
        if at - known.read_at < FRESH:
            return known
        if known.read_at > -math.inf:
            self._pages[letter.id] = _Page(at, known.entries)  # so that only one thread waits for a slow database
        try:
            entries = _read(letter)
        except SQLAlchemyError as error:
            _log.warning("the allow and block lists could not be read again (%s); those read last stay in force", type(error).__name__)
            entries = known.entries
        self._pages[letter.id] = _Page(at, entries)
        return self._pages[letter.id]


def _read(letter: Letter) -> tuple[AccessRule, ...]:
    # In the visitor's own session: threads that each asked the pool for a second connection could wait for each other.
    try:
        entries = db.session.scalars(select(AccessRule).where(rules.reaching(letter), AccessRule.kind != "address")).all()
    except SQLAlchemyError:
        db.session.rollback()
        raise
    for each in entries:
        db.session.expunge(each)  # they outlive this visit
    return tuple(entries)


@lru_cache(maxsize=4096)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:  # the hash of a network, or the prefix of what is no address
        return None


def _lies_in(inner: Network | None, outer: Network | None) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)
