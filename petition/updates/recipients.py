"""The mailboxes of a mailing: the condition that signatories meet, and how one who leaves is forgotten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.signatures import transitions
from petition.signatures.models import Signature
from petition.updates.models import Follower, Mailing, MailingRecipient


def asked(letter_id: int) -> tuple[Any, ...]:
    """The conditions that signatories meet who asked for news and are reached."""
    return (
        Signature.letter_id == letter_id, Signature.updates, Signature.email.is_not(None), Signature.state == "published",
        Signature.address_fingerprint.is_not(None),
    )  # fmt: skip


def forget(session: Session, letter_id: int, mailbox: str) -> None:
    """Forget that a mailbox which left was among those of the letter's mailings; what still wants news of it stands in.

    A mailing gathers before it mails and never afterwards, so whoever was mailed and comes back is not mailed it again.
    """
    mailings = select(Mailing.id).where(Mailing.letter_id == letter_id)
    mine = select(MailingRecipient).where(MailingRecipient.fingerprint == mailbox, MailingRecipient.mailing_id.in_(mailings))
    if session.scalar(mine.with_only_columns(MailingRecipient.mailing_id).limit(1)) is None:
        return
    # The mailings first, as whoever feeds them does, so that neither waits for the other.
    first = select(Mailing).where(Mailing.letter_id == letter_id).order_by(Mailing.id).with_for_update()
    kept = {each.id: each for each in session.scalars(first.execution_options(populate_existing=True))}
    other = _other(session, letter_id, mailbox)
    for each in session.scalars(mine.execution_options(populate_existing=True)):
        if other is not None:
            each.source, each.source_id = other
            continue
        if each.fed_at is None:
            kept[each.mailing_id].fed += 1  # it wants no mail any more
        session.delete(each)


def _other(session: Session, letter_id: int, mailbox: str) -> tuple[str, int] | None:
    """What else of the mailbox wants the letter's news: that it follows, or another signature."""
    follows = select(Follower.id).where(Follower.letter_id == letter_id, Follower.address_fingerprint == mailbox)
    if (number := session.scalar(follows.where(Follower.confirmed_at.is_not(None)))) is not None:
        return "follower", number
    signed = select(Signature.id).where(*asked(letter_id), Signature.address_fingerprint == mailbox).order_by(Signature.id)
    number = session.scalar(signed.limit(1))
    return ("signature", number) if number is not None else None


@transitions.on_forget
def _withdrawn(session: Session, signature: Signature) -> None:
    """Whoever withdrew is not among those of a mailing either; what was imported never was."""
    if signature.state == "withdrawn" and signature.address_fingerprint and signature.origin == "online":
        forget(session, signature.letter_id, signature.address_fingerprint)
