"""Named limits, each a sentence made of its numbers, and whom or what each of them counts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from petition.addresses import delegated_domain
from petition.errors import N_

MINUTE, HOUR, DAY = 60, 3600, 86_400
_UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second"))


@dataclass(frozen=True)
class Rate:
    """So many within so many seconds."""

    count: int
    seconds: int

    @property
    def period(self) -> tuple[int, str]:
        """The seconds in the largest unit that divides them: 300 is (5, "minute")."""
        return next((self.seconds // size, unit) for size, unit in _UNITS if self.seconds % size == 0)


@dataclass(frozen=True)
class Policy:
    """One limit: its name, the sentence that explains it, whom or what it counts, and the rate it has unless a team changed it."""

    name: str
    words: str  # a sentence with places for %(count)s and %(period)s
    about: str  # network, domain, account, letter or site
    default: Rate
    least: int = 1  # the smallest count that may be set

    def sentence(self, rate: Rate) -> str:
        """The policy in one English sentence."""
        number, unit = rate.period
        period = f"in one {unit}" if number == 1 else f"in {number} {unit}s"
        return self.words % {"count": f"{rate.count:,}", "period": period}

    def subject(self, given: str) -> str:
        """What is counted: the network of an address, the registered domain of a mail domain, else what was given."""
        if not isinstance(given, str):
            raise TypeError("what is counted is text")  # ipaddress would read a number as an address
        return {"network": network_prefix, "domain": delegated_domain}.get(self.about, str)(given)


def _of(about: str, name: str, words: str, count: int, seconds: int, least: int = 1) -> Policy:
    return Policy(name, words, about, Rate(count, seconds), least)


SIGN_BURST = _of("network", "sign_burst", N_("Signing posts from one network: at most %(count)s %(period)s."), 20, MINUTE)
SIGN_SUSTAINED = _of("network", "sign_sustained", N_("Signing posts from one network: at most %(count)s %(period)s."), 300, HOUR)
DOMAIN = _of("domain", "domain", N_("Signing posts with addresses of one mail domain: at most %(count)s %(period)s."), 600, HOUR)
FREE_MAIL = _of(
    "domain", "free_mail", N_("Signing posts with addresses of one large free-mail provider: at most %(count)s %(period)s."), 20_000, HOUR,
)  # fmt: skip
LETTER_LOAD = _of(
    "letter", "letter_load", N_("Signing posts on one letter: above %(count)s %(period)s everybody is asked for a proof."), 300, MINUTE,
)  # fmt: skip
SITE_LOAD = _of(
    "site", "site_load", N_("Signing posts on the whole site: above %(count)s %(period)s everybody is asked for a proof."), 3_000, MINUTE,
)  # fmt: skip
TICKETS = _of("network", "tickets", N_("Posts let in by a waiting ticket from one network: at most %(count)s %(period)s."), 10, MINUTE)
LINK_GUESSES = _of("network", "link_guesses", N_("Unknown links opened from one network: at most %(count)s %(period)s."), 30, MINUTE)
FIND = _of("network", "find", N_("Requests for a lost link from one network: at most %(count)s %(period)s."), 10, HOUR)
FOLLOW = _of("network", "follow", N_("Requests for news of a letter from one network: at most %(count)s %(period)s."), 10, HOUR)
LOGIN = _of("network", "login", N_("Log-in attempts from one network: at most %(count)s %(period)s."), 20, 5 * MINUTE, least=5)
LOGIN_ACCOUNT = _of(
    "network", "login_account", N_("Log-in attempts for one account from one network: at most %(count)s %(period)s."), 8, 5 * MINUTE,
    least=5,
)  # fmt: skip
CODES = _of(
    "account", "codes", N_("Codes of the second step tried for one account, from anywhere: at most %(count)s %(period)s."), 30, HOUR,
    least=5,
)  # fmt: skip
DNS_CHECK = _of("network", "dns_check", N_("Look-ups of a DNS record from one network: at most %(count)s %(period)s."), 10, 5 * MINUTE)
REPORT = _of("network", "report", N_("Reports of entries from one network: at most %(count)s %(period)s."), 20, HOUR)
REPORT_ENTRY = _of("network", "report_entry", N_("Reports of one entry from one network: at most %(count)s %(period)s."), 1, 3 * DAY)
WRITTEN = _of("network", "written", N_("Readers of one network who say that they have written: at most %(count)s %(period)s."), 10, HOUR)
# Counted from the signatures themselves when one is confirmed, not at the door.
DOMAIN_CAP = _of(
    "domain", "domain_cap", N_("Published by themselves on one letter, of one mail domain: at most %(count)s %(period)s; more wait."),
    100, HOUR,
)  # fmt: skip

POLICIES = (
    SIGN_BURST, SIGN_SUSTAINED, DOMAIN, FREE_MAIL, LETTER_LOAD, SITE_LOAD, TICKETS, LINK_GUESSES, FIND, FOLLOW, LOGIN, LOGIN_ACCOUNT,
    CODES, DNS_CHECK, REPORT, REPORT_ENTRY, WRITTEN, DOMAIN_CAP,
)  # fmt: skip
BY_NAME = {policy.name: policy for policy in POLICIES}


def network_prefix(address: str) -> str:
    """The network that an address counts for: /24 of IPv4, /48 of IPv6, `unknown` for what is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(found), 48), strict=False))
        found = found.ipv4_mapped
    return str(ipaddress.IPv4Network((int(found), 24), strict=False))
