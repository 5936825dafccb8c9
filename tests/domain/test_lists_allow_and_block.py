"""Which entry of the allow and block lists decides, and what an entry may name at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from petition.config import Config
from petition.db import db, transaction
from petition.errors import Invalid
from petition.letters.models import Letter
from petition.signatures import patterns, rules
from petition.signatures.rules import AccessRule
from tests.factories import letter

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FINGERPRINT, NETWORK = "a" * 64, "b" * 64
HIT = {"domain": "*.example.org", "address": FINGERPRINT, "network": NETWORK}
MISSED = {"domain": "*.example.com", "address": "c" * 64, "network": "203.0.113.0/24"}


def put(where: str, verdict: str, kind: str, about: Letter, pattern: str = "", **more: Any) -> None:
    ids = {"letter": {"letter_id": about.id}, "team": {"team_id": about.team_id}, "site": {}}[where]
    with transaction() as session:
        session.add(AccessRule(
            **ids, verdict=verdict, kind=kind, pattern=pattern or HIT[kind], shown="", reason="A reason.", author="", created_at=NOW,
            **more,
        ))  # fmt: skip


def verdict(about: Letter, domain: str = "mail.example.org", fingerprint: str = FINGERPRINT, network: str | None = NETWORK) -> str | None:
    return rules.verdict(db.session(), about, mail_domain=domain, fingerprint=fingerprint, network=network, now=NOW)


@pytest.mark.parametrize("where", ["letter", "team", "site"])
@pytest.mark.parametrize("kind", rules.KINDS)
def test_an_entry_decides_about_whom_it_names_and_nobody_else(sqlite_app: Flask, where: str, kind: str) -> None:
    found = letter()
    put(where, "block", kind, found, MISSED[kind])
    assert verdict(found) is None
    put(where, "block", kind, found)
    assert verdict(found) == "block"


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [(("letter", "allow"), ("team", "block"), "allow"), (("letter", "block"), ("site", "allow"), "block"),
     (("team", "allow"), ("site", "block"), "allow"), (("team", "block"), ("site", "allow"), "block")],
)  # fmt: skip
@pytest.mark.parametrize("kinds", [("domain", "address"), ("address", "domain"), ("network", "network")])
def test_the_narrower_list_wins_whatever_is_named(
    sqlite_app: Flask, narrow: tuple[str, str], wide: tuple[str, str], expected: str, kinds: tuple[str, str]
) -> None:
    found = letter()
    put(*wide, kinds[1], found)
    put(*narrow, kinds[0], found)
    assert verdict(found) == expected


@pytest.mark.parametrize("where", ["letter", "team", "site"])
def test_within_a_list_block_wins_over_allow(app: Flask, where: str) -> None:
    found = letter()
    put(where, "allow", "address", found)
    assert verdict(found) == "allow"
    put(where, "block", "domain", found)
    put(where, "allow", "network", found)
    assert verdict(found) == "block"


def test_an_entry_that_ended_means_nothing(app: Flask) -> None:
    found = letter()
    put("letter", "block", "domain", found, expires_at=NOW)
    assert verdict(found) is None
    put("letter", "block", "domain", found, expires_at=NOW + timedelta(seconds=1))
    assert verdict(found) == "block"


def test_another_letters_list_and_another_teams_list_mean_nothing_here(app: Flask) -> None:
    one, two = letter(), letter("another-letter", team_name="Another team")
    put("letter", "block", "domain", two)
    put("team", "block", "domain", two)
    assert verdict(one) is None
    assert verdict(two) == "block"


def test_a_signature_without_a_network_is_hit_by_no_network_entry(app: Flask) -> None:
    found = letter()
    put("site", "block", "network", found)
    assert verdict(found, network=None) is None


COVERED = [
    ("example.org", "example.org", True), ("example.org", "mail.example.org", False), ("*.example.org", "a.b.example.org", True),
    ("*.example.org", "example.org", False), ("*.example.org", "badexample.org", False), ("mail.example.*", "mail.example.co.uk", True),
    ("mail.example.*", "mail.example.", True), ("mail*.example.org", "mail.example.org", True), ("*.a*b.*", "x.ab.org", True),
    ("*.ab.*ab.org", "x.ab.org", False), ("*.example.org", "example.org.evil.net", False), ("e*e.org", "e.org", False),
]  # fmt: skip


@pytest.mark.parametrize(("glob", "domain", "expected"), COVERED)
def test_a_star_stands_for_any_part_of_a_domain(glob: str, domain: str, expected: bool) -> None:
    assert rules.covers(glob, domain) is expected


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" Example.ORG. ", "example.org"), ("@example.org", "example.org"), ("**.example.org", "*.example.org"), ("gmail.com", "gmail.com"),
     ("*.пример.рф", "*.xn--e1afmkfd.xn--p1ai"), ("orange.*", "orange.*"), ("x.com.br", "x.com.br")],
)  # fmt: skip
def test_a_domain_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert patterns.domain(typed.strip()) == kept


@pytest.mark.parametrize("typed", ["*", "*.*", "*.com", "*a.com", "*.co.uk", "*.com.br", "*.com.*", "co.*", "*.nowhere"])
def test_what_would_mean_nearly_every_domain_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="nearly every mail domain"):
        patterns.domain(typed)


@pytest.mark.parametrize("typed", ["com", "ex ample.org", "a..b", "-a.org", "x_y.org", "https://example.org", "a" * 300 + ".org", "%.org"])
def test_what_is_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="Enter a mail domain"):
        patterns.domain(typed)


def test_an_address_is_no_domain() -> None:
    with pytest.raises(Invalid, match="This is an address"):
        patterns.domain("ana@example.org")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("203.0.113.0/24", "203.0.113.0/24"), ("203.0.113.9/24", "203.0.113.0/24"), ("10.0.0.0/8", "10.0.0.0/8"),
     ("2001:DB8::/32", "2001:db8::/32"), ("2001:db8::/48", "2001:db8::/48"), ("2001::/16", "2001::/16")],
)  # fmt: skip
def test_a_network_is_as_wide_as_what_is_counted_or_wider(typed: str, kept: str) -> None:
    assert patterns.network(typed, NOW) == patterns.Pattern(kept, kept)


@pytest.mark.parametrize(
    ("typed", "words"),
    [("203.0.113.9", "You probably mean 203.0.113.0/24"), ("203.0.113.128/25", "mean 203.0.113.0/24"),
     ("2001:db8::1", "mean 2001:db8::/48"), ("0.0.0.0/0", "at most /8"), ("10.0.0.0/7", "at most /8"), ("::/0", "at most /16"),
     ("nonsense", "Enter a network"), ("b" * 63, "Enter a network")],
)  # fmt: skip
def test_one_device_and_half_the_world_are_no_networks(typed: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        patterns.network(typed, NOW)


@pytest.mark.parametrize("hours", [0, 1, 71])
def test_the_hash_of_a_network_dies_with_its_key(hours: int) -> None:
    begins = datetime.fromtimestamp(7000 * 72 * 3600, UTC)
    found = patterns.network(NETWORK.upper(), begins + timedelta(hours=hours))
    assert (found.text, found.dies_at) == (NETWORK, begins + timedelta(hours=72))


def test_an_address_is_kept_as_a_fingerprint_with_the_authors_label(sqlite_app: Flask) -> None:
    config = sqlite_app.config["PETITION"]
    assert isinstance(config, Config)
    found = patterns.read("address", " Ana+x@Example.org ", label="the one with the jokes", config=config, now=NOW)
    assert len(found.text) == 64
    assert found.shown.endswith("… the one with the jokes")
    assert "ana" not in (found.text + found.shown).lower()
    with pytest.raises(Invalid, match="pattern: "):
        patterns.read("address", "ana at example", label="", config=config, now=NOW)
