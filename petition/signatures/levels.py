"""How far an organisation was checked: its own mail domain, a DNS record, or the team; and what a change takes back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from disposable_email_domains import blocklist

from petition import addresses
from petition.signatures import screening
from petition.signatures.models import LEVELS, Signature

TEAM = LEVELS[-1]


def site_domain(website: str) -> str | None:
    """The registered domain of a website, in punycode; None without one."""
    return addresses.registered_domain(urlsplit(website).hostname or "") or None


def judged(address: str | None, website: str) -> str:
    """What the representative's address shows by itself: 'domain' when it is at the website's own domain."""
    site = site_domain(website)
    host = addresses.domain(address) if address else ""
    anybodys = addresses.is_free_mail(host) or host in blocklist or site in blocklist
    return "domain" if site is not None and not anybodys and addresses.registered_domain(host) == site else "unverified"


def at(level: str, now: datetime, evidence: str = "") -> dict[str, Any]:
    """The columns of a level reached now; `unverified` was never reached."""
    return {"level": level, "level_at": now if level != "unverified" else None, "evidence": evidence}


def write(signature: Signature, values: dict[str, Any]) -> None:
    """Put a level into a signature."""
    for name, value in values.items():
        setattr(signature, name, value)


def reach(signature: Signature, level: str, now: datetime, evidence: str = "") -> bool:
    """Raise the level; False where the same or a higher one stands already, since only the team may lower one."""
    if LEVELS.index(level) <= LEVELS.index(signature.level or "unverified"):
        return False
    write(signature, at(level, now, evidence))
    return True


def after_change(signature: Signature, said: dict[str, str], now: datetime) -> dict[str, Any]:
    """What a changed name or website leaves of a level: a check of another domain, or by the team of another name, is none."""
    moved = site_domain(said["website"]) != site_domain(signature.website)
    renamed = screening.fold_organisation(said["organisation"]) != screening.fold_organisation(signature.organisation)
    if moved or (renamed and signature.level == TEAM):
        return at(judged(signature.email, said["website"]), now)
    return {}


def after_takeover(signature: Signature, address: str, now: datetime) -> dict[str, Any]:
    """What another representative's address leaves of a level: only what was shown by the address is judged again."""
    if signature.level in ("unverified", "domain"):
        return at(judged(address, signature.website), now)
    return {}


def without_team(signature: Signature, now: datetime) -> None:
    """Take the team's check back, to what the address shows by itself."""
    if signature.level == TEAM:
        write(signature, at(judged(signature.email, signature.website), now))


def verification(signature: Signature) -> str:
    """What was checked, in the word that exports and the API use: imported, email, domain, dns or team."""
    if signature.origin == "imported":
        return "imported"
    return "email" if signature.kind == "person" or signature.level == "unverified" else signature.level
