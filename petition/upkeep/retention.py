"""What is forgotten when its time is over: one rule after the other, each in transactions of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, inspect, null, or_, select, update
from sqlalchemy.orm import Session

from petition import audit, limits
from petition.accounts import TeamSession
from petition.accounts.notices import Digest
from petition.audit import PLATFORM, Actor, AuditEntry
from petition.challenge import SpentProof
from petition.db import db, transaction
from petition.deliveries import keeping
from petition.deliveries.models import Delivery, DeliveryItem, PreparedFile
from petition.imports import staging
from petition.imports.models import Departure, ImportBatch
from petition.letters.contacts import Contact
from petition.letters.models import Letter
from petition.moderation.models import BulkDecision, BulkItem, Note, Spike
from petition.outbox import tally
from petition.outbox.models import OutboxMail
from petition.outbox.suppression import Suppression
from petition.outbox.tally import MailTally
from petition.signatures import flow, operations, takeovers, transitions
from petition.signatures.models import FlowTally, LinkToken, Report, Signature, SigningRequest, Takeover
from petition.signatures.rules import AccessRule
from petition.updates import followers, mailing, reckoning
from petition.updates.models import Follower, Mailing, MailingRecipient
from petition.webhooks.models import WebhookDelivery

CHUNK = 500  # rows a transaction, so that nobody who signs waits for the broom
HELD = timedelta(days=30)
SENT = timedelta(days=30)  # also the longest period that the mail caps look back on
REPORTED = timedelta(days=90)
TRAIL = audit.KEPT
ENDED = timedelta(days=30)  # for which an ended entry of a list can still be looked at
NEWS = followers.NEWS  # after a letter closed
CLUES = timedelta(hours=72)  # after publication, for the clusters of a wave; as long as a network's key lives
REPRESENTATIVE = timedelta(days=30)  # after an organisation's entry was rejected
WAVE = timedelta(days=30)  # for what was noticed and prepared about a wave
SESSIONS = timedelta(days=30)
DIGESTS = timedelta(days=90)  # so that no period is told of twice
DEAD = timedelta(days=90)
DELIVERED = timedelta(days=30)  # for which names that were agreed to be handed over are kept
CLOCKS = timedelta(hours=1)  # by which a node's clock may be late and still take nothing for unspent

# Given the session and the ids of a chunk, forgets what the rule is about.
Forget = Callable[[Session, list[Any]], None]
# What is forgotten, where, which rows, and how.
Rule = tuple[str, Any, ColumnElement[bool], Forget]


def purge(now: datetime, dry_run: bool = False, actor: Actor = PLATFORM) -> list[tuple[str, int]]:
    """Apply every rule, or count what it would do: (what is forgotten, how many)."""
    done = []
    for words, model, condition, forget in _rules(now):
        count = _apply(model, condition, forget, dry_run)
        if count and model is Signature and not dry_run:
            audit.note(at=now, actor=actor, action="retention.applied", thing=("rule", words[:60]), count=count)
        done.append((words, count))
    return done


def _rules(now: datetime) -> list[Rule]:
    return [*_of_signing(now), *_of_moderation(now), *_of_the_platform(now), *_of_deliveries(now), *_of_ended_letters(now)]


def _of_signing(now: datetime) -> list[Rule]:
    """What was asked for and never done, and what was kept until somebody decided."""
    unpublished = Signature.state.in_(("held", "rejected")) & (Signature.kind == "person") & (Signature.signed_on <= now.date() - HELD)
    waited = Takeover.asked_at <= now - takeovers.KEPT
    keyless = SigningRequest.network.is_not(None) & (SigningRequest.mailed_at <= now - timedelta(seconds=limits.KEPT))
    hourly = FlowTally.series.in_(flow.HOURS.values()) & (FlowTally.key < flow.hour(now - flow.HOURS_KEPT))
    return [
        ("numbers of signatures by hour", FlowTally, hourly, _deleting_cells(FlowTally, hourly)),
        ("hashes of networks that requests came from", SigningRequest, keyless, _forget_network),
        ("used proofs and tickets that expired", SpentProof, SpentProof.expires_at <= now - CLOCKS, _deleting(SpentProof)),
        ("signing requests nobody confirmed", SigningRequest, SigningRequest.expires_at <= now, operations.discard),
        ("followers who never confirmed", Follower, Follower.expires_at <= now, _deleting(Follower)),
        ("links that expired", LinkToken, LinkToken.expires_at <= now, _deleting(LinkToken)),
        ("addresses of people whose signature waited 30 days", Signature, unpublished & _has_address(), _forget_address),
        ("representatives of organisations rejected 30 days ago", Signature, _turned_down(now), _forget_representative),
        ("requests to represent an organisation that waited 30 days", Takeover, waited, _deleting(Takeover)),
    ]


def _of_moderation(now: datetime) -> list[Rule]:
    """What helps to find a wave, and what was prepared about one."""
    reported = (Report.at <= now - REPORTED) & (Report.words != "")
    return [
        ("mail domains, networks, hours and name shapes of what was published 72 hours ago", Signature, _stale_clues(now), _forget_clues),
        ("words of reports older than 90 days", Report, reported, _forget_words),
        ("entries of access lists that ended 30 days ago", AccessRule, AccessRule.expires_at <= now - ENDED, _deleting(AccessRule)),
        ("spikes noticed 30 days ago", Spike, Spike.noticed_at <= now - WAVE, _deleting(Spike)),
        ("bulk decisions prepared 30 days ago that changed nothing", BulkDecision, _idle(now), _deleting(BulkDecision)),
        ("bulk decisions finished 24 months ago", BulkDecision, BulkDecision.finished_at <= now - TRAIL, _forget_bulk),
        ("imports nobody confirmed within a day", ImportBatch, _unconfirmed(now), staging.forget),
        ("imports finished 24 months ago", ImportBatch, ImportBatch.finished_at <= now - TRAIL, _forget_import),
    ]


def _of_the_platform(now: datetime) -> list[Rule]:
    """Mail that left the queue or came too late, and the trail."""
    told = WebhookDelivery.finished_at <= now - SENT
    free = or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until <= now)
    stale = (OutboxMail.state == "queued") & (OutboxMail.expires_at <= now) & free
    return [
        ("mails that came too late to be sent", OutboxMail, stale, _dropping(now)),
        ("fingerprints and mail domains of mailings that ended 30 days ago", Mailing, _mailed(now), _forget_recipients),
        ("mails that left the queue 30 days ago", OutboxMail, OutboxMail.finished_at <= now - SENT, _forget_mails),
        ("messages to webhooks that left the queue 30 days ago", WebhookDelivery, told, _deleting(WebhookDelivery)),
        ("mailboxes that were found dead 90 days ago", Suppression, _revived(now), _deleting(Suppression)),
        ("audit entries older than 24 months", AuditEntry, AuditEntry.at <= now - TRAIL, _deleting(AuditEntry)),
        ("mail domains with fewer than ten mails, after 72 hours", MailTally, tally.small(now), tally.merge),
        ("numbers of mails older than 30 days", MailTally, MailTally.day <= (now - tally.KEPT).date(), _deleting(MailTally)),
        ("digests older than 90 days", Digest, Digest.through <= (now - DIGESTS).date(), _deleting(Digest)),
        ("log-ins of the team older than 30 days", TeamSession, TeamSession.began_at <= now - SESSIONS, _deleting(TeamSession)),
    ]


def _of_deliveries(now: datetime) -> list[Rule]:
    """What was prepared to be taken away, and the names that were kept to be handed over; the files go with the next sweep."""
    old = func.coalesce(PreparedFile.finished_at, PreparedFile.asked_at) <= now - keeping.KEPT
    return [
        ("files prepared a day ago", PreparedFile, old, _deleting(PreparedFile)),
        ("names of people counted only that were handed over 30 days ago", Signature, _handed_over(now), _forgetting_handed(now)),
    ]


def _of_ended_letters(now: datetime) -> list[Rule]:
    """What a letter's end, or the end of its term, puts an end to."""
    over, departed = followers.over(now), Departure.letter_id.in_(_ended(now))
    news, named = Signature.letter_id.in_(over) & Signature.updates, Signature.letter_id.in_(_ended(now)) & _is_named()
    return [
        ("addresses kept for news six months after a letter closed", Signature, news, _end_news),
        ("followers of letters closed six months ago", Follower, Follower.letter_id.in_(over), _deleting(Follower)),
        ("names kept to the end of their letter's term", Signature, named, _forgetting_names(now)),
        ("digests of those who withdrew, at the end of the letter's term", Departure, departed, _deleting_cells(Departure, departed)),
        ("hashes of imported rows kept to the end of their letter's term", Signature, _hashed(now), _forget_digest),
        ("contacts to write to, at the end of their letter's term", Contact, Contact.letter_id.in_(_ended(now)), _deleting(Contact)),
        ("notes and answers kept to the end of their letter's term", Note, _of(_ended(now)), _deleting(Note)),
    ]


def _revived(now: datetime) -> ColumnElement[bool]:
    # Whoever has the mailbox again would wait in vain for a link that confirms; a wish for no mail stays.
    return (Suppression.reason == "bounced") & (Suppression.since <= now - DEAD)
def _handed_over(now: datetime) -> ColumnElement[bool]:
    """Handed over when the team first noted it, since the day it types can be moved; files taken away without a note count from then."""
    since = now - DELIVERED
    over = or_(Delivery.noted_at <= since, Delivery.noted_at.is_(None) & (Delivery.fetched_at <= since))
    handed = select(DeliveryItem.signature_id).join(Delivery).where(DeliveryItem.handed, over)
    kept = (Signature.kind == "person") & (Signature.visibility == "counted") & (Signature.state != "withdrawn")
    return kept & Signature.deliver & Signature.id.in_(handed)


def _ended(now: datetime) -> Select[int]:
    return select(Letter.id).where(Letter.keep_until < now.date())


def _apply(model: Any, condition: ColumnElement[bool], forget: Forget, dry_run: bool) -> int:
    if dry_run:
        return db.session.scalar(select(func.count()).select_from(model).where(condition)) or 0
    done, key = 0, inspect(model).primary_key[0]
    last: Any = None
    while True:
        with transaction() as session:
            due = select(key).where(condition).order_by(key).limit(CHUNK)
            due = due if last is None else due.where(key > last)
            ids = list(session.scalars(due.with_for_update(skip_locked=True)))
            if ids:
                forget(session, ids)
                last = ids[-1]  # so that no chunk reads again what those before it left behind
        done += len(ids)
        if len(ids) < CHUNK:
            return done


def _idle(now: datetime) -> ColumnElement[bool]:
    # What a spike still leads to stays as long as the spike.
    waits = BulkDecision.state.in_(("prepared", "waiting", "cancelled")) & (BulkDecision.done == 0)
    return waits & (BulkDecision.created_at <= now - WAVE) & BulkDecision.id.not_in(select(Spike.bulk_id).where(Spike.bulk_id.is_not(None)))


def _forget_bulk(session: Session, ids: list[int]) -> None:
    """A decision that old is reversed no more; what it did stays in the tallies and the ledger."""
    session.execute(update(Spike).where(Spike.bulk_id.in_(ids)).values(bulk_id=None))
    session.execute(delete(BulkItem).where(BulkItem.bulk_id.in_(ids)))
    session.execute(delete(BulkDecision).where(BulkDecision.id.in_(ids)))


def _unconfirmed(now: datetime) -> ColumnElement[bool]:
    return ImportBatch.state.in_(("reading", "staged")) & (ImportBatch.created_at <= now - staging.KEPT)


def _forget_import(session: Session, ids: list[int]) -> None:
    """An import that old is taken back no more; its signatures stay as they are."""
    session.execute(update(Signature).where(Signature.import_id.in_(ids)).values(import_id=None))
    staging.forget(session, ids)


def _has_address() -> ColumnElement[bool]:
    # The address of those who want updates has a term of its own.
    return (Signature.email.is_not(None) & ~Signature.updates) | Signature.mail_domain.is_not(None) | Signature.network.is_not(None)


def _stale_clues(now: datetime) -> ColumnElement[bool]:
    """Published 72 hours ago: by the team when it decided, else in the hour of confirming."""
    published = func.coalesce(Signature.decided_at, Signature.hour)
    return (Signature.state == "published") & or_(published <= now - CLUES, published.is_(None)) & has_clues()


def has_clues() -> ColumnElement[bool]:
    """Whether anything is kept by which clusters of signatures are found."""
    return or_(*(clue.is_not(None) for clue in (Signature.mail_domain, Signature.network, Signature.hour, Signature.name_shape)))


def _turned_down(now: datetime) -> ColumnElement[bool]:
    since = now - REPRESENTATIVE
    rejected = (Signature.state == "rejected") & (Signature.kind == "organisation")
    long_ago = or_(Signature.decided_at <= since, Signature.decided_at.is_(None) & (Signature.signed_on <= since.date()))
    return rejected & long_ago & or_(Signature.name != "", Signature.email.is_not(None))


def _of(letters: Select[int]) -> ColumnElement[bool]:
    return Note.signature_id.in_(select(Signature.id).where(Signature.letter_id.in_(letters)))


def _is_named() -> ColumnElement[bool]:
    fields = (Signature.name, Signature.organisation, Signature.role, Signature.comment, Signature.country)
    return (Signature.kind == "person") & (Signature.state != "withdrawn") & or_(*(field != "" for field in fields))


def _mailed(now: datetime) -> ColumnElement[bool]:
    left = select(MailingRecipient.mailing_id).where(MailingRecipient.mailing_id == Mailing.id)
    return (Mailing.finished_at <= now - mailing.KEPT) & left.exists()


def _forget_mails(session: Session, ids: list[int]) -> None:
    """Leave their number to the mailings they were part of."""
    reckoning.remember(session, ids)
    session.execute(delete(OutboxMail).where(OutboxMail.id.in_(ids)))


def _forget_recipients(session: Session, ids: list[int]) -> None:
    session.execute(delete(MailingRecipient).where(MailingRecipient.mailing_id.in_(ids)))


def _deleting(model: Any) -> Forget:
    def forget(session: Session, ids: list[Any]) -> None:
        session.execute(delete(model).where(inspect(model).primary_key[0].in_(ids)))

    return forget


def _deleting_cells(model: Any, condition: ColumnElement[bool]) -> Forget:
    """Delete rows that are known by several columns: all of each letter in the chunk, whose numbers come first in their key."""

    def forget(session: Session, letters: list[int]) -> None:
        session.execute(delete(model).where(model.letter_id.in_(letters), condition))

    return forget


def _forget_address(session: Session, ids: list[int]) -> None:
    for signature in session.scalars(select(Signature).where(Signature.id.in_(ids))):
        signature.mail_domain = signature.network = None
        signature.email = signature.email if signature.updates else None


def _end_news(session: Session, ids: list[int]) -> None:
    for signature in session.scalars(select(Signature).where(Signature.id.in_(ids))):
        signature.updates = False
        transitions.changed(session, signature, {"updates": True})
        if signature.kind == "person" and signature.state == "published":
            signature.email = None


def _forget_clues(session: Session, ids: list[int]) -> None:
    nothing = dict.fromkeys(("mail_domain", "network", "hour", "name_shape"))
    session.execute(update(Signature).where(Signature.id.in_(ids)).values(nothing))


def _forget_representative(session: Session, ids: list[int]) -> None:
    """Leave the entry, as what was decided about; nobody answers for it any more."""
    session.execute(update(Signature).where(Signature.id.in_(ids)).values(name="", email=None, updates=False))


def _hashed(now: datetime) -> ColumnElement[bool]:
    return Signature.letter_id.in_(_ended(now)) & Signature.import_digest.is_not(None)


def _forget_digest(session: Session, ids: list[int]) -> None:
    session.execute(update(Signature).where(Signature.id.in_(ids)).values(import_digest=None))


def _forget_words(session: Session, ids: list[int]) -> None:
    session.execute(update(Report).where(Report.id.in_(ids)).values(words=""))


def _forget_network(session: Session, ids: list[int]) -> None:
    session.execute(update(SigningRequest).where(SigningRequest.id.in_(ids)).values(network=None))


def _dropping(now: datetime) -> Forget:
    """Empty mails as the worker would."""

    def forget(session: Session, ids: list[int]) -> None:
        emptied: dict[str, Any] = {"recipient": None, "values": null(), "leased_until": None}
        session.execute(update(OutboxMail).where(OutboxMail.id.in_(ids)).values(state="dropped", finished_at=now, **emptied))

    return forget


def _forgetting_handed(now: datetime) -> Forget:
    """Leave numbers: the names were kept for the handing over alone."""

    def forget(session: Session, ids: list[int]) -> None:
        words = dict.fromkeys(("name", "organisation", "role", "comment", "website"), "")
        for signature in session.scalars(select(Signature).where(Signature.id.in_(ids))):
            transitions.reshape(session, signature, {**words, "deliver": False}, now=now)

    return forget


def _forgetting_names(now: datetime) -> Forget:
    """Leave numbers where names stood; whoever was shown is counted without a name from now on."""
    words = dict.fromkeys(("name", "organisation", "role", "comment", "website", "country"), "")
    erased: dict[str, Any] = {**words, "email": None, "updates": False, "visibility": "counted", "deliver": False}

    def forget(session: Session, ids: list[int]) -> None:
        for signature in session.scalars(select(Signature).where(Signature.id.in_(ids))):
            transitions.reshape(session, signature, erased, now=now)

    return forget
