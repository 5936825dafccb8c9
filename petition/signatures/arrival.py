"""How a signature arrived: from which mail domain and network, how fast, and with how many others; each a mild reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from petition import addresses, limits
from petition.db import serialise
from petition.letters.models import Letter
from petition.limits.models import LimitSetting
from petition.signatures import screening
from petition.signatures.models import Signature, SigningRequest
from petition.signatures.screening import ARRIVAL, Flag

DOMAIN_BURST = 20  # signatures of a letter within an hour from one mail domain that is not everybody's
NETWORK_BURST = 40  # the same from one network; a carrier or a campus reaches it on a good day
TOO_QUICK = timedelta(seconds=2)
MOST_ENTRIES = 50  # of one website that are looked at


@dataclass(frozen=True)
class Arrival:
    """What is known of the way a signature came, for the moment of its confirmation."""

    mail_domain: str
    fingerprint: str
    network: str | None  # the keyed hash of the network that confirmed, or else of the one that asked
    moved: bool  # whether these two differ
    signals: tuple[str, ...]  # what the door noticed
    mailed_at: datetime
    now: datetime

    @property
    def delegated(self) -> str:
        """What counts as one mail domain, however many sub-domains it has."""
        return addresses.delegated_domain(self.mail_domain)


def of(found: SigningRequest, network: str | None, now: datetime) -> Arrival:
    """How this request arrived, confirmed from a network whose keyed hash is given where it is known."""
    return Arrival(
        mail_domain=addresses.domain(found.email), fingerprint=found.address_fingerprint, network=network or found.network,
        moved=None not in (network, found.network) and network != found.network, signals=tuple(found.signals or ()),
        mailed_at=found.mailed_at, now=now,
    )  # fmt: skip


def hour(now: datetime) -> datetime:
    """The hour that a moment belongs to."""
    return now.replace(minute=0, second=0, microsecond=0)


def flags(session: Session, letter: Letter, how: Arrival) -> list[Flag]:
    """The reasons that lie in how a signature came."""
    noticed = (code for code in how.signals if code in ARRIVAL)
    found = dict.fromkeys((*noticed, *_timing(how), *_counted(session, letter, how)))
    return [*screening.screen({}, mail_domain=how.mail_domain), *(Flag(code, "email" if "domain" in code else "") for code in found)]


def _timing(how: Arrival) -> Iterator[str]:
    # The mail was queued then, so nobody can have read it in a shorter time; a clock set back proves nothing.
    if timedelta(0) <= how.now - how.mailed_at < TOO_QUICK:
        yield "too_quick"
    if how.moved:
        yield "other_network"


def _counted(session: Session, letter: Letter, how: Arrival) -> Iterator[str]:
    this_hour = Signature.hour == hour(how.now)
    if how.network is not None and _reached(session, letter, NETWORK_BURST, Signature.network == how.network, this_hour):
        yield "network_burst"
    if addresses.is_free_mail(how.mail_domain):
        return
    # One confirmation of a domain at a time, or a hundred at once would each see the cap unspent.
    serialise(session, "domain", letter.id, how.delegated)
    same = Signature.mail_domain == how.delegated
    if _is_new(session, letter, how):
        yield "new_domain"
    if _reached(session, letter, DOMAIN_BURST, same, this_hour):
        yield "domain_burst"
    count, seconds = cap(session)
    # Only hours are kept: with the one before, as many cannot come again as soon as the clock strikes.
    lately = Signature.hour >= hour(how.now - timedelta(seconds=seconds))
    if _reached(session, letter, count, same, lately, Signature.state == "published", Signature.decided_at.is_(None)):
        yield "domain_cap"


def cap(session: Session) -> tuple[int, int]:
    """How many signatures of one mail domain a letter publishes by itself, within how many seconds."""
    changed = session.get(LimitSetting, limits.DOMAIN_CAP.name)
    if changed is not None:
        return changed.count, max(changed.seconds, 3600)
    return limits.DOMAIN_CAP.default.count, limits.DOMAIN_CAP.default.seconds


def _reached(session: Session, letter: Letter, number: int, *conditions: ColumnElement[bool]) -> bool:
    """Whether there are so many such signatures already; more than that are not counted."""
    rows = select(Signature.id).where(Signature.letter_id == letter.id, *conditions)
    return number == 0 or session.scalar(rows.offset(number - 1).limit(1)) is not None


def _is_new(session: Session, letter: Letter, how: Arrival) -> bool:
    """Whether nobody signed from this mail domain before today, and no organisation that is shown has it for its website."""
    earlier = select(Signature.id).where(Signature.letter_id == letter.id, Signature.mail_domain == how.delegated)
    if session.scalar(earlier.where(Signature.signed_on < how.now.date()).limit(1)) is not None:
        return False
    # By host alone, of which there are few: asked for the state as well, SQLite would walk through all that is published.
    entries = select(Signature.website_host, Signature.state).where(Signature.letter_id == letter.id)
    hosts = dict.fromkeys((how.mail_domain, how.delegated))
    found = (row for host in hosts for row in session.execute(entries.where(Signature.website_host == host).limit(MOST_ENTRIES)))
    return all(state != "published" for _, state in found)
