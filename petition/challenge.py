"""What a visitor can show instead of waiting for a limit: a solved puzzle or a ripe ticket, each of which counts once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
from sqlalchemy import String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from petition.db import Model, UtcDateTime, is_postgresql
from petition.errors import N_, TooMany

PROOF_LASTS = timedelta(minutes=20)
TICKET_RIPENS = timedelta(seconds=60)
TICKET_LASTS = timedelta(hours=1)
# A puzzle has one answer, a number below so many; a browser tries half of them on average. docs/moderation.md has what
# that takes on a phone. Past its load limit a letter asks for more, up to HARDEST times.
TRIES = 150_000
HARDEST = 1.5
LONGEST = 2_000  # characters of a proof or ticket that are looked at; ours have about 600


class SpentProof(Model):
    """A puzzle or a ticket that was used; remembered until it would expire anyway."""

    __tablename__ = "spent_proof"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PassSpent(TooMany):
    """A proof or ticket that somebody shows a second time."""

    code = "pass_spent"
    message = N_("This was used for another signature already.")


@dataclass(frozen=True)
class Pass:
    """A proof or ticket that lets one post through: how it is remembered, and the signal that it leaves."""

    digest: str
    expires_at: datetime
    signal: str


@dataclass(frozen=True)
class Ticket:
    """A genuine waiting ticket and the moment it was issued."""

    text: str
    issued_at: datetime

    def waits(self, now: datetime) -> int:
        """Whole seconds until it lets its bearer through; 0 when it does."""
        return max(0, -((now - self.issued_at - TICKET_RIPENS) // timedelta(seconds=1)))

    @property
    def admits(self) -> Pass:
        """What it is worth once it is ripe."""
        return Pass(_digest("ticket", self.text), self.issued_at + TICKET_LASTS, "came_by_ticket")


def puzzle(about: str, *, load: float, secret: str, now: datetime) -> dict[str, Any]:
    """A fresh puzzle in ALTCHA's format for one thing, harder where more is going on (`load` above 1)."""
    most = int(TRIES * min(max(load, 1.0), HARDEST))
    # With its answer fixed beforehand the work has an upper end, which a puzzle of leading zeros has not.
    found = altcha.create_challenge(
        "SHA-256", 1, counter=secrets.randbelow(most), expires_at=now + PROOF_LASTS, data={"about": about, "most": most},
        hmac_secret=_key(secret, "puzzle"),
    )  # fmt: skip
    return found.to_dict()


def proof(payload: str, about: str, *, secret: str) -> Pass | None:
    """What a solved puzzle is worth, or None when it is none of ours, for something else, wrong or expired."""
    if not payload or len(payload) > LONGEST or not altcha.verify_solution(payload, _key(secret, "puzzle")).verified:
        return None
    parameters = json.loads(base64.b64decode(payload))["challenge"]["parameters"]  # signed by us, so it has our shape
    if parameters["data"]["about"] != about:
        return None
    return Pass(_digest("proof", parameters["nonce"]), datetime.fromtimestamp(parameters["expiresAt"], UTC), "came_by_proof")


def ticket(about: str, network: str, *, secret: str, now: datetime) -> Ticket:
    """A new waiting ticket for one thing, of use to one network only."""
    issued = int(now.timestamp())
    body = f"{issued}.{secrets.token_hex(16)}"
    return Ticket(f"{body}.{_mark(body, about, network, secret)}", datetime.fromtimestamp(issued, UTC))


def genuine(text: str, about: str, network: str, *, secret: str, now: datetime) -> Ticket | None:
    """The ticket that was sent back, or None when it is none of ours, for something else, from the future or expired."""
    if len(text) > LONGEST or text.count(".") != 2:
        return None
    body, _, mark = text.rpartition(".")
    if not hmac.compare_digest(mark.encode(), _mark(body, about, network, secret).encode()):
        return None
    found = Ticket(text, datetime.fromtimestamp(int(body.partition(".")[0]), UTC))
    return found if found.issued_at <= now < found.issued_at + TICKET_LASTS else None


def spent(session: Session, shown: Pass) -> bool:
    """Whether a pass was used up before."""
    return session.get(SpentProof, shown.digest) is not None


def spend(session: Session, shown: Pass) -> None:
    """Use a pass up, in the transaction of what it lets through; raises PassSpent when that was done before."""
    dialect = postgresql if is_postgresql(session) else sqlite
    row = {"digest": shown.digest, "expires_at": shown.expires_at}
    insert = dialect.insert(SpentProof).values(row).on_conflict_do_nothing(index_elements=["digest"])
    if session.execute(insert.returning(SpentProof.digest)).scalar() is None:
        raise PassSpent(retry_after=1)


def _key(secret: str, purpose: str) -> bytes:
    # From the secret key, which all nodes share; a key for each purpose, so that neither passes for the other.
    return hmac.new(secret.encode(), b"door:" + purpose.encode(), hashlib.sha256).digest()


def _mark(body: str, about: str, network: str, secret: str) -> str:
    return hmac.new(_key(secret, "ticket"), f"{body}\0{about}\0{network}".encode(), hashlib.sha256).hexdigest()


def _digest(kind: str, what: str) -> str:
    return hashlib.sha256(f"{kind}\0{what}".encode()).hexdigest()
