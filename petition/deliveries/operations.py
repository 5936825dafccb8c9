"""What is done to deliveries: prepared, noted as handed over, answered; and what the public may check of them."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from petition import accounts, audit
from petition.accounts import Member
from petition.db import db, transaction
from petition.deliveries import preparing, references
from petition.deliveries.models import Delivery, DeliveryItem, PreparedFile
from petition.errors import N_, Fault, Invalid, NotFound
from petition.exports import Choice, documents
from petition.exports.numbers import Numbers
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.signatures.models import Signature

NOT_MADE = N_("Its files are not made yet.")
LONGEST = {"addressee": 300, "delivered_by": 200, "response": 5_000}


@dataclass(frozen=True)
class Handed:
    """To whom a signature went, when, and how it was shown there."""

    addressee: str
    on: date
    reference: str
    named: bool
    agreed: bool  # named there by their consent, though no reader sees the name


def prepare(
    member: Member, letter: Letter, addressee: str, *, choice: Choice, language: str, handed: bool, now: datetime,
) -> PreparedFile:  # fmt: skip
    """Begin a delivery, whose files a worker makes; raises Invalid, and Forbidden for names that only an owner hands over."""
    accounts.require(member, "owner" if handed else "editor", letter.team_id)
    _public(letter)
    addressee = _line("addressee", addressee)
    choice = documents.printable(choice)
    with transaction() as session:
        row = Delivery(
            reference=_free(now.date()), letter_id=letter.id, text=letters.text_shown(letter, language), addressee=addressee,
            choice=choice.as_json(), handed=handed, asked_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        audit.record(
            session, at=now, actor=member.actor, action="delivery.prepared", thing=("delivery", row.reference), team_id=letter.team_id,
            letter=letter.slug, addressee=addressee, filters=choice.as_json(), handed=handed,
        )  # fmt: skip
        return preparing.ask(member, letter, "delivery", choice=choice, wanted={"language": language}, now=now, delivery=row)


def again(member: Member, delivery: Delivery, *, now: datetime) -> PreparedFile:
    """Have the files of a delivery made once more, of those who stand now; only while it was not handed over."""
    accounts.require(member, "owner" if delivery.handed else "editor", delivery.letter.team_id)
    _public(delivery.letter)
    with transaction() as session:
        session.refresh(delivery, with_for_update=True)
        if delivery.delivered_on is not None:
            raise Invalid([Fault("delivered_on", "delivered", preparing.HANDED_OVER)])
        if preparing.being_made(delivery):
            raise Invalid([Fault("delivered_on", "not_made", NOT_MADE)])
        preparing.supersede(session, delivery)
        delivery.state = "preparing"
        audit.record(
            session, at=now, actor=member.actor, action="delivery.made_again", thing=("delivery", delivery.reference),
            team_id=delivery.letter.team_id, letter=delivery.letter.slug,
        )  # fmt: skip
        return preparing.ask(
            member, delivery.letter, "delivery", choice=Choice.from_json(delivery.choice), wanted={"language": delivery.text.language},
            now=now, delivery=delivery,
        )  # fmt: skip


def note(member: Member, delivery: Delivery, given: dict[str, str], *, now: datetime) -> None:
    """Note when and by whom it was handed over, and what was answered; raises Invalid and Forbidden.

    Empty fields take a note back. `response_<language>` holds the answer's words.
    """
    accounts.require(member, "editor", delivery.letter.team_id)
    delivered, answered = _day("delivered_on", given, now), _day("response_on", given, now)
    words = {code: _text(given.get(f"response_{code}", "")) for code in delivery.letter.languages}
    if any(words.values()) and answered is None:
        raise Invalid([Fault("response_on", "missing", N_("Please give the day on which the answer came."))])
    with transaction() as session:
        session.refresh(delivery, with_for_update=True)
        if delivery.state != "made":
            raise Invalid([Fault("delivered_on", "not_made", NOT_MADE)])
        _after_it_was_made(delivery, delivered)
        if delivered is not None and delivery.noted_at is None:
            delivery.noted_at = now  # from which on names that were handed over have 30 days, whatever day is typed
        delivery.delivered_on, delivery.response_on = delivered, answered
        delivery.delivered_by = _line("delivered_by", given.get("delivered_by", ""), required=False)
        delivery.response = {code: text for code, text in words.items() if text}
        audit.record(
            session, at=now, actor=member.actor, action="delivery.noted", thing=("delivery", delivery.reference),
            team_id=delivery.letter.team_id, letter=delivery.letter.slug, delivered=str(delivered or ""), answered=str(answered or ""),
        )  # fmt: skip


def find(member: Member, reference: str, role: str = "viewer") -> Delivery:
    """The delivery of this reference; raises NotFound for another team's, and Forbidden below the role."""
    found = db.session.scalar(select(Delivery).where(Delivery.reference == reference)) if reference.isprintable() else None
    if found is None:
        raise NotFound
    accounts.require(member, role, found.letter.team_id)
    return found


def public(typed: str) -> Delivery:
    """The delivery a clerk asks for, however the reference was typed; raises NotFound while it is not made."""
    reference = references.read(typed)
    found = db.session.scalar(select(Delivery).where(Delivery.reference == reference)) if reference else None
    if found is None or found.made_at is None or found.letter.status == "draft":
        raise NotFound
    return found


def of(letter: Letter) -> list[Delivery]:
    """Every delivery of a letter, the newest first."""
    return list(db.session.scalars(select(Delivery).where(Delivery.letter_id == letter.id).order_by(Delivery.id.desc())))


def timeline(letter: Letter) -> list[Delivery]:
    """Those that were handed over, the latest first, as readers may know of them."""
    mine = (Delivery.letter_id == letter.id) & Delivery.delivered_on.is_not(None)
    return list(db.session.scalars(select(Delivery).where(mine).order_by(Delivery.delivered_on.desc(), Delivery.id.desc())))


def numbers(delivery: Delivery) -> Numbers:
    """What was counted when its files were made."""
    return Numbers(**delivery.counts)


def matching(delivery: Delivery, typed: str) -> str | None:
    """The name of the file with this SHA-256, '' where none has it; None for what is no SHA-256.

    Spaces and colons, and a file name behind it, are what the usual programs print.
    """
    found = re.match(r"(?:[0-9a-f]{2}[\s:]?){32}(?![0-9a-f])", typed.strip().lower())
    if found is None:
        return None
    given = re.sub(r"[^0-9a-f]", "", found[0])
    return next((str(each["name"]) for each in delivery.files if hmac.compare_digest(str(each["sha256"]), given)), "")


def handed(signature: Signature) -> list[Handed]:
    """To whom this signature went, the latest first: those deliveries that were noted as handed over."""
    mine = (DeliveryItem.signature_id == signature.id) & Delivery.delivered_on.is_not(None)
    query = select(DeliveryItem, Delivery).join(Delivery).where(mine)
    return [
        Handed(delivery.addressee, delivery.delivered_on, delivery.reference, item.handed or _named(item, signature, delivery), item.handed)
        for item, delivery in db.session.execute(query.order_by(Delivery.delivered_on.desc(), Delivery.id.desc()))
        if delivery.delivered_on is not None
    ]


def _public(letter: Letter) -> None:
    if letter.status == "draft":
        raise Invalid([Fault("addressee", "draft", N_("A draft is handed over to nobody. Please publish the letter first."))])


def _after_it_was_made(delivery: Delivery, day: date | None) -> None:
    """Raise Invalid for a day on which there was nothing yet to hand over; what was noted before stays."""
    # Behind UTC it may have been the day before.
    made = delivery.made_at and (delivery.made_at - timedelta(hours=12)).date()
    if day is not None and made is not None and day < made and day != delivery.delivered_on:
        raise Invalid([Fault("delivered_on", "too_early", N_("On this day its files were not made yet."))])


def _named(item: DeliveryItem, signature: Signature, delivery: Delivery) -> bool:
    if delivery.letter.protected:
        return False
    return signature.kind == "organisation" or item.visibility != "counted"


def _free(day: date) -> str:
    while True:
        reference = references.new(day)
        if db.session.scalar(select(Delivery.id).where(Delivery.reference == reference)) is None:
            return reference


def _line(field: str, value: str, required: bool = True) -> str:
    words = " ".join(value.split())
    if not words and required:
        raise Invalid([Fault(field, "missing", N_("Please say to whom it goes."))])
    if len(words) > LONGEST[field] or not words.isprintable():
        raise Invalid([Fault(field, "too_long", N_("At most %(most)s ordinary characters."), {"most": LONGEST[field]})])
    return words


def _text(value: str) -> str:
    words = value.replace("\r\n", "\n").strip()
    if len(words) > LONGEST["response"] or "\x00" in words:
        raise Invalid([Fault("response", "too_long", N_("At most %(most)s ordinary characters."), {"most": LONGEST["response"]})])
    return words


def _day(field: str, given: dict[str, str], now: datetime) -> date | None:
    typed = given.get(field, "").strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        raise Invalid([Fault(field, "no_day", N_("Please give a day, such as 2026-11-24."))]) from error
    # A day ahead of UTC it may be tomorrow already.
    if (day - now.date()).days > 1:
        raise Invalid([Fault(field, "future", N_("This day has not come yet."))])
    return day
