"""What became of the mail is counted by day and domain, in the transaction that records it; small domains have no name for long."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from petition import outbox
from petition.addresses import fingerprint
from petition.config import Config
from petition.db import db, transaction
from petition.outbox import suppression, tally
from petition.outbox.delivery import deliver_due
from petition.outbox.tally import MailTally
from petition.upkeep import retention
from tests.mailing import START, Clock, queue_mail, served

DAY = START.date()


def counted() -> dict[tuple[str, str], int]:
    """The numbers, by domain and state."""
    db.session.rollback()
    found: Counter[tuple[str, str]] = Counter()
    for each in db.session.scalars(select(MailTally)):
        found[each.domain, each.state] += each.count
    return dict(found)


def test_every_outcome_is_counted_once_with_the_mail(app: Flask, petition_config: Config) -> None:
    clock = Clock()
    for who in ("ana@gmail.com", "aram@gmail.com", "rita@bakers.example.org"):
        queue_mail(who)
    with served(petition_config) as (_, config):
        deliver_due(config, clock=clock)
    queue_mail("late@example.org", at=START - timedelta(days=8))
    queue_mail("slow@mail.ru")
    queue_mail("never@mail.ru")
    with served(petition_config) as (server, config):
        server.refused = {"slow@mail.ru": 451, "never@mail.ru": 451}
        for _ in range(3):  # delayed once, however often it is tried
            deliver_due(config, clock=clock)
            clock.turn(hours=1)
    link = suppression.token(fingerprint("never@mail.ru", b"k" * 32), petition_config)
    suppression.stop(link, config=petition_config, now=clock())
    assert tally.waiting(None) == (1, 1)
    with served(petition_config) as (server, config):
        server.refused = {"slow@mail.ru": 550}
        clock.turn(hours=12)
        deliver_due(config, clock=clock)
    assert counted() == {
        ("gmail.com", "sent"): 2, ("bakers.example.org", "sent"): 1, ("example.org", "dropped"): 1, ("mail.ru", "delayed"): 2,
        ("mail.ru", "stopped"): 1, ("mail.ru", "failed"): 1,
    }  # fmt: skip
    assert tally.by_domain(["verify:1"], DAY) == [("", {"sent": 3, "dropped": 1, "delayed": 2, "stopped": 1, "failed": 1})]
    assert tally.waiting(["verify:1"]) == (0, 0)


def test_a_domain_has_a_name_from_ten_mails_on_and_any_word_is_a_state(sqlite_app: Flask) -> None:
    with transaction() as session:
        for number in range(10):
            tally.count(session, f"verify:7:{number:024x}", "mail.am", "sent", START)
            tally.count(session, "find:7", "bakers.example.org" if number < 9 else "millers.example.org", "sent", START)
        tally.count(session, "find:7", "bakers.example.org", "bounced", START)
        tally.count(session, "verify:8", "mail.am", "failed", START)
    assert tally.by_domain(["verify:7", "find:7"], DAY) == [("mail.am", {"sent": 10}), ("", {"sent": 10, "bounced": 1})]
    assert tally.of_states(["verify:8"], ["failed", "bounced"], DAY, DAY) == 1
    assert tally.by_domain(["verify:7"], DAY + timedelta(days=1)) == []


def test_small_domains_are_forgotten_after_three_days_and_everything_after_thirty(app: Flask) -> None:
    with transaction() as session:
        for number in range(12):
            tally.count(session, "verify:1", "mail.am" if number < 10 else "small.example.org", "sent", START)
        tally.count(session, "verify:1", "mail.am", "failed", START)
        tally.count(session, "verify:1", "other.example.org", "sent", START)
        tally.count(session, "verify:2", "mail.am", "sent", START)
    retention.purge(START + timedelta(days=2))
    assert ("small.example.org", "sent") in counted()
    before = tally.by_domain(["verify:1"], DAY)
    retention.purge(START + timedelta(days=3))
    assert counted() == {("mail.am", "sent"): 10, ("mail.am", "failed"): 1, ("", "sent"): 4}
    assert tally.by_domain(["verify:1"], DAY) == before == [("mail.am", {"sent": 10, "failed": 1}), ("", {"sent": 3})]
    assert tally.by_domain(["verify:2"], DAY) == [("", {"sent": 1})]
    retention.purge(START + timedelta(days=30))
    assert counted() == {}


def test_what_leads_to_a_mailbox_or_signature_is_not_in_the_tally(sqlite_app: Flask) -> None:
    scopes = ("verify:12:ab34", "find:12", "decision:12:0c9f", "decision:0c9f", "invitation:team 3", "digest")
    assert [tally.about(each) for each in scopes] == ["verify:12", "find:12", "decision:12", "decision", "invitation", "digest"]
    with transaction() as session:
        outbox.queue(
            session, "digest", to="m@example.org", fingerprint=fingerprint("m@example.org", b"k" * 32), language="en", values={},
            scope="digest", now=START,
        )  # fmt: skip
    assert tally.waiting(["verify:1"]) == (0, 0)
    queue_mail()
    assert tally.waiting([f"verify:{number}" for number in range(1_200)]) == (1, 0)
    assert tally.waiting([f"verify:{number}" for number in range(10, 20)]) == (0, 0)
