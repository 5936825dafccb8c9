"""What an entry of an allow or block list may name, brought to one spelling: nothing so wide that it means everybody."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from petition import addresses
from petition.config import Config
from petition.errors import N_, Fault, Invalid
from petition.limits import KEPT

LONGEST = 253
_GLOB = re.compile(r"(?:[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?\.)+[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?")
_HASH = re.compile(r"[0-9a-f]{64}")
# What registries put before their country, as in com.br.
_REGISTRY_WORDS = frozenset(("com", "org", "net", "edu", "gov", "gob", "gouv", "mil", "int", "info", "biz", "web", "asso"))
# Not narrower than what is counted as one network, and not wider than a large provider.
_WIDEST, _NARROWEST = {4: 8, 6: 16}, {4: 24, 6: 48}


@dataclass(frozen=True)
class Pattern:
    """Whom an entry names: as it is compared, as the list shows it, and when it cannot mean anything any more."""

    text: str
    shown: str
    dies_at: datetime | None = None


def read(kind: str, typed: str, *, label: str, config: Config, now: datetime) -> Pattern:
    """The pattern that a team member typed; raises Invalid with a fault on `pattern`."""
    text = typed.strip()
    if not text:
        raise _wrong("missing", N_("Please say whom the entry is about."))
    if kind == "domain":
        glob = domain(text)
        return Pattern(glob, glob)
    if kind == "address":
        found = addresses.fingerprint(_address(text), config.fingerprint_bytes)
        return Pattern(found, f"{_short(found)} {label}".strip())
    return network(text, now)


def domain(text: str) -> str:
    """A mail domain, or a glob such as `*.example.org`, in lower-case punycode; raises Invalid."""
    text = text.removeprefix("@").rstrip(".").lower()
    if "@" in text:
        raise _wrong("is_an_address", N_("This is an address. Choose “one address” for it, or leave only what follows the @ sign."))
    try:
        glob = ".".join(each if "*" in each else addresses.domain(f"@{each}") for each in re.sub(r"\*+", "*", text).split("."))
    except UnicodeError:
        glob = ""
    if len(glob) > LONGEST or not _GLOB.fullmatch(glob if glob != "*" else "*.*"):
        words = N_("Enter a mail domain like example.org, or with * for any part of it: *.example.org, mail.example.*.")
        raise _wrong("not_a_domain", words)
    if not _names_somebody(glob.split(".")):
        words = N_("This would mean nearly every mail domain. Name at least one part that belongs to somebody, as in *.example.org.")
        raise _wrong("too_wide", words)
    return glob


def _names_somebody(labels: list[str]) -> bool:
    """Whether a whole part is given that is no registry's, such as `example` in `*.example.co.uk`."""
    if "*" in labels[-1]:  # then nobody knows where the registry's part begins
        return any("*" not in each and len(each) > 2 and each not in _REGISTRY_WORDS for each in labels)
    # Of registries only: a domain that somebody lets out by the name, as dynamic DNS does, can be blocked whole.
    start = max((at + 1 for at, label in enumerate(labels) if "*" in label), default=0)
    registry = addresses.registries().publicsuffix(".".join(labels[start:])) or ""
    return any("*" not in each for each in labels[: -len(registry.split("."))])


def _address(text: str) -> str:
    try:
        if len(text) > 254:
            raise Invalid([addresses.not_an_address()])
        return addresses.normalise(text)
    except Invalid as error:
        fault = error.faults[0]
        raise _wrong(fault.code, fault.message) from None


def _short(digest: str) -> str:
    return " ".join(digest[at : at + 4] for at in range(0, 16, 4)) + "…"


def network(text: str, now: datetime) -> Pattern:
    """A CIDR network, or the keyed hash of one, which dies with its key; raises Invalid."""
    if _HASH.fullmatch(text.lower()):
        return Pattern(text.lower(), _short(text.lower()), datetime.fromtimestamp((now.timestamp() // KEPT + 1) * KEPT, UTC))
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        words = N_("Enter a network like 203.0.113.0/24 or 2001:db8::/32, or the 64 characters that a group in the queue shows.")
        raise _wrong("not_a_network", words) from None
    if found.prefixlen > _NARROWEST[found.version]:
        words = N_("This is narrower than what counts as one network here. You probably mean %(network)s.")
        raise _wrong("too_narrow", words, network=str(found.supernet(new_prefix=_NARROWEST[found.version])))
    if found.prefixlen < _WIDEST[found.version]:
        words = N_("This is too wide: at most /%(widest)s.")
        raise _wrong("too_wide", words, widest=_WIDEST[found.version])
    return Pattern(str(found), str(found))


def _wrong(code: str, words: str, **params: object) -> Invalid:
    return Invalid([Fault("pattern", code, words, dict(params))])
