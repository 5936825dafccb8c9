"""One signature's way in: requested by a form, confirmed from its mailbox, published or held."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from petition import addresses, audit, challenge, outbox
from petition.audit import PLATFORM, SIGNATORY
from petition.config import Config
from petition.db import is_postgresql, serialise, transaction, violated
from petition.errors import N_, Conflict, Fault, Invalid, LetterChanged, LetterNotOpen, LinkNotValid
from petition.letters.models import Letter
from petition.letters.operations import text_shown
from petition.outbox.models import OutboxMail
from petition.outbox.preparing import prepares
from petition.signatures import arrival as ways
from petition.signatures import beside, checking, codes, consent, flow, levels, screening, tokens, transitions
from petition.signatures.door import Arrival
from petition.signatures.models import STATEMENT, LinkToken, Signature, SigningRequest
from petition.signatures.screening import Flag
from petition.signatures.submission import Submission

CONFIRM_WITHIN = timedelta(days=7)
SAME_FOR = timedelta(minutes=10)  # the same submission within this time is the same request and the same mail
GRACE = timedelta(hours=24)  # after the closing time, for those who asked in time


@dataclass(frozen=True)
class Confirmed:
    """What a confirmation led to: published, held, renewed, standing (it was there before), changed or taken."""

    outcome: str
    signature: Signature | None


def request(letter: Letter, given: Submission, *, config: Config, now: datetime, arrival: Arrival | None = None) -> None:
    """Keep a signing request and queue its verification mail; the same submission again is the same request.

    Raises LetterNotOpen, LetterChanged when the form showed another version, text or consent sentence, or PassSpent when
    its proof or ticket let in another before. Signatures are not looked up, so the answer cannot tell who signed.
    """
    check_open(letter, given, now)
    with transaction() as session:
        row, new = _new_request(session, letter, given, config, now, arrival or Arrival())
        if row is not None:
            session.flush()
            if not mail_link(session, "verify", row, config=config, now=now):
                row.mailed_at = now - SAME_FOR  # nothing is on its way: whoever allows mail again may ask at once
            if new:
                flow.asked(session, row)


def check_open(letter: Letter, given: Submission, now: datetime) -> None:
    """Raise LetterNotOpen, LetterChanged or Invalid (for a kind that may not sign) unless this submission can be taken now."""
    if not letter.is_signable(now):
        raise LetterNotOpen
    if not letter.takes(given.kind):
        message = N_("Only organisations sign this letter.") if given.kind == "person" else N_("Only people sign this letter.")
        raise Invalid([Fault("kind", "not_taken", message)])
    if given.version and given.version != letter.version.label:
        raise LetterChanged
    # Before the first signature, and in a translation at any time, words change under the same version.
    if given.text and not text_shown(letter, given.language).fingerprint.startswith(given.text):
        raise LetterChanged
    names_a_sentence = len(given.consent) == 16
    if names_a_sentence and given.consent != consent.digest(consent.sentence(letter, given.language)):
        raise LetterChanged


def _new_request(
    session: Session, letter: Letter, given: Submission, config: Config, now: datetime, arrival: Arrival
) -> tuple[SigningRequest | None, bool]:
    """The request's row and whether it is new; no row when the same submission was mailed a moment ago, which spends nothing again."""
    values = {name: value for name, value in asdict(given).items() if name in STATEMENT}
    digest = _digest(config, letter, given)
    values |= {
        "letter_id": letter.id, "digest": digest, "email": given.email, "created_at": now, "mailed_at": now,
        "address_fingerprint": addresses.fingerprint(given.email, config.fingerprint_bytes),
        "consent_id": consent.record(session, letter, given.language).id, "text_id": text_shown(letter, given.language).id,
        "expires_at": now + CONFIRM_WITHIN, "signals": list(arrival.signals), "network": arrival.network,
        "source": given.source,
    }  # fmt: skip
    dialect = postgresql if is_postgresql(session) else sqlite
    insert = dialect.insert(SigningRequest).values(values).on_conflict_do_nothing(index_elements=["letter_id", "digest"])
    inserted = session.execute(insert.returning(SigningRequest.id)).scalar()
    mine = select(SigningRequest).where(SigningRequest.letter_id == letter.id, SigningRequest.digest == digest)
    found = session.scalars(mine.with_for_update()).one_or_none()
    if found is not None and inserted is None and now - found.mailed_at < SAME_FOR:
        return None, False
    if arrival.shown is not None:
        challenge.spend(session, arrival.shown)
    if found is not None and inserted is None:
        found.mailed_at, found.expires_at, found.network = now, now + CONFIRM_WITHIN, arrival.network
        found.signals = list(dict.fromkeys([*found.signals, *arrival.signals]))
    return found, inserted is not None


def _digest(config: Config, letter: Letter, given: Submission) -> str:
    fields = asdict(given) | {"email": addresses.fold(given.email), "letter": letter.id}
    del fields["source"]  # by another link it is the same request
    if not fields["latin_name"]:  # as before there was this field
        del fields["latin_name"]
    return hmac.new(config.fingerprint_bytes, json.dumps(fields, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def mail_link(
    session: Session, message: str, row: SigningRequest, *, config: Config, now: datetime, bulk: bool = False,
) -> bool:  # fmt: skip
    """Queue the mail whose link confirms a request, within the address's caps; False, and no mail, over them."""
    values = letter_values(row.letter, row.language, config) | {"kind": row.kind, "expires_days": (row.expires_at - now).days}
    with session.begin_nested() as attempt:
        values["token"] = tokens.issue(session, "confirm", leads_to=row, expires_at=row.expires_at)
        values["code"] = codes.for_mail(row, config)
        queued = outbox.queue(
            session, message, to=row.email, fingerprint=row.address_fingerprint, language=row.language, values=values,
            scope=f"verify:{row.letter_id}", now=now, cap=outbox.VERIFICATION_CAP,
            mailbox=addresses.mailbox(row.email, config.fingerprint_bytes), lifetime=row.expires_at - now, bulk=bulk,
        )  # fmt: skip
        if not queued:
            attempt.rollback()
    return queued


def letter_values(letter: Letter, language: str, config: Config) -> dict[str, Any]:
    """What a mail may say of a letter: of a protected one nothing."""
    words = letter.translation(language) or letter.translation(letter.original_language)
    prefix = "" if language == letter.original_language else f"/{language}"
    # The address that a draft will have is not given away; who may know of it has its secret link.
    draft = f"preview/{letter.preview_token}" if letter.preview_token else ""
    return {
        "letter_title": "" if letter.protected or words is None else words.title,
        "letter_address": f"{config.base_url}{prefix}/{draft if letter.status == 'draft' else f'letters/{letter.slug}'}",
        "protected": letter.protected,
    }


def confirm(token: str, *, config: Config, now: datetime, network: str | None = None) -> Confirmed:
    """Turn the request behind a mailed link into a signature, or say what stands already.

    `network` is the keyed hash of the network that confirms, where it is known. Raises LinkNotValid, and LetterNotOpen
    when the letter closed more than a day ago.
    """
    with transaction() as session:
        link = claim(session, token, now)
        found = link.request
        if found is None:
            return Confirmed("standing", link.signature)
        if found.signature_id is not None:
            return _expose(session, found, config, now)
        _still_open(found.letter, now)
        return _sign(session, found, ways.of(found, network, now), config)


def claim(session: Session, token: str, now: datetime) -> LinkToken:
    """The link, once nobody else acts on what it leads to; raises LinkNotValid."""
    link = tokens.follow(session, token, now)
    if link.request is not None:
        serialise(session, "address", link.request.letter_id, link.request.address_fingerprint)
        session.expire_all()
        link = tokens.follow(session, token, now)  # a parallel confirmation may have won while we waited
    if link.request is None and link.signature is None:
        raise LinkNotValid
    if link.signature is not None:
        session.refresh(link.signature, with_for_update=True)
    return link


def _still_open(letter: Letter, now: datetime) -> None:
    closed = letter.status == "closed"
    ends = [moment for moment in (letter.closes, letter.closed_at if closed else None) if moment is not None]
    late = now - GRACE >= min(ends) if ends else closed
    if letter.state(now) == "draft" or late:
        raise LetterNotOpen


def _sign(session: Session, found: SigningRequest, how: ways.Arrival, config: Config, waits_beside: Flag | None = None) -> Confirmed:
    """Let the unique constraints decide whether this is a new signature; `waits_beside` where its organisation has an entry."""
    now, signature = how.now, _signature_of(found, how)
    flags = checking.reasons(session, found.letter, checking.said(signature), how) + ([waits_beside] if waits_beside else [])
    signature.flags = [flag.as_json() for flag in flags]
    waits = screening.holds([flag.code for flag in flags], limits=config.limits)
    try:
        with session.begin_nested():
            transitions.move(session, signature, "held" if waits else "published", actor=SIGNATORY, now=now, why="confirmed")
    except IntegrityError as error:
        person = violated(error, "uq_signature_person", "signature.letter_id", "signature.address_fingerprint")
        organisation = violated(error, "uq_signature_organisation", "signature.letter_id", "signature.organisation_key")
        if not person and not organisation:
            raise
        if organisation and (flag := beside.why(session, found)) is not None:
            return _beside(session, found, how, config, flag)
        return _standing(session, found, signature, now) or _sign(session, found, how, config)
    _settle(session, found, signature, now, new=True)
    return Confirmed(signature.state, signature)


def _beside(session: Session, found: SigningRequest, how: ways.Arrival, config: Config, flag: Flag) -> Confirmed:
    """Let an entry wait for the team beside the one that stands, once for each mailbox."""
    if (standing := beside.waiting(session, found)) is None:
        return _sign(session, found, how, config, flag)
    _settle(session, found, standing, how.now)
    return Confirmed("standing", standing)


def _signature_of(found: SigningRequest, how: ways.Arrival) -> Signature:
    signature = Signature(**{name: getattr(found, name) for name in STATEMENT})
    signature.letter, signature.text = found.letter, found.text
    signature.letter_id = found.letter_id
    signature.major = found.text.version.major
    signature.origin = "online"
    signature.signed_on = how.now.date()
    signature.email, signature.address_fingerprint = found.email, found.address_fingerprint
    signature.mail_domain, signature.network, signature.hour = how.delegated, how.network, ways.hour(how.now)
    signature.name_shape = screening.name_shape(found.organisation if found.kind == "organisation" else found.name)
    if found.kind == "organisation":
        signature.organisation_key = screening.fold_organisation(found.organisation)
        signature.website_host = checking.website_host(found.website)
        levels.write(signature, levels.at(levels.judged(found.email, found.website), how.now))
    return signature


def _standing(session: Session, found: SigningRequest, attempted: Signature, now: datetime) -> Confirmed | None:
    """The mailbox's holder learns of the signature that stands; another's organisation only that it has an entry.

    None when what stood gave way, and signing can be tried again.
    """
    mine = select(Signature).where(Signature.letter_id == found.letter_id)
    if found.kind == "person":
        mine = mine.where(Signature.kind == "person", Signature.address_fingerprint == found.address_fingerprint)
        standing = session.scalars(mine.with_for_update()).one_or_none()
    else:
        mine = mine.where(Signature.organisation_key == attempted.organisation_key)
        standing = session.scalars(mine.with_for_update()).one_or_none()
    if standing is None:  # withdrawn or rejected between our attempt and this look
        raise Conflict
    own = standing.address_fingerprint == found.address_fingerprint
    if standing.origin == "imported" and own and standing.state in ("published", "held"):
        # What was collected elsewhere gives way to the signature that its own mailbox confirms.
        transitions.move(session, standing, "withdrawn", actor=SIGNATORY, now=now, why="signed here")
        return None
    if found.kind == "organisation" and not own:
        claim = Flag("second_claim", "organisation").as_json()
        standing.flags = standing.flags if claim in standing.flags else [*standing.flags, claim]
        transitions.list_entry(standing)
        return Confirmed("taken", None)
    outcome = "standing"
    if standing.major < found.text.version.major and standing.state in ("published", "held"):
        renewed = {"major": found.text.version.major, "text": found.text, "consent_id": found.consent_id, "language": found.language}
        put_on_record(session, standing, {"text_id": found.text_id}, now)
        transitions.reshape(session, standing, renewed, now=now)
        outcome = "renewed"
    _settle(session, found, standing, now)
    return Confirmed(outcome, standing)


def _settle(session: Session, found: SigningRequest, signature: Signature, now: datetime, new: bool = False) -> None:
    """Every link of this mailbox leads to the signature from now on; the requests and their clear address go."""
    # Locked, so that no mail mints another link to them between the handing over and the deletion.
    settled = siblings(session, found)
    ids = [each.id for each in settled]
    flow.confirmed(session, found, settled, now, new=new)
    tokens.hand_over(session, ids, signature)
    session.execute(delete(SigningRequest).where(SigningRequest.id.in_(ids)))
    session.expire_all()


def siblings(session: Session, found: SigningRequest) -> list[SigningRequest]:
    """A request and all others by which its mailbox asks for the same signature, locked."""
    rows = select(SigningRequest).where(
        SigningRequest.letter_id == found.letter_id, SigningRequest.address_fingerprint == found.address_fingerprint,
        SigningRequest.kind == found.kind, SigningRequest.signature_id.is_(None),
    )  # fmt: skip
    key = screening.fold_organisation(found.organisation)
    every = session.scalars(rows.with_for_update())
    return [each for each in every if found.kind == "person" or screening.fold_organisation(each.organisation) == key]


def _expose(session: Session, found: SigningRequest, config: Config, now: datetime) -> Confirmed:
    """Apply a change that makes a signature more public, now that its mailbox agreed."""
    number = found.id
    signature = session.get_one(Signature, found.signature_id, with_for_update=True, populate_existing=True)
    # Whoever held the signature until now may have hidden it, which discards what was asked for earlier.
    still = session.get(SigningRequest, number, with_for_update=True, populate_existing=True)
    if still is None:
        return Confirmed("standing", signature)
    found = still
    tokens.hand_over(session, [found.id], signature)
    values = {name: getattr(found, name) for name in STATEMENT if name not in ("kind", "language", "consent_id", "text_id", "updates")}
    session.delete(found)
    session.flush()
    if signature.state not in ("published", "held"):
        return Confirmed("standing", signature)
    apply_change(session, signature, values, config, now)
    return Confirmed("changed", signature)


def apply_change(
    session: Session, signature: Signature, values: dict[str, Any], config: Config, now: datetime, contested: bool = False,
) -> None:  # fmt: skip
    """Write new words into a standing signature and screen them again; what is flagged waits for the team.

    `contested` where another entry has the organisation's new name, and the signatory may not learn of it.
    """
    said = checking.said(signature) | {name: value for name, value in values.items() if name in checking.SAID}
    renamed = signature.kind == "organisation" and any(said[name] != getattr(signature, name) for name in ("organisation", "website"))
    key = screening.fold_organisation(said["organisation"])
    still_beside = signature.organisation_key is None and key == screening.fold_organisation(signature.organisation)
    if renamed:
        values = values | {
            "organisation_key": None if contested or still_beside else key,
            "website_host": checking.website_host(said["website"]),
            **levels.after_change(signature, said, now),
        }
    mail_domain = addresses.domain(signature.email) if signature.kind == "organisation" and signature.email else ""
    flags = checking.screen(session, signature.letter, said, mail_domain=mail_domain, own_id=signature.id)
    reviewed = signature.kind == "organisation" or signature.letter.review == "all" or signature.decided_at is not None
    new_words = any(said[name] not in ("", getattr(signature, name)) for name in checking.SHOWN[signature.kind])
    flags += [Flag("changed", "organisation")] if renamed or (reviewed and new_words) else []
    flags += [Flag("holding")] if signature.letter.holding and new_words else []
    flags += [beside.CONTESTED] * contested
    kept = (beside.CONTESTED, beside.IMPORTED) if still_beside or not renamed else ()
    flags += [each for each in kept if each.as_json() in signature.flags]
    # How it came weighs with the new words as it would have with them at first; what the team decided on weighs no more.
    came = [] if signature.decided_at else [flag["code"] for flag in signature.flags if flag["code"] in screening.ARRIVAL]
    waits = screening.holds([*came, *(flag.code for flag in flags)], limits=config.limits)
    # Hidden before its words change: nobody may see, even for a moment, what is to be looked at first.
    if waits and signature.state == "published":
        transitions.move(session, signature, "held", actor=PLATFORM, now=now, why="screened again")
    if signature.state == "held":
        values = values | {"name_shape": screening.name_shape(said["organisation" if signature.kind == "organisation" else "name"])}
    if flags and signature.state == "held":  # what the team decided was about other words, which no reversal may bring back unseen
        values = values | {"decided_at": None, "decided_by": ""}
    put_on_record(session, signature, values, now)
    values = values | {"flags": _still_true(signature.flags) + [flag.as_json() for flag in flags]}
    transitions.reshape(session, signature, values, now=now)


def put_on_record(session: Session, signature: Signature, values: dict[str, Any], now: datetime) -> None:
    """Name the fields that a signatory changes in the trail, and nothing that stands in them."""
    fields = [name for name in STATEMENT if name in values and values[name] != getattr(signature, name)]
    if fields:
        audit.record(
            session, at=now, actor=SIGNATORY, action="signature.changed", thing=("signature", signature.public_id),
            team_id=signature.letter.team_id, fields=" ".join(fields), letter=signature.letter.slug,
        )  # fmt: skip


def _still_true(flags: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reasons to look that no change of words removes."""
    asked_for = {"organisation", "review_all", "second_claim", "holding", "reported"}
    return [flag for flag in flags if flag["code"] in asked_for | screening.ARRIVAL]


def find(letter: Letter, address: str, *, language: str, config: Config, now: datetime, shown: challenge.Pass | None = None) -> None:
    """Queue a mail that leads the holder of an address to their signatures; nothing is looked up until it is sent.

    Raises PassSpent when the proof or ticket that let the request in let in another before.
    """
    with transaction() as session:
        if shown is not None:
            challenge.spend(session, shown)
        outbox.queue(
            session, "find", to=address, fingerprint=addresses.fingerprint(address, config.fingerprint_bytes), language=language,
            values=letter_values(letter, language, config) | {"letter_id": letter.id}, scope=f"find:{letter.id}", now=now,
            cap=outbox.FIND_CAP, mailbox=addresses.mailbox(address, config.fingerprint_bytes),
        )  # fmt: skip


@prepares("find")
def _find_links(session: Session, mail: OutboxMail, now: datetime) -> dict[str, Any]:
    """Mint a link to each signature and each pending request of the address, when the mail is about to leave."""
    values = dict(mail.values or {})
    letter_id = values["letter_id"]
    mine = mail.recipient_fingerprint
    signed = select(Signature).where(Signature.letter_id == letter_id, Signature.address_fingerprint == mine)
    asked = select(SigningRequest).where(SigningRequest.letter_id == letter_id, SigningRequest.address_fingerprint == mine)
    links = [(each.kind, tokens.issue(session, "find", leads_to=each, expires_at=None)) for each in session.scalars(signed)]
    links += [(each.kind, tokens.issue(session, "find", leads_to=each, expires_at=each.expires_at)) for each in session.scalars(asked)]
    return values | {"links": [{"kind": kind, "token": token} for kind, token in links]}


def discard(session: Session, requests: list[int]) -> None:
    """Forget pending requests and the links that lead to them."""
    session.scalars(select(SigningRequest.id).where(SigningRequest.id.in_(requests)).with_for_update()).all()
    session.execute(delete(LinkToken).where(LinkToken.request_id.in_(requests)))
    session.execute(delete(SigningRequest).where(SigningRequest.id.in_(requests)))
