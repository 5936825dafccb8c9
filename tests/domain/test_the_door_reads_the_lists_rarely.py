"""The door judges from lists that it read at most five seconds ago, and keeps them when the database is away."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, text

from petition.db import db, transaction
from petition.signatures.rulebook import Rulebook
from tests.domain.test_lists_allow_and_block import NETWORK, NOW, put
from tests.factories import letter


class Steady:
    """A clock that is turned by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_database_is_asked_once_in_five_seconds(sqlite_app: Flask) -> None:
    found, clock = letter(), Steady()
    book, asked = Rulebook(clock), []
    about = (found.id, found.team_id)
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]) if "access_rule" in given[2] else None)
    assert book.of_domain(found, "mail.example.org", now=NOW) is None
    put("letter", "block", "domain", found)
    assert about == (found.id, found.team_id)
    asked.clear()
    clock.now += 4.9
    for _ in range(100):
        assert book.of_domain(found, "mail.example.org", now=NOW) is None
        book.of_network(found, "203.0.113.9", now=NOW)
    assert asked == []
    clock.now += 0.2
    assert [book.of_domain(found, "mail.example.org", now=NOW) for _ in range(100)] == ["block"] * 100
    assert len(asked) == 1


def test_lists_are_kept_by_letter(sqlite_app: Flask) -> None:
    one, two, book = letter(), letter("another-letter", team_name="Another team"), Rulebook(Steady())
    put("letter", "block", "domain", two)
    assert book.of_domain(one, "mail.example.org", now=NOW) is None
    assert book.of_domain(two, "mail.example.org", now=NOW) == "block"


def test_an_entry_ends_at_its_time_though_the_lists_were_read_before(sqlite_app: Flask) -> None:
    found, book = letter(), Rulebook(Steady())
    put("letter", "block", "domain", found, expires_at=NOW + timedelta(seconds=2))
    assert book.of_domain(found, "mail.example.org", now=NOW) == "block"
    assert book.of_domain(found, "mail.example.org", now=NOW + timedelta(seconds=2)) is None


def test_a_database_that_is_away_leaves_the_lists_as_they_were(sqlite_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    found, clock = letter(), Steady()
    book = Rulebook(clock)
    put("letter", "block", "domain", found)
    assert book.of_domain(found, "mail.example.org", now=NOW) == "block"
    with transaction() as session:
        session.execute(text("ALTER TABLE access_rule RENAME TO away"))
    clock.now += 6
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert book.of_domain(found, "mail.example.org", now=NOW) == "block"
    assert len(caplog.records) == 1, "and not every visitor waits for it"
    assert "example" not in caplog.text


def test_a_typed_network_and_a_hashed_one_are_known_at_the_door(sqlite_app: Flask) -> None:
    found, book = letter(), Rulebook(Steady())
    put("letter", "block", "network", found, "203.0.112.0/20")
    put("letter", "allow", "network", found, "2001:db8::/32")
    put("team", "block", "network", found, NETWORK)
    judged = {
        address: book.of_network(found, address, now=NOW)
        for address in ("203.0.113.9", "::ffff:203.0.113.9", "203.0.128.1", "2001:db8:1::5", "2001:db9::5", "nonsense", "")
    }
    assert judged == {
        "203.0.113.9": "block", "::ffff:203.0.113.9": "block", "203.0.128.1": None, "2001:db8:1::5": "allow", "2001:db9::5": None,
        "nonsense": None, "": None,
    }  # fmt: skip
    assert book.of_network(found, "192.0.2.1", hashed=NETWORK, now=NOW) == "block"
    assert book.of_network(found, "192.0.2.1", hashed="c" * 64, now=NOW) is None
