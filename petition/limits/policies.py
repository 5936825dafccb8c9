"""Named limits, each a sentence, and the networks that addresses count for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute


@dataclass(frozen=True)
class Policy:
    """One limit: its name, the sentence that explains it, and the rate that it allows."""

    name: str
    sentence: str
    rate: RateLimitItem


SIGN_BURST = Policy("sign_burst", "20 signing posts a minute from one network", RateLimitItemPerMinute(20))
SIGN_SUSTAINED = Policy("sign_sustained", "300 signing posts an hour from one network", RateLimitItemPerHour(300))
LINK_GUESSES = Policy("link_guesses", "30 unknown links a minute from one network", RateLimitItemPerMinute(30))
FIND = Policy("find", "10 lost-link requests an hour from one network", RateLimitItemPerHour(10))
LOGIN = Policy("login", "20 log-in attempts in 5 minutes from one network", RateLimitItemPerMinute(20, 5))
DNS_CHECK = Policy("dns_check", "10 look-ups of a DNS record in 5 minutes from one network", RateLimitItemPerMinute(10, 5))
REPORT = Policy("report", "20 reports an hour from one network", RateLimitItemPerHour(20))
REPORT_ENTRY = Policy("report_entry", "1 report of one entry in 72 hours from one network", RateLimitItemPerHour(1, 72))
# Counted from the signatures themselves when one is confirmed, not at the door; the team may change it all the same.
DOMAIN_CAP = Policy(
    "domain_cap", "100 signatures an hour from one mail domain are published on a letter by themselves, more wait",
    RateLimitItemPerHour(100),
)  # fmt: skip
LOGIN_ACCOUNT = Policy(
    "login_account", "8 log-in attempts in 5 minutes for one account from one network", RateLimitItemPerMinute(8, 5)
)
POLICIES = (SIGN_BURST, SIGN_SUSTAINED, LINK_GUESSES, FIND, LOGIN, LOGIN_ACCOUNT, DNS_CHECK, REPORT, REPORT_ENTRY)


def network_prefix(address: str) -> str:
    """The network that an address counts for: /24 of IPv4, /48 of IPv6, `unknown` for what is no address."""
    if not isinstance(address, str):
        raise TypeError("an address is text")  # ipaddress would read a number as an address
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(found), 48), strict=False))
        found = found.ipv4_mapped
    return str(ipaddress.IPv4Network((int(found), 24), strict=False))
