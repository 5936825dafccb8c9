"""What happened is queued with its cause, signed, delivered with retries, and says no more than readers may see."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from petition import webhooks
from petition.audit import COMMAND_LINE
from petition.db import db, transaction
from petition.errors import Conflict, TooMany
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from petition.outbox.delivery import deliver_due
from petition.signatures import milestones, operations, transitions
from petition.signatures.models import Tally
from petition.upkeep import retention
from petition.webhooks import delivering, emitting, hooks, payloads, sending
from petition.webhooks.models import EVENTS, Webhook, WebhookDelivery
from petition.webhooks.sending import Failed
from tests import factories, importing, newsroom
from tests.admin import people
from tests.https_server import PUBLIC, HttpsServer
from tests.waves import NOON, faults, sweep, wave

URL = "https://hooks.example.com/in"


class Receiver:
    """Takes messages as a receiver would, and answers as it is told."""

    def __init__(self) -> None:
        self.answers: list[int | Failed] = []
        self.taken: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def __call__(self, _url: str, headers: dict[str, str], body: bytes) -> int:
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Failed):
            raise answer
        if answer == 200:
            self.taken.append(json.loads(body))
            self.headers.append(headers)
        return answer


def added(events: tuple[str, ...] = EVENTS) -> tuple[Webhook, str]:
    owner = people.member("owner")
    return hooks.add(owner, owner.memberships[0].team_id, URL, events, config=factories.config(), now=factories.now())


def deliver(send: Any, at: datetime | None = None) -> None:
    db.session.rollback()
    config, clock = factories.config(), (lambda: at or factories.now())
    while delivering.work(config, clock=clock, stop=threading.Event(), seconds=30, send=send):
        pass
    db.session.rollback()


def deliveries() -> list[WebhookDelivery]:
    db.session.rollback()
    return list(db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


def test_a_signature_is_told_when_it_appears_and_when_it_goes(app: Flask) -> None:
    factories.letter()
    added()
    receiver, client = Receiver(), app.test_client()
    token = factories.sign(client, **factories.ANA)
    deliver(receiver)
    (said,) = receiver.taken
    found = people.signature()
    assert said["event"] == "signature.published" and re.fullmatch(r"msg_[0-9a-f]{32}", said["id"])
    assert said["letter"] == {"slug": "open-the-road", "address": "http://localhost/letters/open-the-road"}
    assert (said["counts"]["total"], said["number"]) == (1, 1)
    assert said["signatures"] == [{
        "id": found.public_id, "kind": "person", "verification": "email", "signed_on": found.signed_on.isoformat(), "name": "Ana Sample",
    }]  # fmt: skip
    client.post(f"/signature/{token}", data={"action": "withdraw"})
    deliver(receiver)
    assert receiver.taken[1]["event"] == "signature.withdrawn"
    assert receiver.taken[1]["signatures"] == [{"id": found.public_id, "kind": "person", "state": "withdrawn"}]
    assert {(each.state, each.payload == {}) for each in deliveries()} == {("delivered", True)}


def test_no_name_is_told_that_readers_do_not_see(app: Flask) -> None:
    factories.letter()
    added()
    receiver, client = Receiver(), app.test_client()
    factories.sign(client, **factories.ANA | {"visibility": "initials"})
    factories.sign(client, **factories.ARAM | {"visibility": "counted"})
    gone = factories.sign(client, **factories.ANA | {"name": "Lea Leaving", "email": "lea@example.org"})
    hides = factories.sign(client, **factories.ANA | {"name": "Hugo Hiding", "email": "hugo@example.org"})
    client.post(f"/signature/{gone}", data={"action": "withdraw"})
    client.post(f"/signature/{hides}", data={"action": "hide"})
    client.post(f"/signature/{hides}", data={"action": "change", "name": "Hugo Hiding", "visibility": "counted"})
    deliver(receiver)
    text = json.dumps(receiver.taken)
    assert not re.search(r"Sample|Օրինակյան|Lea|example\.org|\"AM\"", text), text
    assert "Hugo" not in text
    told = [(each["event"], each["number"]) for each in receiver.taken]
    assert told == [("signature.published", 3), ("signature.withdrawn", 1), ("signature.changed", 1)]


def test_a_name_that_was_told_is_taken_back_when_it_is_hidden(app: Flask) -> None:
    factories.letter()
    added(("signature.published",))
    receiver, client = Receiver(), app.test_client()
    token = factories.sign(client, **factories.ANA)
    gone = factories.sign(client, **factories.ANA | {"name": "Lea Leaving", "email": "lea@example.org"})
    deliver(receiver)
    assert [each["name"] for each in receiver.taken[0]["signatures"]] == ["Ana Sample", "Lea Leaving"]
    (first, second) = receiver.taken[0]["signatures"]
    said = {"action": "change", "name": "Ana Samples"}
    client.post(f"/signature/{token}", data=said | {"visibility": "public"})
    deliver(receiver)
    assert receiver.taken[1]["event"] == "signature.changed"
    assert receiver.taken[1]["signatures"] == [first | {"name": "Ana Samples", "hidden": False}]
    client.post(f"/signature/{token}", data=said | {"visibility": "initials"})
    client.post(f"/signature/{token}", data=said | {"visibility": "counted"})
    client.post(f"/signature/{gone}", data={"action": "change", "name": "Lea Leaving", "visibility": "counted"})
    client.post(f"/signature/{gone}", data={"action": "withdraw"})
    deliver(receiver)
    assert [(each["event"], each["number"]) for each in receiver.taken[2:]] == [("signature.changed", 2)], "told together, and each once"
    ana, lea = receiver.taken[2]["signatures"]
    assert ana == {name: value for name, value in first.items() if name != "name"} | {"hidden": True}
    assert lea == {"id": second["id"], "kind": "person", "hidden": True}, "what is forgotten is told also where withdrawals are not"


def test_who_signed_in_confidence_is_told_in_pieces_when_the_letter_is_published(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    letter = factories.letter(status="draft")
    added()
    monkeypatch.setattr(delivering, "MOST", 20)
    wave(letter, 40)
    wave(letter, 5, visibility="counted", mail_domain="honest.example", start=5_000)
    wave(letter, 3, state="held", mail_domain="waiting.example", start=6_000)
    deliver(receiver := Receiver())
    assert receiver.taken == []
    letters.set_status(letters.find(letter.slug), "open", actor=COMMAND_LINE, now=factories.now())
    assert [each.payload for each in deliveries()] == [{"after": 0}], "of how many they are the publication knows nothing"
    deliver(receiver)
    told = [each for each in receiver.taken if each["event"] == "signature.published"]
    ids = [each["id"] for said in told for each in said["signatures"]]
    assert max(each["number"] for each in told) == 20 and len(ids) == len(set(ids)) == 45
    assert sum("name" in each for said in told for each in said["signatures"]) == 40
    assert {each.state for each in deliveries()} == {"delivered"}


def test_a_country_is_told_only_where_many_share_it(sqlite_app: Flask) -> None:
    letter = factories.letter()
    added()
    rows = "".join(f"Paper Person {number},FR\n" for number in range(10))
    importing.bring(letter, f"name,country\n{rows}")
    wave(letter, 10, "published", country="AM")
    importing.bring(letter, f"name,country\n{rows}Paper Person 10,AM\n")
    receiver = Receiver()
    deliver(receiver)
    told = [(each["verification"], each.get("country")) for said in receiver.taken for each in said["signatures"]]
    # What was collected elsewhere makes no country large enough to be named.
    assert sorted(set(told), key=str) == [("imported", "AM"), ("imported", None)]


def test_of_a_protected_letter_only_counts_are_told_and_of_a_draft_nothing(sqlite_app: Flask) -> None:
    factories.letter(more="risk: protected\n")
    factories.letter("a-draft", status="draft")
    added()
    factories.sign(sqlite_app.test_client(), **factories.ANA)
    with transaction() as session:
        draft = session.scalars(select(Letter).where(Letter.slug == "a-draft")).one()
        assert webhooks.emit(session, draft, "letter.milestone", {"reached": 1}, factories.now()) == 0
    receiver = Receiver()
    deliver(receiver)
    (said,) = receiver.taken
    assert (said["number"], said["signatures"]) == (1, [])


def test_many_at_once_are_few_messages(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = factories.letter()
    added()
    for room in (emitting, delivering):
        monkeypatch.setattr(room, "MOST", 20)
    wave(letter, 50)
    wave(letter, 1, mail_domain="honest.example", start=5_000)
    who, fakes = people.member(), Criteria(domain="catchall.example")
    found = bulk.prepare(who, letters.find(letter.slug), fakes, "hold", reason="Fakes.", reason_class="fake", now=NOON)
    bulk.confirm(who, found.public_id, seen=50, now=NOON)
    sweep()
    receiver = Receiver()
    deliver(receiver, NOON + timedelta(hours=2))
    assert [each["number"] for each in receiver.taken] == [20, 20, 10]
    client = sqlite_app.test_client()
    for number in range(5):
        factories.sign(client, **factories.ANA | {"email": f"ana{number}@example.org"})
    deliver(receiver)
    assert (receiver.taken[-1]["number"], len(receiver.taken)) == (5, 4), "what waited together goes together"


def test_a_failure_is_tried_again_later_and_later(app: Flask) -> None:
    letter = factories.letter()
    added()
    with transaction() as session:
        assert webhooks.emit(session, session.merge(letter), "letter.milestone", {"reached": 100}, factories.now()) == 1
    receiver, start = Receiver(), factories.now()
    receiver.answers = [500, Failed("no answer in time"), 302]
    deliver(receiver, start)
    (waiting,) = deliveries()
    assert (waiting.state, waiting.attempts, waiting.answer) == ("queued", 1, "500")
    deliver(receiver, start + timedelta(seconds=50))
    assert deliveries()[0].attempts == 1, "not yet"
    deliver(receiver, start + timedelta(minutes=2))
    assert deliveries()[0].answer == "no answer in time"
    deliver(receiver, start + timedelta(minutes=10))
    deliver(receiver, start + timedelta(minutes=40))
    (done,) = deliveries()
    assert (done.state, done.attempts, receiver.taken[0]["data"]) == ("delivered", 4, {"reached": 100})
    assert db.session.query(Webhook).one().failures == 0
    retention.purge(factories.now() + timedelta(days=31))
    assert deliveries() == []


def test_what_fails_for_long_is_switched_off_with_a_mail_to_the_owners(sqlite_app: Flask) -> None:
    letter = factories.letter()
    hook, _ = added()
    at, receiver = factories.now(), Receiver()
    receiver.answers = [503] * 30
    for _ in range(7):
        assert db.session.query(Webhook).one().disabled_at is None
        with transaction() as session:
            webhooks.emit(session, session.merge(letter), "letter.milestone", {}, at)
        deliver(receiver, at)
        at += timedelta(hours=13)
    found = db.session.query(Webhook).one()
    assert (found.disabled_why, found.retry_at is not None) == ("failing", True)
    assert {each.state for each in deliveries()} == {"dropped"}
    (mail,) = factories.mails("webhook")
    assert (mail.recipient, mail.values) == ("owner@team.example.org", {
        "host": "hooks.example.com", "page": f"http://localhost/admin/webhooks/{hook.public_id}",
    })  # fmt: skip
    assert [each.details["why"] for each in people.recorded("webhook.disabled")] == ["failing"]
    deliver_due(factories.config(), clock=factories.now)  # the mail renders
    assert any("hooks.example.com" in path.read_text() for path in factories.config().mailbox.glob("*.eml"))


def test_gone_means_gone(sqlite_app: Flask) -> None:
    factories.letter()
    hook, _ = added()
    owner = people.member("owner")
    hooks.try_it(owner, hook.public_id, now=factories.now())
    receiver = Receiver()
    receiver.answers = [410]
    deliver(receiver)
    assert db.session.query(Webhook).one().disabled_why == "gone"
    with pytest.raises(Conflict):
        hooks.try_it(owner, hook.public_id, now=factories.now())
    hooks.switch(owner, hook.public_id, True, now=factories.now())
    hooks.try_it(owner, hook.public_id, now=factories.now())
    deliver(receiver)
    assert receiver.taken[0]["event"] == "webhook.test"


def test_a_message_whose_worker_died_is_sent_by_another(app: Flask) -> None:
    factories.letter()
    added()
    factories.sign(app.test_client(), **factories.ANA)
    assert delivering._claim(factories.config(), factories.now()) is not None
    receiver = Receiver()
    deliver(receiver)
    assert receiver.taken == []
    deliver(receiver, factories.now() + timedelta(seconds=61))
    assert len(receiver.taken) == 1


def test_one_worker_at_a_time_tells_a_hook_so_that_messages_keep_their_order(app: Flask) -> None:
    letter = factories.letter()
    added()
    added(("letter.milestone",))
    for number in (1, 2):
        with transaction() as session:
            webhooks.emit(session, session.merge(letter), "letter.milestone", {"number": number}, factories.now())
    config, now = factories.config(), factories.now()
    one, other = delivering._claim(config, now), delivering._claim(config, now)
    assert one is not None and other is not None and one.hook_id != other.hook_id
    assert [json.loads(each.body)["data"]["number"] for each in (one, other)] == [1, 1]
    assert delivering._claim(config, now) is None, "what comes later waits until the first is told"
    delivering._deliver(one, Receiver(), config, lambda: now)
    last = delivering._claim(config, now)
    assert last is not None and (last.hook_id, json.loads(last.body)["data"]["number"]) == (one.hook_id, 2)


def test_two_workers_that_claim_at_the_same_moment_do_not_pass_each_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = factories.letter()
    added(("letter.milestone",))
    for number in (1, 2):
        with transaction() as session:
            webhooks.emit(session, session.merge(letter), "letter.milestone", {"number": number}, factories.now())
    db.session.rollback()
    config, now, later = factories.config(), factories.now(), list[Any]()
    say = payloads.body

    def claim() -> None:
        with app.app_context():
            later.append(delivering._claim(config, now))

    other = threading.Thread(target=claim, daemon=True)

    def body(*given: Any) -> Any:
        if other.ident is None:  # the first has chosen, and not yet written that down
            other.start()
            other.join(0.5)  # on SQLite it waits for its turn to write
        return say(*given)

    monkeypatch.setattr(payloads, "body", body)
    first = delivering._claim(config, now)
    other.join(10)
    assert first is not None and json.loads(first.body)["data"] == {"number": 1}
    assert later == [None]


def test_a_test_is_apart_from_what_waits_and_only_a_few_are_sent_a_minute(sqlite_app: Flask) -> None:
    letter = factories.letter()
    hook, _ = added()
    owner, receiver, now = people.member("owner"), Receiver(), factories.now()
    with transaction() as session:
        webhooks.emit(session, session.merge(letter), "letter.milestone", {"number": 1}, now)
    receiver.answers = [503] * 4
    deliver(receiver, now)
    until = db.session.query(Webhook).one().retry_at
    for _ in range(hooks.TESTS):
        hooks.try_it(owner, hook.public_id, now=now)
    with pytest.raises(TooMany) as refused:
        hooks.try_it(owner, hook.public_id, now=now + timedelta(seconds=59))
    assert 0 < refused.value.retry_after <= 60
    deliver(receiver, now + timedelta(seconds=1))
    waiting, *tests = deliveries()
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert {(each.state, each.attempts, each.answer) for each in tests} == {("failed", 1, "503")}, "tried once, told at once"
    found = db.session.query(Webhook).one()
    assert (found.failures, found.retry_at) == (1, until)
    # One that is taken has what waits tried again at once, which costs it none of its tries.
    for minute in range(1, 12):
        at = now + timedelta(minutes=2 * minute)
        hooks.try_it(owner, hook.public_id, now=at)
        deliver(lambda _url, _headers, body: 200 if b"webhook.test" in body else 500, at)
    assert deliveries()[0].state == "queued"
    at += timedelta(seconds=30)
    hooks.try_it(owner, hook.public_id, now=at)
    deliver(receiver, at)
    assert [each["event"] for each in receiver.taken] == ["webhook.test", "letter.milestone"]


def test_nothing_is_queued_for_what_did_not_happen(app: Flask) -> None:
    letter = factories.letter()
    added()
    with contextlib.suppress(RuntimeError), transaction() as session:
        assert webhooks.emit(session, session.merge(letter), "update.published", {}, factories.now()) == 1
        raise RuntimeError
    assert deliveries() == []
    with pytest.raises(ValueError):
        webhooks.emit(db.session(), letter, "nonsense", {}, factories.now())
    assert faults(factories.now()) == []


def test_the_receiver_of_the_docs_knows_a_message_of_ours_over_real_https(sqlite_app: Flask) -> None:
    factories.letter()
    hook, secret = added()
    factories.sign(sqlite_app.test_client(), **factories.ANA)
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    receiver: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], receiver)
    with HttpsServer() as server:
        deliver(lambda url, headers, body: sending.post(
            url, headers, body, resolve=lambda host: [PUBLIC], connect=server.connect, trusted=server.trusted,
        ))  # fmt: skip
    ((_, headers, body),) = server.taken
    assert receiver["is_genuine"](secret, headers, body)
    assert not receiver["is_genuine"](secret, headers, body + b" ")
    assert secret not in str(db.session.execute(db.text("SELECT * FROM webhook")).all())
    other = hooks.rotate(people.member("owner"), hook.public_id, config=factories.config(), now=factories.now())
    assert other != secret and not receiver["is_genuine"](other, headers, body)


@pytest.mark.parametrize("risk", ["normal", "protected"])
def test_milestones_and_updates_are_told_without_words_of_a_protected_letter(sqlite_app: Flask, risk: str) -> None:
    found = factories.letter(more=f"risk: {risk}\n".replace("risk: normal\n", ""))
    added(("letter.milestone", "update.published"))
    with transaction() as session:
        transitions.add(session, {(Tally, found.id, 1, "person", "online", "published", "public"): 100})
    milestones.notice(factories.config(), factories.now())
    newsroom.update(found)
    db.session.rollback()
    told = [(each.event, each.payload) for each in deliveries()]
    assert [event for event, _ in told] == ["letter.milestone", "update.published"], "the goal is also a round number, and told once"
    assert {payload.get("number") for _, payload in told} == {100, 1}
    assert ("title" in told[-1][1]) == (risk == "normal")


def test_whoever_signs_while_a_webhook_is_removed_signs(app: Flask) -> None:
    factories.letter()
    public_id, owner, found = added()[0].public_id, people.member("owner", "other@example.org"), list[object]()
    token = factories.ask(app.test_client(), **factories.ANA)

    def confirm() -> None:
        with app.app_context(), contextlib.suppress(IntegrityError):
            found.append(operations.confirm(token, config=factories.config(), now=factories.now()).outcome)

    signer = threading.Thread(target=confirm, daemon=True)
    db.session.rollback()
    with transaction() as session:
        hooks.remove(owner, public_id, now=factories.now())
        session.flush()
        signer.start()
        signer.join(0.5)  # by now it waits for the webhook, or for its turn to write
    signer.join(10)
    assert found == ["published"]
    assert db.session.scalar(select(WebhookDelivery.id)) is None
