"""Following a letter: asked for by a form, confirmed from the mailbox, ended by one button or one click."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from petition import addresses, challenge, outbox
from petition.config import Config
from petition.db import db, keyed, serialise, transaction
from petition.errors import N_, Conflict, LinkNotValid
from petition.letters.models import Letter
from petition.outbox import bounces
from petition.outbox.models import OutboxMail
from petition.outbox.preparing import prepares
from petition.signatures import changes, tokens
from petition.signatures.models import Signature
from petition.signatures.operations import letter_values
from petition.updates import recipients
from petition.updates.models import Follower

CONFIRM_WITHIN = timedelta(days=7)
ASKED_WITHIN = timedelta(days=2)  # for which the mail that asks is tried
NEWS = timedelta(days=183)  # after a letter closed, addresses kept for its news are forgotten
PROOF = 16  # bytes of the HMAC in a link
# With whatever a mail program left at its end: the link at the foot of news, or that of the mail that asked, today's or of old.
_TOKEN = re.compile(r"([\w-]{72}|[\w-]{64}|[\w-]{32})[^\w-]*", re.ASCII)


class NewsOver(Conflict):
    """News of a letter that closed long ago."""

    code = "news_over"
    message = N_("This letter closed more than six months ago; there is no more news of it.")


@dataclass(frozen=True)
class Behind:
    """What a link leads to: a mailbox and a letter, and whether its news is waited for, wanted, or not."""

    letter: Letter
    fingerprint: str
    state: str  # pending, wanted, none
    language: str


def takes_followers(letter: Letter, now: datetime) -> bool:
    """Whether there may still be news of a letter."""
    ends = [each for each in (letter.closes, letter.closed_at) if each is not None]
    return letter.status != "draft" and all(now - NEWS < each for each in ends)


def prefix(letter: Letter, language: str, config: Config) -> str:
    """What stands before the address of a letter's pages in a language: nothing for the letter's own."""
    return f"/{language}" if language != letter.original_language and language in config.languages else ""


def follow(letter: Letter, address: str, *, language: str, config: Config, now: datetime, shown: challenge.Pass | None = None) -> None:
    """Queue the mail that asks the holder of an address whether news is wanted; nothing is looked up until it is sent.

    Raises NewsOver, and PassSpent when the proof or ticket that let the request in let in another before.
    """
    if not takes_followers(letter, now):
        raise NewsOver
    mailbox = addresses.fingerprint(address, config.fingerprint_bytes)
    values = letter_values(letter, language, config) | {
        "letter_id": letter.id, "prefix": prefix(letter, language, config), "news": token(letter.id, mailbox, config),
    }  # fmt: skip
    with transaction() as session:
        if shown is not None:
            challenge.spend(session, shown)
        outbox.queue(
            session, "follow", to=address, fingerprint=mailbox, language=language, values=values, scope=f"follow:{letter.id}", now=now,
            cap=outbox.FOLLOW_CAP, mailbox=addresses.mailbox(address, config.fingerprint_bytes), lifetime=ASKED_WITHIN,
        )  # fmt: skip


@prepares("follow")
def _ask(session: Session, mail: OutboxMail, now: datetime) -> dict[str, Any]:
    """Keep who is asked, with a link that the next such mail repeats; who follows already is only told how to stop."""
    values = dict(mail.values or {})
    mine = select(Follower).where(
        Follower.letter_id == values["letter_id"], Follower.address_fingerprint == mail.recipient_fingerprint
    )
    row = session.scalar(mine.with_for_update())
    if row is not None and row.confirmed_at is not None:
        return values | {"token": values["news"], "standing": True}
    row = row or Follower(letter_id=values["letter_id"], address_fingerprint=mail.recipient_fingerprint)
    if row.expires_at is None or row.expires_at <= now:
        row.digest = secrets.token_hex(32)
    row.email, row.language = str(mail.recipient), mail.language
    row.expires_at = mail.queued_at + CONFIRM_WITHIN
    session.add(row)
    return values | {"token": _asking(row.digest), "standing": False, "expires_days": (row.expires_at - now).days}


def _asking(digest: str) -> str:
    """What stands in the link of every mail that asks for one follower, with a proof that nobody can make who has the row alone."""
    return urlsafe_b64encode(bytes.fromhex(digest) + bytes.fromhex(keyed("follow", digest))[:PROOF]).decode()


def token(letter_id: int, mailbox: str, config: Config) -> str:
    """What stands in the link at the foot of news: letter and mailbox, and a proof that this site made it (RFC 4648, 5)."""
    plain = letter_id.to_bytes(6) + bytes.fromhex(mailbox)
    return urlsafe_b64encode(plain + _proof(plain, config)).decode()


def _proof(plain: bytes, config: Config) -> bytes:
    return hmac.new(config.secret_key.encode(), b"news\0" + plain, hashlib.sha256).digest()[:PROOF]


def look(given: str, *, config: Config, now: datetime) -> Behind:
    """What a link leads to, changing nothing; raises LinkNotValid."""
    session = db.session()
    letter_id, mailbox, row = _follow(session, given, config, now)
    letter = session.get(Letter, letter_id)
    if letter is None:
        raise LinkNotValid
    mine = select(Signature.language).where(
        Signature.letter_id == letter_id, Signature.address_fingerprint == mailbox, Signature.updates, Signature.email.is_not(None)
    )
    signed = session.scalar(mine.limit(1))
    confirmed = row is not None and row.confirmed_at is not None
    state = "pending" if row is not None and not confirmed else "wanted" if confirmed or signed else "none"
    language = row.language if row is not None else signed or letter.original_language
    return Behind(letter, mailbox, state, language)


def _follow(session: Session, given: str, config: Config, now: datetime) -> tuple[int, str, Follower | None]:
    """The letter's number, the mailbox and its row, if it follows or was asked whether it would; raises LinkNotValid."""
    found = _TOKEN.fullmatch(given.strip())
    if found is None:
        raise LinkNotValid
    if len(found[1]) == 32:
        return _asked(session, tokens.digest(found[1]), now)
    raw = urlsafe_b64decode(found[1])
    plain, proof = raw[:-PROOF], raw[-PROOF:]
    if len(found[1]) == 64:
        if not hmac.compare_digest(_asking(plain.hex()), found[1]):
            raise LinkNotValid
        return _asked(session, plain.hex(), now)
    if not hmac.compare_digest(proof, _proof(plain, config)):
        raise LinkNotValid
    letter_id, mailbox = int.from_bytes(plain[:6]), plain[6:].hex()
    # Only the mail that asked can confirm: a link at the foot of old news, passed on, must not.
    mine = select(Follower).where(Follower.letter_id == letter_id, Follower.address_fingerprint == mailbox)
    return letter_id, mailbox, session.scalar(mine.where(Follower.confirmed_at.is_not(None)))


def _asked(session: Session, digest: str, now: datetime) -> tuple[int, str, Follower | None]:
    row = session.scalar(select(Follower).where(Follower.digest == digest))
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        raise LinkNotValid
    return row.letter_id, row.address_fingerprint, row


def confirm(given: str, *, config: Config, now: datetime) -> None:
    """Let the news come; doing it twice is doing it once. Raises LinkNotValid."""
    with transaction() as session:
        row = _follow(session, given, config, now)[2]
        if row is None:
            raise LinkNotValid
        session.refresh(row, with_for_update=True)
        row.confirmed_at, row.expires_at = row.confirmed_at or now, None


def forget(given: str, *, config: Config, now: datetime) -> None:
    """Forget a mailbox that was asked and says it was not its holder who typed it; raises LinkNotValid."""
    with transaction() as session:
        row = _follow(session, given, config, now)[2]
        if row is None:
            raise LinkNotValid
        session.delete(row)


def stop(given: str, *, config: Config, now: datetime) -> None:
    """Stop all news of the letter to the mailbox, what waits in the queue included; a signature stands.

    Doing it twice is doing it once. Raises LinkNotValid.
    """
    with transaction() as session:
        letter_id, mailbox, _ = _follow(session, given, config, now)
        serialise(session, "news", letter_id, mailbox)
        session.execute(delete(Follower).where(Follower.letter_id == letter_id, Follower.address_fingerprint == mailbox))
        changes.stop_news(session, letter_id, mailbox, now=now)
        outbox.stop(session, f"news:{letter_id}", now, mailbox)
        recipients.forget(session, letter_id, mailbox)


def readers(letter: Letter) -> int:
    """How many mailboxes follow a letter, confirmed."""
    query = select(func.count()).select_from(Follower).where(Follower.letter_id == letter.id, Follower.confirmed_at.is_not(None))
    return db.session.scalar(query) or 0


def wanted_by(letter: Letter) -> int:
    """How many want news of a letter, signatories and followers together; who is both counts twice until it is mailed."""
    signed = select(func.count()).select_from(Signature).where(*recipients.asked(letter.id))
    return (db.session.scalar(signed) or 0) + readers(letter)


def over(now: datetime) -> Any:
    """The numbers of the letters of which there is no more news."""
    return select(Letter.id).where(or_(Letter.closed_at <= now - NEWS, Letter.closes <= now - NEWS))


@bounces.on_dead
def _end_following(session: Session, fingerprint: str) -> None:
    """A mailbox that is dead, or complained, follows nothing any more."""
    session.execute(delete(Follower).where(Follower.address_fingerprint == fingerprint))
