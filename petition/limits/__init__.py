"""Limits on what one network may do within a time: named policies, counted under keys that die after 72 hours."""

from petition.limits.counters import KEPT
from petition.limits.limiter import Limiter
from petition.limits.policies import DOMAIN_CAP, FIND, LINK_GUESSES, LOGIN, POLICIES, SIGN_BURST, SIGN_SUSTAINED, Policy, network_prefix

__all__ = [
    "DOMAIN_CAP", "FIND", "KEPT", "LINK_GUESSES", "LOGIN", "POLICIES", "SIGN_BURST", "SIGN_SUSTAINED", "Limiter", "Policy",
    "network_prefix",
]  # fmt: skip
