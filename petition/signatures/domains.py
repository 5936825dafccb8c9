"""An organisation shows that a domain is its own: a TXT record with a value that only its representative was told."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import dns.exception
import dns.name
import dns.resolver

from petition import audit
from petition.audit import SIGNATORY
from petition.config import Config
from petition.db import db, transaction
from petition.errors import LinkNotValid
from petition.signatures import levels, tokens
from petition.signatures.models import LEVELS, LinkToken, Signature
from petition.signatures.operations import claim

LIFETIME = 4.0  # seconds that a look-up may take in all, so that no visitor holds a web process for longer


@dataclass(frozen=True)
class Record:
    """The TXT record that would show that a domain belongs to an entry."""

    name: str
    value: str


def record(signature: Signature | None, config: Config) -> Record | None:
    """The record for an organisation's entry; None where it would show nothing more, or where there is no website."""
    if signature is None or signature.kind != "organisation" or signature.state not in ("published", "held"):
        return None
    if signature.letter.confidential:  # the record, which anybody can look up, would tell of the signature
        return None
    name = levels.site_domain(signature.website)
    if name is None or LEVELS.index(signature.level) >= LEVELS.index("dns"):
        return None
    # Made from the entry, so that it needs no column and no other entry's record can stand in for it.
    words = f"domain record {signature.public_id}".encode()
    digest = hmac.new(config.secret_key.encode(), words, hashlib.sha256).hexdigest()
    return Record(name, f"open-letter-verification={digest[:32]}")


def prove(token: str, *, config: Config, now: datetime) -> str:
    """Look for the record of the entry behind a link: 'dns-found', 'dns-missing', or 'dns-silent' when nobody answers.

    Raises LinkNotValid. No transaction is open while the name servers are asked.
    """
    wanted = record(_behind(token, now), config)
    db.session.rollback()
    if wanted is None:
        raise LinkNotValid
    found = look_up(wanted, config.resolver)
    if found is not True:
        return "dns-silent" if found is None else "dns-missing"
    with transaction() as session:
        signature = claim(session, token, now).signature
        if signature is None or record(signature, config) != wanted:  # changed while we asked
            raise LinkNotValid
        before = signature.level
        levels.reach(signature, "dns", now)
        audit.record(
            session, at=now, actor=SIGNATORY, action="signature.level", thing=("signature", signature.public_id),
            team_id=signature.letter.team_id, before=before, after="dns", letter=signature.letter.slug,
        )  # fmt: skip
    return "dns-found"


def _behind(token: str, now: datetime) -> Signature | None:
    link: LinkToken = tokens.follow(db.session(), token, now)
    return link.signature


def look_up(wanted: Record, server: str, lifetime: float = LIFETIME) -> bool | None:
    """Whether the record stands in the DNS; None when no name server gave an answer."""
    try:
        answer = _resolver(server).resolve(dns.name.from_text(wanted.name), "TXT", lifetime=lifetime, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return False
    except (dns.exception.DNSException, OSError):
        return None
    values = (b"".join(each.strings).strip() for each in answer)
    return wanted.value.encode() in values


def _resolver(server: str) -> dns.resolver.Resolver:
    found = dns.resolver.Resolver(configure=not server)
    if server:
        parts = urlsplit(f"//{server}")
        found.nameservers, found.port = [str(parts.hostname)], parts.port or 53
    return found
