"""Delivers what is queued: claims one message, sends it outside any transaction, and records what became of it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session, aliased

from petition import addresses, audit, outbox
from petition.accounts import Member, Membership
from petition.audit import PLATFORM
from petition.config import Config
from petition.db import db, transaction
from petition.errors import Busy
from petition.signatures.models import Signature
from petition.webhooks import payloads, signing
from petition.webhooks.models import MOST, TEST, Webhook, WebhookDelivery
from petition.webhooks.sending import Failed, post, resolve

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
TURN = 2.0  # seconds, after which whoever called is asked again
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
ATTEMPTS = 8  # of one message
EXPIRES = timedelta(days=3)  # after which a message is of no use any more
GIVES_UP = timedelta(days=3)  # for which an address may fail before it is switched off,
LEAST = 5  # and so often at least

Send = Callable[[str, dict[str, str], bytes], int]


@dataclass(frozen=True)
class _Message:
    """What was claimed, ready to be sent."""

    number: int
    hook_id: int
    lease: datetime
    url: str
    headers: dict[str, str]
    body: bytes


def work(
    config: Config, *, clock: Callable[[], datetime], stop: threading.Event, seconds: float | None = None, send: Send | None = None,
) -> bool:  # fmt: skip
    """Deliver what is due, for so many seconds; whether there is more to do at once. Raises Busy."""
    until = time.monotonic() + (TURN if seconds is None else seconds)
    sending = send or _sender(config)
    while not stop.is_set():
        if not _is_due(clock()):
            return False
        message = _claim(config, clock())
        if message is not None:
            _deliver(message, sending, config, clock)
        if time.monotonic() >= until:
            return True
    return False


def _sender(config: Config) -> Send:
    return lambda url, headers, body: post(url, headers, body, resolve=lambda host: resolve(host, config.resolver))


def _due(now: datetime) -> ColumnElement[bool]:
    """What may be sent now: nothing of a webhook to which something is being sent, so that messages keep their order."""
    being_sent = aliased(WebhookDelivery)
    busy = select(being_sent.id).where(
        being_sent.hook_id == WebhookDelivery.hook_id, being_sent.state == "queued", being_sent.leased_until > now,
        being_sent.leased_until <= now + 2 * LEASE,
    )  # fmt: skip
    # A test is not kept back by what its address did to other messages.
    ready = or_(WebhookDelivery.event == TEST, Webhook.retry_at.is_(None), Webhook.retry_at <= now)
    return and_(WebhookDelivery.state == "queued", Webhook.disabled_at.is_(None), ready, ~busy.exists())


def _is_due(now: datetime) -> bool:
    try:
        query = select(WebhookDelivery.id).join(WebhookDelivery.hook).where(_due(now)).limit(1)
        return db.session.scalar(query) is not None
    except (OperationalError, InterfaceError) as error:
        raise Busy from error
    finally:
        db.session.rollback()


def _claim(config: Config, now: datetime) -> _Message | None:
    """Lease the oldest due message, with all that waits behind it of the same sort; None when there is nothing to say."""
    with transaction() as session:
        oldest = select(WebhookDelivery).join(WebhookDelivery.hook).where(_due(now)).order_by(WebhookDelivery.id).limit(1)
        # The webhook is locked first, and then asked anew: another worker may have begun with it a moment ago.
        free = oldest.with_only_columns(Webhook.id).with_for_update(skip_locked=True, of=Webhook, key_share=True)
        hook_id = session.scalar(free)
        mine = oldest.where(WebhookDelivery.hook_id == hook_id).with_for_update(skip_locked=True, of=WebhookDelivery)
        found = session.scalar(mine.execution_options(populate_existing=True)) if hook_id is not None else None
        if found is None:
            return None
        if "after" in found.payload and not _take_piece(session, found, now):
            session.delete(found)
            return None
        _gather(session, found, now)
        said = payloads.body(session, found, config) if now - found.queued_at <= EXPIRES else None
        if said is None:
            found.state, found.finished_at, found.payload, found.leased_until = "dropped", now, {}, None
            return None
        found.leased_until, found.attempts = now + LEASE, found.attempts + 1
        body = json.dumps(said, ensure_ascii=False).encode()
        headers = signing.headers(signing.secret(found.hook, config), found.message_id, int(now.timestamp()), body)
        return _Message(found.id, found.hook_id, found.leased_until, found.hook.url, headers, body)


def _take_piece(session: Session, found: WebhookDelivery, now: datetime) -> bool:
    """Let a message that is about all signatures of a letter be about the next few, and another one about the rest."""
    published = select(Signature.id, Signature.public_id).where(Signature.letter_id == found.letter_id, Signature.state == "published")
    up_to = found.payload.get("up_to") or session.scalar(select(func.max(Signature.id)).where(Signature.letter_id == found.letter_id)) or 0
    piece = published.where(Signature.id > found.payload["after"], Signature.id <= up_to).order_by(Signature.id).limit(MOST)
    # The two parts of an index, each in its order: nothing is sorted, however many they are.
    rows = sorted((number, key) for listed in (True, False) for number, key in session.execute(piece.where(Signature.listed == listed)))
    if len(rows) >= MOST:
        rest = {"after": rows[MOST - 1][0], "up_to": up_to}
        session.add(WebhookDelivery(hook_id=found.hook_id, letter_id=found.letter_id, event=found.event, payload=rest, queued_at=now))
    found.payload = {"signatures": [key for _, key in rows[:MOST]]}
    return bool(rows)


def _gather(session: Session, first: WebhookDelivery, now: datetime) -> None:
    """Put what waits behind an untried message into it, so that a flood of signatures is not a flood of requests."""
    if first.attempts or "signatures" not in first.payload:
        return
    behind = select(WebhookDelivery).where(
        WebhookDelivery.hook_id == first.hook_id, WebhookDelivery.state == "queued", WebhookDelivery.event == first.event,
        WebhookDelivery.letter_id == first.letter_id, WebhookDelivery.attempts == 0, WebhookDelivery.leased_until.is_(None),
        WebhookDelivery.id > first.id,
    ).order_by(WebhookDelivery.id).limit(MOST)  # fmt: skip
    ids, taken = list(first.payload["signatures"]), []
    for each in session.scalars(behind.with_for_update(skip_locked=True)):
        if "signatures" not in each.payload or len(ids) + len(each.payload["signatures"]) > MOST:
            break
        ids += each.payload["signatures"]
        taken.append(each.id)
    if taken:
        first.payload = {"signatures": ids}
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(taken)))


def _deliver(message: _Message, send: Send, config: Config, clock: Callable[[], datetime]) -> None:
    try:
        status = send(message.url, message.headers, message.body)
        answer, gone = str(status), status == 410  # RFC 9110: gone for good
        taken = 200 <= status < 300
    except Failed as failure:
        answer, gone, taken = str(failure), False, False
    with transaction() as session:
        # In the order in which the claim locks; what only names the webhook, as each new message does, need not wait.
        hook = session.get(Webhook, message.hook_id, with_for_update={"key_share": True}, populate_existing=True)
        found = session.get(WebhookDelivery, message.number, with_for_update=True, populate_existing=True)
        if hook is None or found is None or found.state != "queued" or found.leased_until != message.lease:
            return  # its webhook was removed, or the lease ran out and another worker decides
        now = clock()
        found.answer, found.leased_until = answer[:60], None
        if taken:
            found.state, found.finished_at, found.payload = "delivered", now, {}
            _taken(hook, found, now)
        else:
            _failed(session, hook, found, gone, config, now)


def _taken(hook: Webhook, delivery: WebhookDelivery, now: datetime) -> None:
    if delivery.event != TEST:
        hook.failures, hook.failing_since, hook.retry_at = 0, None, None
    elif hook.retry_at is not None:  # what waits is tried at once; should that fail, the next wait is no longer for it
        hook.failures, hook.retry_at = max(hook.failures - 1, 0), now


def _failed(session: Session, hook: Webhook, delivery: WebhookDelivery, gone: bool, config: Config, now: datetime) -> None:
    log.warning("webhook %d: a message was not taken: %s", hook.id, delivery.answer)
    if delivery.event == TEST:  # it is tried once, and weighs on nothing else
        delivery.state, delivery.finished_at = "failed", now
    else:
        _put_off(hook, delivery, now)
    long_enough = hook.failing_since is not None and hook.failures >= LEAST and now - hook.failing_since >= GIVES_UP
    if gone or long_enough:
        switch_off(session, hook, "gone" if gone else "failing", now)
        audit.record(
            session, at=now, actor=PLATFORM, action="webhook.disabled", thing=("webhook", hook.public_id), team_id=hook.team_id,
            why=hook.disabled_why,
        )  # fmt: skip
        _tell(session, hook, config, now)


def _put_off(hook: Webhook, delivery: WebhookDelivery, now: datetime) -> None:
    hook.retry_at = now + BACKOFF[min(hook.failures, len(BACKOFF) - 1)]
    hook.failures += 1
    hook.failing_since = hook.failing_since or now
    # A test that is taken brings tries forward: only with its time spent as well has a message had all that it may have.
    if delivery.attempts >= ATTEMPTS and now - delivery.queued_at >= sum(BACKOFF, timedelta()):
        delivery.state, delivery.finished_at, delivery.payload = "failed", now, {}


def switch_off(session: Session, hook: Webhook, why: str, now: datetime) -> None:
    """Send nothing there any more; what waits is dropped."""
    hook.disabled_at, hook.disabled_why = now, why
    waiting = update(WebhookDelivery).where(WebhookDelivery.hook_id == hook.id, WebhookDelivery.state == "queued")
    session.execute(waiting.values(state="dropped", finished_at=now, payload={}, leased_until=None))


def _tell(session: Session, hook: Webhook, config: Config, now: datetime) -> None:
    """One mail to each owner of the team, since nobody may look at that page for weeks."""
    owners = select(Member).join(Membership).where(Membership.team_id == hook.team_id, Membership.role == "owner", Member.active)
    for each in session.scalars(owners):
        outbox.queue(
            session, "webhook", to=each.email, fingerprint=addresses.fingerprint(each.email, config.fingerprint_bytes),
            language=each.speaks(config.languages), scope=f"webhook:{hook.id}", now=now,
            values={"host": hook.host, "page": f"{config.base_url}/admin/webhooks/{hook.public_id}"},
        )  # fmt: skip
