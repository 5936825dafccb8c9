"""What an address shows of an organisation, by the public suffix list, and what later changes leave of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from petition import addresses
from petition.signatures import levels
from petition.signatures.models import Signature

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "website", "level"),
    [
        ("rita@bakers.example.org", "https://www.bakers.example.org/about", "domain"),
        ("rita@mail.union.org.uk", "https://union.org.uk", "domain"),
        ("rita@one.org.uk", "https://two.org.uk", "unverified"),
        ("rita@one.github.io", "https://two.github.io", "unverified"),
        ("rita@xn--bcher-kva.example", "https://bücher.example", "domain"),
        ("rita@bücher.example", "https://www.bücher.example", "domain"),
        ("rita@союз.рф", "https://союз.рф/", "domain"),
        ("rita@gmail.com", "https://gmail.com", "unverified"),
        ("rita@mail.ru", "https://mail.ru/union", "unverified"),
        ("rita@mailinator.com", "https://mailinator.com", "unverified"),
        ("rita@gov.uk", "https://gov.uk", "unverified"),
        ("rita@bakers-example.org", "https://bakers.example.org", "unverified"),
        ("rita@bakers.example.org", "", "unverified"),
        (None, "https://bakers.example.org", "unverified"),
    ],
)
def test_only_an_address_at_the_websites_own_domain_shows_something(address: str | None, website: str, level: str) -> None:
    assert levels.judged(address, website) == level


@pytest.mark.parametrize("domain", ["gmail.com", "hotmail.fr", "mx.gmail.com", "poczta.onet.pl", "mail.am"])
def test_a_mailbox_that_anybody_gets_is_free_mail(domain: str) -> None:
    assert addresses.is_free_mail(domain)


@pytest.mark.parametrize("domain", ["example.org", "gmail.com.example.org", "notgmail.com", "com", ""])
def test_other_domains_are_not(domain: str) -> None:
    assert not addresses.is_free_mail(domain)


@pytest.mark.parametrize("host", ["", "co.uk", "org", "a b.org", "-x-.org", "..", "x" * 300 + ".org"])
def test_what_nobody_registered_is_no_registered_domain(host: str) -> None:
    assert addresses.registered_domain(host) == ""


def entry(level: str) -> Signature:
    return Signature(
        kind="organisation", origin="online", organisation="Sample Union", website="https://bakers.example.org", level=level,
        email="rita@bakers.example.org", level_at=NOW, evidence="The register.",
    )  # fmt: skip


def test_a_lower_check_never_lowers_a_higher_one() -> None:
    found = entry("dns")
    assert not levels.reach(found, "domain", NOW)
    assert (found.level, found.evidence) == ("dns", "The register.")
    assert levels.reach(found, "team", NOW)


@pytest.mark.parametrize(
    ("level", "change", "after"),
    [
        ("team", {"organisation": "SAMPLE  Union"}, "team"),
        ("team", {"organisation": "Another Union"}, "domain"),
        ("dns", {"organisation": "Another Union"}, "dns"),
        ("team", {"website": "https://www.bakers.example.org/about"}, "team"),
        ("dns", {"website": "https://example.net"}, "unverified"),
        ("team", {"website": "https://example.net"}, "unverified"),
        ("domain", {"website": ""}, "unverified"),
    ],
)
def test_a_check_of_another_domain_or_another_name_is_none(level: str, change: dict[str, str], after: str) -> None:
    found = entry(level)
    left = levels.after_change(found, {"organisation": found.organisation, "website": found.website} | change, NOW)
    assert left.get("level", found.level) == after
    assert left.get("evidence", "") == ""


@pytest.mark.parametrize(
    ("level", "address", "after"),
    [
        ("domain", "second@example.net", "unverified"),
        ("unverified", "second@bakers.example.org", "domain"),
        ("dns", "second@example.net", "dns"),
        ("team", "second@example.net", "team"),
    ],
)
def test_another_representative_brings_another_address(level: str, address: str, after: str) -> None:
    assert levels.after_takeover(entry(level), address, NOW).get("level", level) == after


def test_exports_and_the_api_say_it_in_one_word() -> None:
    assert [levels.verification(entry(level)) for level in ("unverified", "domain", "dns", "team")] == ["email", "domain", "dns", "team"]
    imported = entry("team")
    imported.origin = "imported"
    assert levels.verification(imported) == "imported"
    assert levels.verification(Signature(kind="person", origin="online", level="team")) == "email"
