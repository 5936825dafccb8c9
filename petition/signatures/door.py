"""The door to a letter's forms: who comes in at once, who is asked for a proof or a minute's patience first, and what was noticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from petition import addresses, challenge, limits
from petition.challenge import Pass, Ticket
from petition.config import Config
from petition.db import db
from petition.errors import N_, TooMany
from petition.letters.models import Letter
from petition.limits import Limiter
from petition.signatures.rulebook import Rulebook

REASONS = {
    "network": N_("Many people are signing from your network just now."),
    "domain": N_("Many people with addresses at your mail provider are signing just now."),
    "letter": N_("Many people are signing this letter just now."),
    "site": N_("Many people are signing on this site just now."),
    "blocked": N_("Signatures from your network are looked at more closely on this letter just now."),
    "find": N_("Many people are asking for their links from your network just now."),
    "follow": N_("Many people are asking for news from your network just now."),
    "on": N_("Signing this letter is guarded more closely just now."),
    "queue": N_("Many people in your network are waiting with you."),
    "spent": N_("The proof you sent was used for another signature already."),
}


@dataclass(frozen=True)
class Arrival:
    """What the door noticed about a signing request: codes of screening's reasons, its network's keyed hash, what to spend."""

    signals: tuple[str, ...] = ()
    network: str | None = None
    shown: Pass | None = None


@dataclass(frozen=True)
class Visit:
    """What comes with a form beside the statement: the client's address, whether the trap was filled, proof and ticket."""

    address: str
    trapped: bool = False
    proof: str = ""
    ticket: str = ""


class ProofAsked(TooMany):
    """The visitor has to show a proof or wait; `ticket` lets them in after `retry_after` seconds. Nothing is lost."""

    code = "proof_asked"

    def __init__(self, why: str, ticket: Ticket, retry_after: int) -> None:
        self.message = REASONS[why]
        self.ticket = ticket
        super().__init__(retry_after)


class Door:
    """One visit to a letter: to sign, `knock` before the form is read and `enter` with the address; `look_up` to find."""

    def __init__(
        self, letter: Letter, visit: Visit, limiter: Limiter, config: Config, now: datetime, rulebook: Rulebook | None = None,
    ) -> None:  # fmt: skip
        self._rulebook = rulebook or Rulebook()
        self._letter, self._visit, self._limiter, self._config, self._now = letter, visit, limiter, config, now
        self._about = str(letter.id)
        self._network = limiter.network_hash(visit.address)
        self._signals = ["honeypot"] if visit.trapped else []
        self._shown: Pass | None = None

    def knock(self) -> None:
        """Count the visit; raises ProofAsked where a limit is spent and the visit brings neither proof nor ripe ticket."""
        listed = self._rulebook.of_network(self._letter, self._visit.address, now=self._now, hashed=self._network)
        crowded = listed != "allow" and self._network_is_spent()
        self._signals += ["blocked"] * (listed == "block")
        # What its network's limit holds off is no load: one machine could ask everybody for proofs.
        amount = 0 if crowded and self._config.limits else 1
        loaded = self._limiter.load(limits.LETTER_LOAD, self._about, amount) > 1
        busy = self._limiter.load(limits.SITE_LOAD, "", amount) > 1
        self._signals += ["network_burst"] * crowded + ["letter_load"] * loaded
        by_load = self._config.limits and self._letter.proof == "auto"
        if not self._letter.is_signable(self._now):
            return  # nobody works for a letter that takes no signatures
        if listed == "block":
            self._ask_for_pass("blocked")
        elif self._letter.proof == "on":
            self._ask_for_pass("on")
        elif crowded and self._config.limits:
            self._ask_for_pass("network")
        elif by_load and (loaded or busy):
            self._ask_for_pass("letter" if loaded else "site")

    def enter(self, email: str) -> Arrival:
        """Count the address's domain and let the visit in; raises ProofAsked as `knock` does."""
        domain = addresses.domain(email)
        policy = limits.FREE_MAIL if addresses.is_free_mail(domain) else limits.DOMAIN
        allowed = self._rulebook.of_domain(self._letter, domain, now=self._now) == "allow"
        if not allowed and self._limiter.count(policy, domain):
            self._signals.append("domain_burst")
            if self._config.limits:
                self._ask_for_pass("domain")
        if self._shown is not None:
            self._signals.append(self._shown.signal)
        self._queue()
        return Arrival(tuple(self._signals), self._network, self._shown)

    def look_up(self, policy: limits.Policy = limits.FIND) -> Pass | None:
        """Count a request for a lost link, or for news, and return what it spends, if anything; raises ProofAsked as `knock` does."""
        if self._limiter.count(policy, self._visit.address) and self._config.limits:
            self._ask_for_pass(policy.name)
            self._queue()
        return self._shown

    def asked(self, why: str) -> ProofAsked:
        """The request for a proof, with the ticket that the visit brought or a new one."""
        held = None if why == "spent" else self._ticket()
        held = held or challenge.ticket(self._about, self._network or "", secret=self._config.secret_key, now=self._now)
        return ProofAsked(why, held, max(1, held.waits(self._now)))

    def _network_is_spent(self) -> bool:
        address = self._visit.address
        return any(self._limiter.count(policy, address) for policy in (limits.SIGN_BURST, limits.SIGN_SUSTAINED))

    def _ask_for_pass(self, why: str) -> None:
        if self._shown is None:
            self._shown = challenge.proof(self._visit.proof, self._about, secret=self._config.secret_key) or self._ripe()
        if self._shown is None:
            raise self.asked(why)

    def _ripe(self) -> Pass | None:
        held = self._ticket()
        return held.admits if held is not None and not held.waits(self._now) else None

    def _ticket(self) -> Ticket | None:
        return challenge.genuine(
            self._visit.ticket, self._about, self._network or "", secret=self._config.secret_key, now=self._now
        )

    def _queue(self) -> None:
        """Tickets let in only so many a minute from one network; beyond that they stay good and ask to wait again."""
        if self._shown is None or self._shown.signal != "came_by_ticket":
            return
        if challenge.spent(db.session(), self._shown):  # it lets nobody in, and takes nobody else's turn
            raise self.asked("spent")
        wait = self._limiter.count(limits.TICKETS, self._visit.address)
        if wait and self._config.limits:
            asked = self.asked("queue")
            asked.retry_after = wait
            raise asked
