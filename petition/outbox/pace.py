"""The pace of mail in bulk: how much of it may still be queued in this minute, whatever it is about and whichever worker asks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from petition import addresses, outbox
from petition.config import Config
from petition.db import serialise
from petition.outbox.models import STATES, OutboxMail

MINUTE = timedelta(minutes=1)


@dataclass
class Pace:
    """How many mails there is room for, and how many of the last minute went to each of the large domains."""

    room: int
    used: Counter[str]
    domain_rate: int

    def takes(self, address: str) -> bool:
        """Whether one more mail may go to this address now."""
        domain = _named(address)
        return self.room > 0 and (not domain or self.used[domain] < self.domain_rate)

    def take(self, address: str) -> None:
        """Count one more mail."""
        self.room -= 1
        self.used[_named(address)] += 1


def measure(session: Session, config: Config, now: datetime) -> Pace:
    """The pace at this moment; until the caller's transaction ends nobody else takes of the same room."""
    serialise(session, "mailing")
    used = lately(session, now)
    # What a mail server does not take piles up where it is made, and in the outbox for a minute at most.
    room = min(config.mail_rate - used.total(), config.mail_rate - outbox.waiting_in_bulk(session, untried=True))
    return Pace(room, used, config.mail_domain_rate)


def lately(session: Session, now: datetime, besides: str = "") -> Counter[str]:
    """How many bulk mails came due within the last minute, by domain as far as the outbox knows it; `besides` those of a scope."""
    mine = select(OutboxMail.domain, func.count()).where(OutboxMail.state.in_(STATES), OutboxMail.bulk.is_(True))
    mine = mine.where(OutboxMail.due_at > now - MINUTE, OutboxMail.due_at <= now)
    mine = mine.where(~OutboxMail.scope.startswith(besides)) if besides else mine
    return Counter({domain: number for domain, number in session.execute(mine.group_by(OutboxMail.domain))})


def _named(address: str) -> str:
    domain = addresses.domain(address)
    return domain if addresses.is_free_mail(domain) else ""
