"""The short code in the mail that confirms a request, for those whose mail is on another device or whose links are rewritten."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import select, update

from petition import addresses
from petition.config import Config
from petition.db import transaction
from petition.errors import N_, Fault, Invalid
from petition.signatures import tokens
from petition.signatures.models import SigningRequest

# Crockford's base 32: no letter is taken for a digit, and eight of them are 40 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
TRIES = 5  # wrong ones, for all that one mailbox asked for; the link in the mail works on
_TYPED = str.maketrans("OIL", "011", " -\u2010\u2011\u2012\u2013\u2014\u00a0\u202f\t")


def code(row: SigningRequest, config: Config) -> str:
    """The code of a request, eight characters; the same in every mail about it, and stored nowhere."""
    about = f"code:{row.id}:{row.digest}".encode()
    number = int.from_bytes(hmac.new(config.fingerprint_bytes, about, hashlib.sha256).digest()[:5])
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))


def for_mail(row: SigningRequest, config: Config) -> str:
    """The code as it is written into a mail, ABCD-EFGH, or nothing where wrong ones have ended it."""
    text = code(row, config)
    return "" if row.code_tries >= TRIES else f"{text[:4]}-{text[4:]}"


def exchange(address: str, typed: str, *, config: Config, now: datetime) -> str:
    """The token of a new link to the request that this address and code name, as long as the request waits.

    Raises Invalid, in the same words whether the code is wrong, spent, expired, or the address asked for nothing.
    """
    given = plain(typed)
    fingerprint = addresses.fingerprint(address, config.fingerprint_bytes)
    waiting = select(SigningRequest).where(
        SigningRequest.address_fingerprint == fingerprint, SigningRequest.signature_id.is_(None),
        SigningRequest.expires_at > now, SigningRequest.code_tries < TRIES,
    )  # fmt: skip
    # Locked, so that guesses sent at once are counted one after the other.
    with transaction() as session:
        rows = session.scalars(waiting.with_for_update().execution_options(populate_existing=True)).all()
        for row in rows:
            if hmac.compare_digest(code(row, config), given):
                return tokens.issue(session, "confirm", leads_to=row, expires_at=row.expires_at)
        wrong = update(SigningRequest).where(SigningRequest.id.in_([row.id for row in rows]))
        session.execute(wrong.values(code_tries=SigningRequest.code_tries + 1))
    message = N_("This code does not fit this address, or is no longer valid. The link in the mail works as well.")
    raise Invalid([Fault("code", "wrong_code", message)])


def plain(typed: str) -> str:
    """What was typed, without spaces and dashes and with the letters that are taken for digits; raises Invalid."""
    text = typed.strip().upper().translate(_TYPED)
    if len(text) != LENGTH or any(letter not in ALPHABET for letter in text):
        raise Invalid([Fault("code", "not_a_code", N_("The code has eight letters and digits. It stands in our mail, below the link."))])
    return text
