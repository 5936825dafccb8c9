"""What the holder of a link may do with their signature: see it, change it, hide it, withdraw it, disown it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from petition import addresses, outbox
from petition.audit import SIGNATORY
from petition.config import Config
from petition.db import db, serialise, transaction, violated
from petition.errors import N_, EntryStands, Fault, Invalid, LinkNotValid
from petition.signatures import tokens, transitions
from petition.signatures.models import STATEMENT, VISIBILITIES, Signature, SigningRequest
from petition.signatures.operations import CONFIRM_WITHIN, apply_change, claim, discard, mail_link, put_on_record
from petition.signatures.submission import line

CHANGEABLE = {
    "person": ("name", "organisation", "role", "country", "comment", "visibility", "deliver"),
    "organisation": ("name", "organisation", "latin_name", "role", "website", "country", "comment"),
}


@dataclass(frozen=True)
class Behind:
    """What a link leads to: a pending request or a signature, never both."""

    request: SigningRequest | None
    signature: Signature | None

    @property
    def statement(self) -> SigningRequest | Signature:
        """Whichever of the two it is."""
        found = self.request or self.signature
        if found is None:
            raise LinkNotValid
        return found


def look(token: str, *, now: datetime) -> Behind:
    """What the link leads to, changing nothing; raises LinkNotValid."""
    link = tokens.follow(db.session(), token, now)
    behind = Behind(link.request, link.signature)
    if behind.statement.letter is None:
        raise LinkNotValid
    return behind


def change(token: str, values: dict[str, str | bool], *, address: str = "", config: Config, now: datetime) -> str:
    """Change what a signature says: 'changed', or 'mailed' when it would become more public and the mailbox must agree.

    Raises Invalid when the address is needed and missing, LinkNotValid for a withdrawn or rejected signature, and
    EntryStands when another entry has the organisation's new name.
    """
    with transaction() as session:
        link = claim(session, token, now)
        signature = link.signature
        if signature is None or signature.state not in ("published", "held"):
            raise LinkNotValid
        wanted = {name: value for name, value in values.items() if name in CHANGEABLE[signature.kind]}
        if signature.kind == "organisation" and "organisation" in wanted:
            wanted["organisation"] = line("organisation", str(wanted["organisation"]), required=True)
        _mind_the_name(signature, wanted)
        # What waits for the mailbox was asked for earlier; it must not bring back what is changed now.
        discard(session, list(session.scalars(_waiting(signature))))
        if _more_public(signature, wanted):
            _ask_mailbox(signature, wanted, address, config, now)
            return "mailed"
        try:
            with session.begin_nested():
                apply_change(session, signature, wanted, config, now)
        except IntegrityError as error:
            if not violated(error, "uq_signature_organisation", "signature.organisation_key"):
                raise
            if not signature.letter.confidential:
                raise EntryStands from error
            apply_change(session, signature, wanted, config, now, contested=True)
        return "changed"


def _mind_the_name(signature: Signature, wanted: dict[str, str | bool]) -> None:
    """Raise Invalid for an empty name, unless it is erased and may stay so."""
    kept = {name: wanted.get(name, getattr(signature, name)) for name in ("name", "visibility", "deliver")}
    if signature.kind == "person" and kept["visibility"] == "counted" and not kept["deliver"]:
        return
    line("name", str(kept["name"]), required=True)


def _more_public(signature: Signature, wanted: dict[str, str | bool]) -> bool:
    """Whether more eyes would see the name than before: readers', or the addressees' when it is to be handed over."""
    before, after = signature.visibility, str(wanted.get("visibility", signature.visibility))
    handed_over = bool(wanted.get("deliver", False)) and not signature.deliver and after != "public"
    return VISIBILITIES.index(after) > VISIBILITIES.index(before) or (handed_over and signature.kind == "person")


def _ask_mailbox(signature: Signature, wanted: dict[str, str | bool], address: str, config: Config, now: datetime) -> None:
    """Mail a fresh link to the address typed again; a wrong address gets the same answer and no mail."""
    if not address:
        raise Invalid([Fault("email", "missing", N_("To become more visible, enter your e-mail address again; we will mail you a link."))])
    address = addresses.normalise(address)
    found = addresses.fingerprint(address, config.fingerprint_bytes)
    if found != signature.address_fingerprint:
        return
    session = db.session()
    values = {name: getattr(signature, name) for name in STATEMENT} | wanted
    row = SigningRequest(
        **values, letter=signature.letter, text=signature.text, digest=tokens.digest(f"{signature.public_id} {now.isoformat()}"),
        email=address, address_fingerprint=found, signature_id=signature.id, created_at=now, mailed_at=now,
        expires_at=now + CONFIRM_WITHIN,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if not mail_link(session, "expose", row, config=config, now=now):
        session.delete(row)  # nobody could ever confirm it


def withdraw(token: str, *, now: datetime, why: str = "withdrawn") -> str:
    """Withdraw a signature, or a request that was never confirmed; doing it twice is doing it once.

    Returns 'withdrawn', or 'forgotten' where nothing had been signed yet.
    """
    with transaction() as session:
        link = claim(session, token, now)
        signature = link.signature
        if signature is None:
            rows = _of_mailbox(link.request) if why == "not me" else select(SigningRequest.id).where(SigningRequest.id == link.request_id)
            discard(session, list(session.scalars(rows)))
            return "forgotten"
        if signature.state != "withdrawn":
            discard(session, list(session.scalars(_waiting(signature))))
            if why == "not me":  # whoever misused the address may have tried more than once
                discard(session, list(session.scalars(_of_mailbox(signature))))
            _empty_queue(session, signature, now)
            transitions.move(session, signature, "withdrawn", actor=SIGNATORY, now=now, why=why)
        return "withdrawn"


def _waiting(signature: Signature) -> Select[int]:
    """The changes to a signature that wait for its mailbox."""
    return select(SigningRequest.id).where(SigningRequest.signature_id == signature.id)


def _of_mailbox(found: SigningRequest | Signature | None) -> Select[int]:
    """Everything that waits under a letter for one mailbox."""
    if found is None:
        raise LinkNotValid
    return select(SigningRequest.id).where(
        SigningRequest.letter_id == found.letter_id, SigningRequest.address_fingerprint == found.address_fingerprint
    )


def unsubscribe(token: str, *, now: datetime) -> None:
    """Stop the news and forget the address kept for it; the signature stands."""
    with transaction() as session:
        link = claim(session, token, now)
        if link.signature is None:
            raise LinkNotValid
        _stop_news(session, link.signature, now)


def stop_news(session: Session, letter_id: int, fingerprint: str, *, now: datetime) -> None:
    """Stop the news for every signature of a mailbox under a letter, inside the caller's transaction."""
    serialise(session, "address", letter_id, fingerprint)
    mine = select(Signature).where(Signature.letter_id == letter_id, Signature.address_fingerprint == fingerprint, Signature.updates)
    for signature in session.scalars(mine.with_for_update().execution_options(populate_existing=True)):
        _stop_news(session, signature, now)


def _empty_queue(session: Session, signature: Signature, now: datetime) -> None:
    """Take out of the queue what waits there for the mailbox, while its fingerprint is known."""
    if signature.address_fingerprint:
        for scope in (f"news:{signature.letter_id}", f"renew:{signature.letter_id}"):
            outbox.stop(session, scope, now, signature.address_fingerprint)


def _stop_news(session: Session, signature: Signature, now: datetime) -> None:
    if signature.updates:
        put_on_record(session, signature, {"updates": False}, now)
        signature.updates = False
        transitions.changed(session, signature, {"updates": True})
    _empty_queue(session, signature, now)
    discard(session, list(session.scalars(_waiting(signature))))
    if signature.state == "published" and signature.kind == "person":
        signature.email = None
