"""A bulk decision is about the signatures that were confirmed and no others, by as many people as it takes, and comes back whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from petition import accounts, moderation
from petition.db import db, transaction
from petition.moderation import bulk
from petition.moderation.bulk import NeedsAnother
from petition.moderation.criteria import Criteria
from petition.outbox.models import OutboxMail
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people
from tests.domain.test_bulk_decisions import attacked, confirmed
from tests.waves import NOON, faults, states, sweep, wave

HELD = Criteria(states=("held",), kind="person")


def test_what_comes_to_meet_the_criteria_afterwards_is_left_alone(app: Flask) -> None:
    letter = attacked(fakes=10, honest=1200, state="held")
    who = people.member()
    everybody = confirmed(who, letter, "hold", Criteria(kind="person", domain="honest.example"))
    few = confirmed(who, letter, "reject", HELD)
    assert (everybody.state, few.state, few.matched) == ("running", "running", 10)
    sweep()
    assert states(letter) == {"held": 1200, "rejected": 10}
    assert faults() == []


def test_rejections_of_one_person_add_up(sqlite_app: Flask) -> None:
    letter = attacked(fakes=20, honest=2100)
    wave(letter, 20, start=50_000, mail_domain="second.example")
    one = people.member()
    people.member("owner")
    assert confirmed(one, letter, "reject").state == "running"
    assert bulk.look(one, confirmed(one, letter, "hold", Criteria(domain="second.example")).public_id, NOON).needs_second is False
    assert confirmed(one, letter, "reject", Criteria(domain="second.example")).state == "waiting"


def test_an_owner_of_the_installation_needs_the_teams_moderator_too(sqlite_app: Flask) -> None:
    letter = attacked()
    people.member()
    root = people.member("owner", "root@example.org", team="Another team")
    with transaction():
        accounts.find_member(root.email).sees_all = True
    found = confirmed(accounts.find_member(root.email), letter, "reject")
    assert found.state == "waiting"
    assert not bulk.look(accounts.find_member(root.email), found.public_id, NOON).alone
    with pytest.raises(NeedsAnother):
        bulk.second(accounts.find_member(root.email), found.public_id, seen=30, now=NOON)


def test_a_reversal_gives_back_the_pin_and_the_review(app: Flask) -> None:
    letter = attacked()
    who = people.member("owner")
    first = db.session.scalars(select(Signature).where(Signature.mail_domain == "catchall.example").limit(1)).one()
    moderation.decide(who, first.public_id, "hold", config=factories.config(), now=NOON)
    moderation.decide(who, first.public_id, "approve", config=factories.config(), now=NOON)
    moderation.arrange(who, letter.slug, "add", first.public_id, now=NOON)
    found = confirmed(who, letter)
    sweep()
    db.session.refresh(first)
    assert (first.state, first.pinned) == ("held", None)
    bulk.reverse(who, found.public_id, now=NOON)
    sweep()
    db.session.refresh(first)
    assert (first.state, first.pinned, first.decided_at, first.decided_by) == ("published", 1, NOON, who.email)


def test_reversals_come_one_after_the_other(app: Flask) -> None:
    letter = attacked()
    one, two = people.member(), people.member("owner")
    hold = confirmed(one, letter)
    sweep()
    reject = confirmed(one, letter, "reject")
    bulk.second(two, reject.public_id, seen=30, now=NOON)
    sweep()
    assert states(letter) == {"published": 12, "rejected": 30}
    for each in (reject, hold):
        bulk.reverse(one, each.public_id, now=NOON)
        sweep()
    assert states(letter) == {"published": 42}
    assert faults() == []


def test_nobody_is_told_of_a_rejection_that_was_taken_back(sqlite_app: Flask) -> None:
    letter = attacked(fakes=3, honest=400, state="held", email=lambda number: f"p{number}@catchall.example")
    who = people.member()
    found = confirmed(who, letter, "reject", tell=True)
    sweep()
    assert len(db.session.scalars(select(OutboxMail)).all()) == 3
    bulk.reverse(who, found.public_id, now=NOON + timedelta(minutes=2))
    sweep()
    assert db.session.scalars(select(OutboxMail)).all() == []
    held = db.session.scalars(select(Signature).where(Signature.state == "held")).all()
    assert sorted(each.email or "" for each in held) == ["p0@catchall.example", "p1@catchall.example", "p2@catchall.example"]
