"""Limits on what may come in within a time: named policies, counted under keys that die after 72 hours."""

from petition.limits.counters import KEPT
from petition.limits.limiter import Limiter, Use
from petition.limits.policies import (
    BY_NAME,
    CODES,
    DNS_CHECK,
    DOMAIN,
    DOMAIN_CAP,
    FIND,
    FOLLOW,
    FREE_MAIL,
    LETTER_LOAD,
    LINK_GUESSES,
    LOGIN,
    LOGIN_ACCOUNT,
    POLICIES,
    REPORT,
    REPORT_ENTRY,
    SIGN_BURST,
    SIGN_SUSTAINED,
    SITE_LOAD,
    TICKETS,
    WRITTEN,
    Policy,
    Rate,
    network_prefix,
)  # fmt: skip

__all__ = [
    "BY_NAME", "CODES", "DNS_CHECK", "DOMAIN", "DOMAIN_CAP", "FIND", "FOLLOW", "FREE_MAIL", "KEPT", "LETTER_LOAD", "LINK_GUESSES", "LOGIN",
    "LOGIN_ACCOUNT", "POLICIES", "REPORT", "REPORT_ENTRY", "SIGN_BURST", "SIGN_SUSTAINED", "SITE_LOAD", "TICKETS", "WRITTEN", "Limiter",
    "Policy", "Rate", "Use", "network_prefix",
]  # fmt: skip
