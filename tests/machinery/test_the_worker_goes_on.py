"""The worker does its rounds until told to stop, through a mail server that is down and a database that is busy."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from petition.config import Config
from petition.db import db, transaction
from petition.errors import Busy
from petition.letters import publishing
from petition.outbox.delivery import Counts
from petition.outbox.models import OutboxMail
from petition.signatures import reminders, renewal
from petition.updates import mailing
from petition.upkeep import courier, worker
from petition.webhooks import delivering, hooks
from petition.webhooks.models import EVENTS, WebhookDelivery
from tests.admin import people
from tests.mailing import START, Clock, mail, mails, queue_mail, reaching, served
from tests.smtp_server import SmtpServer, free_port


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "IDLE", 0.01)
    monkeypatch.setattr(worker, "LONGEST_WAIT", 0.05)


@contextmanager
def _running(
    app: Flask, config: Config, clock: Callable[[], datetime], stop: threading.Event | None = None
) -> Iterator[threading.Event]:
    """A worker in a thread of its own, stopped at the end; the test fails when it does not stop or broke."""
    stop, broke = stop or threading.Event(), []

    def work() -> None:
        try:
            with app.app_context():
                worker.run(config, once=False, clock=clock, stop=stop)
        except BaseException as error:
            broke.append(error)
            raise

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    assert broke == []


def _until(condition: Callable[[], bool]) -> None:
    """Look again and again, for ten seconds at most."""
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it never came to pass")


def test_once_delivers_what_is_due_forgets_what_is_old_and_returns(app: Flask, petition_config: Config) -> None:
    queue_mail("old@example.org", at=START - timedelta(days=40))
    with transaction() as session:
        old = session.get_one(OutboxMail, 1)
        old.state, old.finished_at, old.recipient = "sent", START - timedelta(days=40), None
    for name in ("ana", "ben"):
        queue_mail(f"{name}@example.org")
    with served(petition_config) as (server, config):
        assert worker.run(config, once=True, clock=Clock(), stop=threading.Event()) == Counts(sent=2)
    assert server.recipients == ["ana@example.org", "ben@example.org"]
    assert len(mails()) == 2


def test_once_says_what_kept_it_from_delivering(app: Flask, petition_config: Config) -> None:
    queue_mail()
    config = reaching(petition_config, free_port())
    assert worker.run(config, once=True, clock=Clock(), stop=threading.Event()) == Counts(trouble="connect")


def test_mail_that_comes_in_later_goes_out_too(app: Flask, petition_config: Config) -> None:
    with served(petition_config) as (server, config), _running(app, config, Clock()):
        for name in ("ana", "ben"):
            queue_mail(f"{name}@example.org")
            _until(lambda name=name: f"{name}@example.org" in server.recipients)  # type: ignore[misc]


def test_it_waits_for_a_mail_server_that_is_down(app: Flask, petition_config: Config) -> None:
    queue_mail()
    server = SmtpServer()
    with _running(app, reaching(petition_config, server.port), Clock()):
        with server:
            _until(lambda: mail().state == "sent")
    assert (len(server.mails), mail().attempts) == (1, 1)


def test_it_stops_between_two_mails(app: Flask, petition_config: Config) -> None:
    for number in range(5):
        queue_mail(f"signer{number}@example.org")
    stop = threading.Event()
    with served(petition_config) as (server, config):
        server.on_mail = stop.set  # before the worker begins: it may be quicker than the next line
        with _running(app, config, Clock(), stop):
            _until(lambda: mails()[0].state == "sent")
    assert [row.state for row in mails()] == ["sent", "queued", "queued", "queued", "queued"]
    assert all(row.attempts == 0 for row in mails()[1:])


def test_it_waits_for_a_database_that_another_program_holds(sqlite_app: Flask) -> None:
    config = sqlite_app.config["PETITION"]
    queue_mail()
    with closing(sqlite3.connect(config.instance / "petition.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        db.session.execute(text("PRAGMA busy_timeout = 20"))
        with pytest.raises(Busy):
            worker.run(config, once=True, clock=Clock(), stop=threading.Event())
        assert list(config.mailbox.glob("*.eml")) == [], "what could not be claimed was not sent"
        other.execute("ROLLBACK")
    assert worker.run(config, once=True, clock=Clock(), stop=threading.Event()) == Counts(sent=1)
    assert mail().state == "sent"


def test_it_survives_a_database_that_went_away(app: Flask, petition_config: Config) -> None:
    queue_mail()
    failures = []

    def clock() -> datetime:
        if len(failures) < 3:
            failures.append(datetime.now(UTC))
            raise Busy
        return START

    with served(petition_config) as (server, config), _running(app, config, clock):
        _until(lambda: mail().state == "sent")
    assert len(server.mails) == 1


def test_no_mail_waits_for_a_webhook_that_does_not_answer_and_no_worker_stays_for_it(
    app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    owner = people.member("owner")
    hook, _ = hooks.add(
        owner, owner.memberships[0].team_id, "https://hooks.example.com/", EVENTS, config=petition_config, now=START,
    )  # fmt: skip
    hooks.try_it(owner, hook.public_id, now=START)
    db.session.rollback()
    asked, answered = threading.Event(), threading.Event()

    def silent(*_given: object) -> int:
        asked.set()
        answered.wait(20)
        return 204

    monkeypatch.setattr(delivering, "_sender", lambda _config: silent)
    with served(petition_config) as (server, config):
        with _running(app, config, Clock()):
            assert asked.wait(5)
            queue_mail("ana@example.org")
            _until(lambda: "ana@example.org" in server.recipients)
            assert not answered.is_set()
    # The worker has ended while the receiver still keeps us waiting.
    answered.set()
    for each in [each for each in threading.enumerate() if each.name == courier.NAME]:
        each.join(5)
    db.session.rollback()
    assert db.session.query(WebhookDelivery).one().state == "delivered"


def test_a_job_that_fails_stops_no_other_job(
    sqlite_app: Flask, petition_config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    done: list[str] = []
    address = "ana@example.org"

    def broken(_config: Config, _now: datetime) -> None:
        done.append("broken")
        raise RecursionError(address)

    def sound(_config: Config, _now: datetime) -> None:
        done.append("sound")

    monkeypatch.setattr(worker, "EVERY", {broken: 0.01, sound: 3600.0})
    queue_mail()
    with served(petition_config) as (server, config):
        with _running(sqlite_app, config, Clock()):
            _until(lambda: done.count("broken") >= 3 and len(server.mails) == 1)
        worker.run(config, once=True, clock=Clock(), stop=threading.Event())
    assert done.count("sound") == 2
    assert "broken failed" in caplog.text and "RecursionError" in caplog.text and "ana@" not in caplog.text


@pytest.mark.parametrize("broken", ["feeding.work", "sweeping.work", "landing.work", "Press.look"])
@pytest.mark.parametrize("error", [RecursionError("ana@example.org"), Busy()])
def test_no_part_of_a_round_ends_it_or_starves_the_others(
    broken: str, error: Exception, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    done: list[str] = []
    room, _, name = broken.partition(".")

    def fails(*_given: object, **_named: object) -> None:
        done.append("broken")
        raise error

    monkeypatch.setattr(getattr(worker, room), name, fails)
    monkeypatch.setattr(worker, "EVERY", {lambda _config, _now: done.append("sound"): 0.0})
    queue_mail()
    with served(sqlite_app.config["PETITION"]) as (server, config), _running(sqlite_app, config, Clock()):
        _until(lambda: done.count("broken") >= 3 and done.count("sound") >= 3 and len(server.mails) == 1)
    assert ("failed" if isinstance(error, RecursionError) else "busy") in caplog.text
    assert "ana@" not in caplog.text


def test_a_database_that_cannot_be_read_is_waited_for_and_no_fault_of_a_job(sqlite_app: Flask) -> None:
    config = sqlite_app.config["PETITION"]
    db.session.execute(text("PRAGMA legacy_alter_table = ON"))
    for table in ("letter", "signing_request", "letter_version"):
        db.session.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    db.session.commit()
    for job in (
        lambda: publishing.publish_due(START), lambda: renewal.work(config, clock=Clock()), lambda: reminders.remind(config, START),
        lambda: mailing.call_last(START),
    ):  # fmt: skip
        with pytest.raises(Busy):
            job()


def test_the_wait_grows_to_its_bound_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "IDLE", 1.0)
    monkeypatch.setattr(worker, "LONGEST_WAIT", 60.0)
    for setbacks, longest in [(1, 2), (2, 4), (5, 32), (6, 60), (7, 60), (10_000, 60)]:
        pause = worker._pause(Counts(trouble="connect"), setbacks)
        assert longest / 2 <= pause <= longest
    assert worker._pause(Counts(), 0) == 1.0
    assert worker._pause(Counts(sent=worker.BATCH), 0) == 0.0
