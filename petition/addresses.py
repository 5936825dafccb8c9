"""E-mail addresses: how they are checked, folded to one identity, and remembered as a keyed fingerprint only."""

from __future__ import annotations

import hashlib
import hmac

import idna
from email_validator import EmailNotValidError, validate_email

from petition.errors import N_, Fault, Invalid

# Providers that deliver a+tag@ and a@ to one mailbox; those in _DOTLESS ignore dots as well.
_ALIASES = {"googlemail.com": "gmail.com", "ya.ru": "yandex.ru", "yandex.com": "yandex.ru", "protonmail.com": "proton.me", "pm.me": "proton.me"}
_DOTLESS = {"gmail.com"}
_PLUS_TAGS = {"gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "me.com", "proton.me", "fastmail.com", "yandex.ru"}

# The large mail domains of the regions our letters reach; a near miss of one is almost always a slip of the finger.
COMMON_DOMAINS = (
    "gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "mail.ru", "yandex.ru", "proton.me",
    "protonmail.com", "gmx.de", "web.de", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "hotmail.fr", "yahoo.fr",
)  # fmt: skip
_NOT_NEAR_MISSES = frozenset(
    {"gmx.net", "gmx.at", "gmx.ch", "mail.com", "email.com", "gmx.com", "gmx.fr", "ymail.com", "free.com", "mail.de", "yahoo.de", "hotmail.de", "me.com", "hotmail.it", "yahoo.it", "hotmail.es", "yahoo.es"}
)  # fmt: skip


def normalise(address: str) -> str:
    """The address in its one deliverable spelling; raises Invalid with a fault on `email` (RFC 5321, 6531)."""
    try:
        found = validate_email(address, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=False, strict=True)
    except EmailNotValidError as error:
        raise Invalid([not_an_address()]) from error
    if len(found.normalized) > 254 or "." not in found.ascii_domain:
        raise Invalid([not_an_address()])
    return str(found.normalized)


def not_an_address() -> Fault:
    """The fault shown beside the field when an address cannot be one."""
    return Fault("email", "not_an_address", N_("Enter one e-mail address, like name@example.org."))


def domain(address: str) -> str:
    """The domain of a normalised address, in lower-case punycode."""
    name = address.rpartition("@")[2].lower()
    return idna.encode(name, uts46=True).decode() if not name.isascii() else name


def fold(address: str) -> str:
    """The one identity of a mailbox: domain case, punycode and the known providers' rules; never used for sending."""
    local, host = address.rpartition("@")[0], domain(address)
    host = _ALIASES.get(host, host)
    if not local.startswith('"'):
        local = local.lower()
        if host in _PLUS_TAGS:
            local = local.partition("+")[0] or local
        if host in _DOTLESS:
            local = local.replace(".", "")
    return f"{local}@{host}"


def fingerprint(address: str, key: bytes) -> str:
    """HMAC-SHA256 of the folded address under the installation's key, 64 hex digits (RFC 2104)."""
    return hmac.new(key, b"address:" + fold(address).encode(), hashlib.sha256).hexdigest()


def near_miss(address: str) -> str | None:
    """The address its owner probably meant (gmial.com -> gmail.com), or None."""
    local, host = address.rpartition("@")[0], domain(address)
    if host in COMMON_DOMAINS or host in _NOT_NEAR_MISSES:
        return None
    for known in COMMON_DOMAINS:
        if _one_slip(host, known):
            return f"{local}@{known}"
    return None


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was left out, added, changed, or swapped with its neighbour."""
    if abs(len(typed) - len(meant)) > 1 or typed == meant:
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    left, right = typed[start:], meant[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:])
    )
