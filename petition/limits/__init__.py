"""Limits on what one network may do within a time: named policies, counted under keys that die after 72 hours."""

from petition.limits.counters import KEPT
from petition.limits.limiter import Limiter
from petition.limits.policies import (
    DNS_CHECK,
    DOMAIN_CAP,
    FIND,
    LINK_GUESSES,
    LOGIN,
    LOGIN_ACCOUNT,
    POLICIES,
    REPORT,
    REPORT_ENTRY,
    SIGN_BURST,
    SIGN_SUSTAINED,
    Policy,
    network_prefix,
)  # fmt: skip

__all__ = [
    "DNS_CHECK", "DOMAIN_CAP", "FIND", "KEPT", "LINK_GUESSES", "LOGIN", "LOGIN_ACCOUNT", "POLICIES", "REPORT", "REPORT_ENTRY",
    "SIGN_BURST", "SIGN_SUSTAINED", "Limiter", "Policy", "network_prefix",
]  # fmt: skip
