"""What an owner does with the webhooks of a team: add, look, try, change the secret, switch off and on, remove."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from petition import accounts, audit
from petition.accounts import Member
from petition.config import Config
from petition.db import db, transaction
from petition.errors import N_, Conflict, Fault, Invalid, NotFound, TooMany
from petition.webhooks import sending, signing
from petition.webhooks.delivering import switch_off
from petition.webhooks.models import EVENTS, TEST, Webhook, WebhookDelivery

SHOWN = 50  # deliveries
MOST = 20  # webhooks of a team
TESTS = 3  # of a webhook in a minute, or waiting
MINUTE = timedelta(minutes=1)


class TriedEnough(TooMany):
    """A webhook was tried a few times in a row."""

    code = "tried_enough"
    message = N_("A few tests were sent just now. Look at their answers below, and send another one in a minute.")


@dataclass(frozen=True)
class Look:
    """A webhook as its page shows it."""

    hook: Webhook
    deliveries: list[WebhookDelivery]


def listed(member: Member) -> list[Webhook]:
    """The webhooks of the teams that the member owns."""
    query = select(Webhook).order_by(Webhook.team_id, Webhook.id)
    if member.owned_ids is not None:
        query = query.where(Webhook.team_id.in_(member.owned_ids))
    return list(db.session.scalars(query))


def add(member: Member, team_id: int, url: str, events: Sequence[str], *, config: Config, now: datetime) -> tuple[Webhook, str]:
    """A new webhook and its secret, told only now; raises NotFound, Forbidden, Invalid, Conflict."""
    accounts.require(member, "owner", accounts.find_team(team_id).id)
    kept, wanted = sending.address(url), [each for each in EVENTS if each in events]
    if not wanted:
        raise Invalid([Fault("events", "none", N_("Choose at least one event."))])
    with transaction() as session:
        if len(session.scalars(select(Webhook.id).where(Webhook.team_id == team_id)).all()) >= MOST:
            raise Invalid([Fault("url", "too_many", N_("A team has at most %(limit)s webhooks."), {"limit": MOST})])
        hook = Webhook(team_id=team_id, url=kept, events=wanted, created_at=now, created_by=member.email)
        session.add(hook)
        session.flush()
        _note(session, hook, "added", member, now)
    return hook, signing.secret(hook, config)


def find(member: Member, public_id: str, lock: bool = False) -> Webhook:
    """A webhook of a team that the member owns; raises NotFound, Forbidden."""
    query = select(Webhook).where(Webhook.public_id == public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query) if len(public_id) <= 36 and public_id.isprintable() else None
    if found is None:
        raise NotFound
    accounts.require(member, "owner", found.team_id)
    return found


def look(member: Member, public_id: str) -> Look:
    """A webhook with its last deliveries, the newest first; raises NotFound, Forbidden."""
    hook = find(member, public_id)
    mine = select(WebhookDelivery).where(WebhookDelivery.hook_id == hook.id).order_by(WebhookDelivery.id.desc())
    return Look(hook, list(db.session.scalars(mine.limit(SHOWN))))


def try_it(member: Member, public_id: str, *, now: datetime) -> None:
    """Queue a message that says nothing, apart from what waits; raises NotFound, Conflict while switched off, TriedEnough."""
    with transaction() as session:
        hook = find(member, public_id, lock=True)
        if hook.disabled_at is not None:
            raise Conflict
        lately = or_(WebhookDelivery.state == "queued", WebhookDelivery.queued_at > now - MINUTE)
        tests = select(func.count()).where(WebhookDelivery.hook_id == hook.id, WebhookDelivery.event == TEST, lately)
        if (session.scalar(tests) or 0) >= TESTS:
            raise TriedEnough(retry_after=int(MINUTE.total_seconds()))
        session.add(WebhookDelivery(hook_id=hook.id, event=TEST, payload={}, queued_at=now))
        _note(session, hook, "tried", member, now)


def rotate(member: Member, public_id: str, *, config: Config, now: datetime) -> str:
    """Another secret, which holds from now on; raises NotFound."""
    with transaction() as session:
        hook = find(member, public_id, lock=True)
        hook.salt = secrets.token_hex()
        _note(session, hook, "rotated", member, now)
    return signing.secret(hook, config)


def switch(member: Member, public_id: str, on: bool, *, now: datetime) -> None:
    """Switch a webhook off, dropping what waits, or on again; raises NotFound, Conflict where it is so already."""
    with transaction() as session:
        hook = find(member, public_id, lock=True)
        if on == (hook.disabled_at is None):
            raise Conflict
        if on:
            hook.disabled_at, hook.disabled_why = None, ""
            hook.failures, hook.failing_since, hook.retry_at = 0, None, None
        else:
            switch_off(session, hook, "owner", now)
        _note(session, hook, "enabled" if on else "disabled", member, now)


def remove(member: Member, public_id: str, *, now: datetime) -> None:
    """Forget a webhook and everything that waits for it; raises NotFound."""
    with transaction() as session:
        hook = find(member, public_id, lock=True)
        _note(session, hook, "removed", member, now)
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.hook_id == hook.id))
        session.delete(hook)


def _note(session: Session, hook: Webhook, step: str, member: Member, now: datetime) -> None:
    # The host alone: the rest of an address may hold a key.
    audit.record(
        session, at=now, actor=member.actor, action=f"webhook.{step}", thing=("webhook", hook.public_id), team_id=hook.team_id,
        host=hook.host, events=" ".join(hook.events),
    )  # fmt: skip
