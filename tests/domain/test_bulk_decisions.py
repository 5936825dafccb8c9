"""Bulk decisions: previewed, confirmed by one person or two, carried out whole, cancelled, and reversed as a whole."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from petition import moderation
from petition.accounts import Member
from petition.audit import SIGNATORY, AuditEntry
from petition.db import db, transaction
from petition.errors import Invalid, NotFound
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation import bulk, sweeping
from petition.moderation.bulk import CountChanged, MovedOn, NeedsAnother
from petition.moderation.criteria import Criteria
from petition.moderation.models import BulkDecision, BulkItem
from petition.outbox.delivery import Counts, deliver_due
from petition.signatures import directory, transitions
from petition.signatures.models import Correction, Signature
from petition.upkeep import worker
from tests import factories
from tests.admin import people
from tests.waves import NOON, again, faults, states, sweep, wave

LATER = NOON + timedelta(minutes=2)
FAKES = Criteria(domain="catchall.example")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 7)
    monkeypatch.setattr(sweeping, "BREATH", 0)


def attacked(fakes: int = 30, honest: int = 12, state: str = "published", **values: object) -> Letter:
    letter = factories.letter()
    wave(letter, honest, mail_domain="honest.example", name=lambda number: f"Honest {number}", start=10_000)
    wave(letter, fakes, state, **values)
    return letter


def prepared(who: Member, letter: Letter, decision: str = "hold", criteria: Criteria = FAKES) -> BulkDecision:
    return bulk.prepare(who, letter, criteria, decision, reason="Fakes.", reason_class="fake", now=NOON)


def confirmed(who: Member, letter: Letter, decision: str = "hold", criteria: Criteria = FAKES, **options: bool) -> BulkDecision:
    found = prepared(who, letter, decision, criteria)
    seen = bulk.look(who, found.public_id, NOON).matched
    bulk.confirm(who, found.public_id, seen=seen, now=NOON + timedelta(minutes=1), **options)
    return again(found)


def test_a_bulk_hold_moves_what_matches_and_nothing_else(app: Flask, small_batches: None) -> None:
    letter = attacked()
    found = confirmed(people.member(), letter)
    assert states(letter) == {"published": 42}, "nothing moves before the worker's turn"
    sweep()
    assert states(letter) == {"published": 12, "held": 30}
    assert (again(found).state, found.done, found.skipped, found.matched) == ("done", 30, 0, 30)
    assert directory.counts(letters.find(letter.slug)).total == 12
    assert faults() == []


def test_each_signature_has_its_audit_entry_its_item_and_its_line_in_the_ledger(app: Flask) -> None:
    letter = attacked()
    who = people.member()
    found = confirmed(who, letter)
    sweep()
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signature.held")).all()
    assert len(entries) == 30
    assert {(each.actor_name, each.details["bulk"], each.reason) for each in entries} == {(who.email, found.public_id, "Fakes.")}
    items = db.session.scalars(select(BulkItem)).all()
    assert {(each.bulk_id, each.state_before, each.reversed) for each in items} == {(found.id, "published", False)}
    ledger = db.session.execute(select(Correction.reason_class, Correction.state, func.sum(Correction.count)).group_by(
        Correction.reason_class, Correction.state
    )).all()  # fmt: skip
    assert [tuple(row) for row in ledger] == [("fake", "held", 30)]
    steps = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "bulk").order_by(AuditEntry.id)).all()
    assert steps == ["bulk.prepared", "bulk.confirmed", "bulk.done"]


def test_rejecting_many_waits_for_a_second_person(sqlite_app: Flask) -> None:
    letter = attacked()
    one, two = people.member(), people.member("owner")
    found = confirmed(one, letter, "reject")
    sweep()
    assert (again(found).state, states(letter)["published"]) == ("waiting", 42)
    with pytest.raises(NeedsAnother):
        bulk.second(one, found.public_id, seen=30, now=NOON)
    bulk.second(two, found.public_id, seen=30, now=NOON)
    sweep()
    assert states(letter) == {"published": 12, "rejected": 30}
    assert (again(found).confirmed_by, found.seconded_by) == (one.email, two.email)


def test_a_member_who_cannot_log_in_is_no_second_person(sqlite_app: Flask) -> None:
    letter = attacked()
    one = people.member()
    people.member("viewer")
    invited = people.member("owner")
    with transaction() as session:
        session.get_one(Member, invited.id).password = None
    found = confirmed(one, letter, "reject")
    assert bulk.look(one, found.public_id, NOON).alone
    assert found.state == "waiting"
    bulk.second(one, found.public_id, seen=30, now=NOON)
    assert again(found).state == "running"


def test_few_rejections_in_a_large_letter_and_any_number_of_holds_take_one_person() -> None:
    assert not bulk.needs_second("reject", 25, 2_500)
    assert bulk.needs_second("reject", 26, 10_000)
    assert bulk.needs_second("reject", 2, 199)
    assert not bulk.needs_second("hold", 77_000, 77_001)
    assert not bulk.needs_second("approve", 77_000, 77_001)


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        (Criteria(), "empty"),
        (Criteria(states=("held", "published")), "everything"),
        (Criteria(kind="person"), "everything"),
        (Criteria(name="no such name"), "nobody"),
    ],
)
def test_criteria_that_say_nothing_or_mean_everybody_are_refused(sqlite_app: Flask, criteria: Criteria, code: str) -> None:
    letter = attacked()
    with pytest.raises(Invalid) as refused:
        prepared(people.member(), letter, "reject", criteria)
    assert refused.value.faults[0].code == code
    assert db.session.scalars(select(BulkDecision)).all() == []


def test_what_has_come_to_mean_everybody_is_refused_at_the_confirmation(sqlite_app: Flask) -> None:
    letter = attacked(honest=1)
    who = people.member()
    found = prepared(who, letter)
    with transaction() as session:
        honest = session.scalars(select(Signature).where(Signature.mail_domain == "honest.example")).one()
        transitions.move(session, honest, "withdrawn", actor=SIGNATORY, now=NOON)
    with pytest.raises(Invalid):
        bulk.confirm(who, found.public_id, seen=30, now=NOON)


def test_a_number_that_changed_since_the_preview_is_shown_again(sqlite_app: Flask) -> None:
    letter = attacked()
    who = people.member()
    found = prepared(who, letter)
    wave(letter, 6, start=500)
    with pytest.raises(CountChanged):
        bulk.confirm(who, found.public_id, seen=30, now=NOON)
    bulk.confirm(who, found.public_id, seen=31, now=NOON)
    assert again(found).matched == 36


def test_what_comes_after_the_confirmation_is_not_swept(sqlite_app: Flask) -> None:
    letter = attacked()
    confirmed(people.member(), letter)
    wave(letter, 5, start=500)
    sweep()
    assert states(letter) == {"published": 17, "held": 30}


def test_what_somebody_decided_meanwhile_is_left_alone_and_counted(app: Flask) -> None:
    letter = attacked(state="held")
    who = people.member()
    found = confirmed(who, letter, "approve")
    signature = db.session.scalars(select(Signature).where(Signature.state == "held").limit(1)).one()
    moderation.decide(who, signature.public_id, "reject", "Known fake.", config=factories.config(), now=NOON)
    sweep()
    assert states(letter) == {"published": 41, "rejected": 1}
    assert (again(found).done, found.skipped) == (29, 1)


@pytest.mark.parametrize(("decision", "before"), [("hold", "published"), ("reject", "held"), ("reject", "published"), ("approve", "held")])
def test_the_whole_is_reversed(app: Flask, small_batches: None, decision: str, before: str) -> None:
    letter = attacked(state=before)
    counted = states(letter)
    who = people.member()
    found = confirmed(who, letter, decision)
    if found.state == "waiting":
        bulk.second(people.member("owner"), found.public_id, seen=30, now=NOON)
    sweep()
    assert states(letter) != counted
    bulk.reverse(who, found.public_id, now=NOON)
    sweep()
    assert (again(found).state, states(letter)) == ("reversed", counted)
    assert bulk.look(who, found.public_id, NOON).returned == 30
    assert not db.session.scalar(select(func.count()).where(Signature.decided_at.is_not(None))), "taking back is no review"
    assert faults() == []
    with pytest.raises(MovedOn):
        bulk.reverse(who, found.public_id, now=NOON)


def test_a_reversal_leaves_what_somebody_decided_since(app: Flask) -> None:
    letter = attacked()
    who = people.member()
    found = confirmed(who, letter)
    sweep()
    one, two, three = db.session.scalars(select(Signature).where(Signature.state == "held").order_by(Signature.id).limit(3))
    later, config = NOON + timedelta(hours=2), factories.config()
    moderation.decide(who, one.public_id, "reject", "A fake.", config=config, now=later)
    moderation.decide(who, two.public_id, "approve", config=config, now=later)
    # Decided twice, so that it is held again, but by hand.
    moderation.decide(who, three.public_id, "approve", config=config, now=later)
    moderation.decide(who, three.public_id, "hold", config=config, now=later)
    bulk.reverse(who, found.public_id, now=later)
    sweep(lambda: later)
    assert states(letter) == {"published": 40, "held": 1, "rejected": 1}
    assert bulk.look(who, found.public_id, later).returned == 27
    assert faults() == []


def test_words_changed_while_held_are_not_published_by_a_reversal(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    letter = factories.letter()
    wave(letter, 3, mail_domain="honest.example")
    token = factories.sign(client, **factories.ANA)
    with transaction() as session:
        session.scalars(select(Signature).where(Signature.name == "Ana Sample")).one().mail_domain = "catchall.example"
    who = people.member()
    found = confirmed(who, letter)
    sweep()
    client.post(f"/signature/{token}", data={"action": "change", "name": "Ana www.example.org", "visibility": "public"})
    bulk.reverse(who, found.public_id, now=NOON)
    sweep()
    assert people.signature("Ana www.example.org").state == "held"
    assert bulk.look(who, found.public_id, NOON).returned == 0


def test_a_cancelled_one_stops_and_what_is_done_can_be_reversed(sqlite_app: Flask, small_batches: None) -> None:
    letter = attacked()
    who = people.member()
    found = confirmed(who, letter)
    claimed = sweeping._claim(LATER)
    assert claimed is not None
    sweeping._batch(*claimed, factories.config(), LATER)
    bulk.cancel(who, found.public_id, now=NOON)
    sweep()
    assert (again(found).state, found.done, states(letter)) == ("cancelled", 7, {"published": 35, "held": 7})
    bulk.reverse(who, found.public_id, now=NOON)
    sweep()
    assert states(letter) == {"published": 42}
    with pytest.raises(MovedOn):
        bulk.cancel(who, found.public_id, now=NOON)


def test_an_organisation_whose_name_was_taken_stays_rejected(app: Flask) -> None:
    letter = attacked(kind="organisation", organisation=lambda number: f"Union {number}", state="held")
    who = people.member()
    found = confirmed(who, letter, "reject")
    bulk.second(people.member("owner"), found.public_id, seen=30, now=NOON)
    sweep()
    wave(letter, 1, "held", start=700, kind="organisation", organisation="Union 3", mail_domain="real.example")
    bulk.reverse(who, found.public_id, now=NOON)
    sweep()
    assert states(letter) == {"published": 12, "held": 30, "rejected": 1}
    assert faults() == []


def test_two_rejected_entries_of_one_name_come_back_as_one(app: Flask) -> None:
    letter = attacked(kind="organisation", organisation="The Same Union", state="rejected")
    found = confirmed(people.member(), letter, "hold", Criteria(states=("rejected",)))
    sweep()
    assert states(letter) == {"published": 12, "held": 1, "rejected": 29}
    assert (again(found).done, found.skipped) == (1, 29)


def test_a_rejected_persons_address_is_forgotten_after_they_were_told(sqlite_app: Flask) -> None:
    letter = attacked(fakes=3, state="held", email=lambda number: f"fake{number}@catchall.example")
    found = confirmed(people.member(), letter, "reject", tell=True)
    bulk.second(people.member("owner"), found.public_id, seen=3, now=NOON)
    sweep()
    mails = factories.mails("decision")
    assert [mail.recipient for mail in mails] == [f"fake{number}@catchall.example" for number in range(3)]
    assert {(mail.values or {})["reason"] for mail in mails} == {"Fakes."}
    assert db.session.scalars(select(Signature.email).where(Signature.state == "rejected")).all() == [None] * 3


def test_nobody_is_told_unless_asked_for_and_nobody_of_a_hold(sqlite_app: Flask) -> None:
    letter = attacked(fakes=3, state="held", email=lambda number: f"fake{number}@catchall.example")
    who = people.member()
    confirmed(who, letter, "approve", tell=False)
    sweep()
    confirmed(who, letter, "hold", Criteria(name="fake person*"), tell=True)
    sweep()
    assert factories.mails("decision") == []


def test_a_killed_workers_rest_is_done_by_the_next_and_no_row_twice(app: Flask, small_batches: None) -> None:
    letter = attacked()
    found = confirmed(people.member(), letter)
    claimed = sweeping._claim(LATER)
    assert claimed is not None
    lease = sweeping._batch(*claimed, factories.config(), LATER)  # and then it is killed
    assert sweeping._claim(LATER + timedelta(seconds=9)) is None
    sweep(lambda: LATER + timedelta(seconds=11))
    assert (again(found).state, found.done) == ("done", 30)
    assert lease is not None
    assert sweeping._batch(found.id, lease, factories.config(), LATER) is None, "whoever lost the lease does no more"
    assert states(letter) == {"published": 12, "held": 30}
    assert faults() == []


def test_whoever_lost_the_lease_moves_nothing(sqlite_app: Flask, small_batches: None) -> None:
    letter = attacked()
    confirmed(people.member(), letter)
    slow = sweeping._claim(LATER)
    assert slow is not None
    assert sweeping._claim(LATER + timedelta(seconds=11)) is not None
    assert sweeping._batch(*slow, factories.config(), LATER) is None
    assert states(letter) == {"published": 42}


def test_two_workers_at_once_do_each_row_once(app: Flask, small_batches: None) -> None:
    letter = attacked()
    found = confirmed(people.member(), letter)
    number, config = found.id, factories.config()
    db.session.rollback()
    broke: list[BaseException] = []

    def work() -> None:
        try:
            with app.app_context():
                while sweeping.work(config, clock=lambda: NOON + timedelta(hours=1), stop=threading.Event(), seconds=0):
                    pass
        except BaseException as error:  # noqa: BLE001 (a thread's failure is the test's)
            broke.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.daemon = True
        each.start()
    for each in threads:
        each.join(60)
    sweep()
    assert broke == []
    assert (db.session.get_one(BulkDecision, number).done, states(letter)) == (30, {"published": 12, "held": 30})
    assert faults() == []


def test_a_batch_that_fails_stops_no_worker_and_is_tried_again(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = attacked()
    found = confirmed(people.member(), letter)

    def fail(*_given: object) -> bool:
        raise LookupError

    with monkeypatch.context() as moment:
        moment.setattr(sweeping, "_forth", fail)
        sweep(lambda: LATER)
    assert (again(found).state, states(letter)) == ("running", {"published": 42})
    sweep(lambda: LATER + timedelta(seconds=11))
    assert again(found).state == "done"


def test_mail_goes_out_while_a_bulk_decision_is_carried_out(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 1)
    monkeypatch.setattr(sweeping, "TURN", 0.1)
    letter = attacked(fakes=100, state="held", email=lambda number: f"fake{number}@catchall.example")
    found = confirmed(people.member(), letter, "approve", tell=True)
    stop, config, reached = threading.Event(), factories.config(), []
    db.session.rollback()

    def deliver(*given: Any, **options: Any) -> Counts:
        counts = deliver_due(*given, **options)
        reached.append((counts.sent, db.session.get_one(BulkDecision, number).done))
        db.session.rollback()
        if len(reached) == 3:
            stop.set()
        return counts

    number = found.id
    monkeypatch.setattr(worker, "deliver_due", deliver)
    worker.run(config, once=False, clock=lambda: LATER, stop=stop)
    assert reached[0] == (0, 0)
    assert 0 < reached[1][1] < reached[2][1] < 100
    assert reached[1][0] > 0


def test_another_teams_bulk_decision_is_not_there(sqlite_app: Flask) -> None:
    letter = attacked()
    found = prepared(people.member(), letter)
    stranger = people.member("owner", "stranger@elsewhere.example.org", team="Another team")
    for ask in (bulk.find, bulk.second, bulk.cancel, bulk.reverse, bulk.confirm):
        more = {} if ask is bulk.find else {"now": NOON} | ({"seen": 30} if ask in (bulk.second, bulk.confirm) else {})
        with pytest.raises(NotFound):
            ask(stranger, found.public_id, **more)  # type: ignore[operator]
    with pytest.raises(NotFound):
        bulk.preview(stranger, letter, FAKES)
