"""An hour with far more than usual is noticed once, with a prepared decision and one mail to each moderator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from petition.db import db, transaction
from petition.errors import NotFound
from petition.letters.models import Letter
from petition.moderation import bulk, spikes
from petition.moderation.criteria import Criteria
from petition.moderation.models import BulkDecision, Spike
from petition.outbox.models import OutboxMail
from petition.outbox.rendering import render
from petition.upkeep import retention, worker
from tests import factories
from tests.admin import people
from tests.waves import NOON, states, sweep, wave

HOUR = timedelta(hours=1)


def opened(slug: str = "open-the-road", *, weeks: int = 1, **options: str) -> Letter:
    """A letter that has been open for so long."""
    letter = factories.letter(slug, **options)
    with transaction() as session:
        session.get_one(Letter, letter.id).created_at = NOON - timedelta(weeks=weeks)
    return letter


def noticed(at: timedelta = timedelta(minutes=30)) -> list[tuple[str, str, int]]:
    """What stands in the table after a look at that time after noon."""
    spikes.notice(factories.config(), NOON + at)
    db.session.rollback()
    return [(each.kind, each.key, each.count) for each in db.session.scalars(select(Spike).order_by(Spike.kind, Spike.hour))]


def test_a_wave_is_noticed_as_a_whole_by_domain_and_by_network(app: Flask) -> None:
    wave(opened(), 20)
    assert noticed() == [("domain", "catchall.example", 20), ("letter", "", 20), ("network", "ab12", 20)]


def test_a_far_larger_wave_in_the_same_hour_is_told_again(sqlite_app: Flask) -> None:
    people.member()
    letter = opened()
    wave(letter, 20, mail_domain="carrier.example")
    noticed()
    wave(letter, 30, start=100, mail_domain="other.example", network="cd34")
    noticed(timedelta(minutes=40))
    assert len(db.session.scalars(select(OutboxMail)).all()) == 1
    wave(letter, 100, start=1_000, mail_domain="evil.example", network="ef56")
    noticed(timedelta(minutes=50))
    assert len(db.session.scalars(select(OutboxMail)).all()) == 2


@pytest.mark.parametrize("count", [0, 19])
def test_fewer_than_twenty_are_no_wave(sqlite_app: Flask, count: int) -> None:
    wave(opened(), count)
    assert noticed() == []


@pytest.mark.parametrize(("usual", "count", "found"), [(10, 49, False), (10, 50, True), (3, 20, True)])
def test_a_busy_letter_is_compared_with_what_is_usual_there(sqlite_app: Flask, usual: int, count: int, found: bool) -> None:
    letter = opened()
    wave(letter, usual * 72, hour=lambda number: NOON - HOUR * (number % 72 + 1), start=1_000)
    wave(letter, count)
    assert bool(noticed()) == found
    if found:
        assert {each.usual for each in db.session.scalars(select(Spike))} == {usual}


def test_a_free_mail_domain_has_a_baseline_of_its_own(sqlite_app: Flask) -> None:
    letter = opened()
    wave(letter, 8 * 72, hour=lambda number: NOON - HOUR * (number % 72 + 1), start=1_000, mail_domain="gmail.com", network=None)
    wave(letter, 30, mail_domain="gmail.com", network=None)
    wave(letter, 30, mail_domain="catchall.example", network=None, start=100)
    assert noticed() == [("domain", "catchall.example", 30), ("letter", "", 60)]


def test_a_young_letter_is_compared_with_the_hours_it_has_been_open(sqlite_app: Flask) -> None:
    letter = opened()
    with transaction() as session:
        session.get_one(Letter, letter.id).created_at = NOON - 2 * HOUR
    wave(letter, 40, hour=lambda number: NOON - HOUR * (number % 2 + 1), start=1_000)
    wave(letter, 99)
    assert [each for each in noticed() if each[2] == 99] == []


def test_the_last_full_hour_is_looked_at_too(sqlite_app: Flask) -> None:
    wave(opened(), 25)
    assert noticed(HOUR + timedelta(minutes=1)) != []


def test_older_hours_are_not(sqlite_app: Flask) -> None:
    wave(opened(), 25)
    assert noticed(2 * HOUR) == []


def test_a_letter_that_is_not_open_is_left_alone_and_one_letters_wave_is_not_anothers(sqlite_app: Flask) -> None:
    wave(opened("quiet"), 5)
    wave(opened("stopped", status="paused"), 50)
    assert noticed() == []


def test_a_letter_that_cannot_be_looked_at_keeps_no_other_waiting(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = opened("broken").id
    wave(opened(), 25)
    look = spikes._peaks

    def fail(letter: Letter, now: datetime) -> Iterator[spikes.Peak]:
        if letter.id == broken:
            raise LookupError
        return look(letter, now)

    monkeypatch.setattr(spikes, "_peaks", fail)
    assert len(noticed()) == 3


def test_a_spike_is_stored_once_and_its_count_grows(app: Flask) -> None:
    letter = opened()
    people.member()
    wave(letter, 25)
    noticed()
    wave(letter, 10, start=500)
    assert {count for _, _, count in noticed(timedelta(minutes=40))} == {35}
    assert len(factories.mails("spike")) == 1
    assert len(db.session.scalars(select(BulkDecision)).all()) == 3


def test_any_number_of_workers_notice_it_once(app: Flask) -> None:
    people.member()
    wave(opened(), 25)
    config = factories.config()
    db.session.rollback()

    def look() -> None:
        with app.app_context():
            spikes.notice(config, NOON + timedelta(minutes=30))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(noticed()) == 3
    assert len(factories.mails("spike")) == 1


def test_the_prepared_decision_holds_just_that_domain_in_that_hour(sqlite_app: Flask) -> None:
    letter = opened()
    wave(letter, 10, start=1_000, mail_domain="honest.example", network=None)
    wave(letter, 5, start=2_000, hour=NOON - HOUR)
    wave(letter, 25)
    noticed()
    who = people.member()
    spike = db.session.scalars(select(Spike).where(Spike.kind == "domain")).one()
    hold = db.session.get_one(BulkDecision, spike.bulk_id)
    assert Criteria.from_json(hold.criteria) == Criteria(domain="catchall.example", hour=NOON)
    bulk.confirm(who, hold.public_id, seen=25, now=NOON)
    sweep()
    assert states(letter) == {"published": 15, "held": 25}


def test_each_moderator_gets_one_mail_without_names_and_addresses(sqlite_app: Flask) -> None:
    for role in ("viewer", "moderator", "owner"):
        people.member(role)
    people.member("moderator", "stranger@elsewhere.example.org", team="Another team")
    letter = opened()
    wave(letter, 25, network="the network")
    noticed()
    wave(letter, 25, start=500, network="another")  # another spike of the same hour: no second mail
    noticed()
    mails = factories.mails("spike")
    assert sorted(mail.recipient or "" for mail in mails) == ["moderator@team.example.org", "owner@team.example.org"]
    message = render(mails[0], factories.config())
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    whole = message.as_string()
    assert "25 signatures from one mail domain" in text
    assert "Open the road" in str(message["Subject"])
    for word in ("catchall", "Fake Person", "the network"):
        assert word not in whole
    for number in db.session.scalars(select(BulkDecision.public_id).order_by(BulkDecision.id).limit(3)):
        assert f"http://localhost/admin/bulk/{number}" in text


def test_a_mail_about_a_protected_letter_does_not_name_it(sqlite_app: Flask) -> None:
    people.member()
    wave(opened(more="risk: protected\n"), 25)
    noticed()
    message = render(factories.mails("spike")[0], factories.config())
    assert "Open the road" not in message.as_string()
    assert "open-the-road" not in message.as_string()


def test_the_admin_shows_spikes_to_the_moderators_of_the_letter_alone(sqlite_app: Flask) -> None:
    letter = opened()
    wave(letter, 25)
    noticed()
    who = people.member()
    page = people.browser(who).get("/admin/spikes").text
    assert "catchall.example" in page
    assert page.count("Hold them") == 3
    stranger = people.member("owner", "stranger@elsewhere.example.org", team="Another team")
    assert spikes.listed(stranger) == []
    with pytest.raises(NotFound):
        spikes.listed(stranger, letter)


def test_what_was_noticed_is_forgotten_after_thirty_days(sqlite_app: Flask) -> None:
    wave(opened(), 25)
    noticed()
    retention.purge(NOON + timedelta(days=29))
    assert len(db.session.scalars(select(BulkDecision)).all()) == 3
    retention.purge(NOON + timedelta(days=31))
    assert db.session.scalars(select(Spike)).all() == []
    assert db.session.scalars(select(BulkDecision)).all() == []


def test_the_worker_looks(sqlite_app: Flask) -> None:
    people.member()
    wave(opened(), 25)
    worker.run(factories.config(), once=True, clock=lambda: NOON, stop=threading.Event())
    assert len(db.session.scalars(select(Spike)).all()) == 3
    worker.run(factories.config(), once=True, clock=lambda: NOON, stop=threading.Event())
    db.session.rollback()
    assert [mail.state for mail in db.session.scalars(select(OutboxMail))] == ["sent"]
