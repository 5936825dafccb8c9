"""A network that floods is told to wait, and nobody else notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from petition import config, limits
from petition.errors import TooMany
from petition.limits import (
    DOMAIN,
    FIND,
    FREE_MAIL,
    LETTER_LOAD,
    LINK_GUESSES,
    LOGIN,
    POLICIES,
    REPORT_ENTRY,
    SIGN_BURST,
    SIGN_SUSTAINED,
    SITE_LOAD,
    Limiter,
    Policy,
    Rate,
    counters,
)  # fmt: skip

NOON = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)  # within a minute, an hour and five minutes
ATTACKER, CAFE = "203.0.113.7", "198.51.100.20"


@pytest.fixture
def limiter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Limiter]:
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path / "shm")
    made = Limiter(config.load({}, instance=str(tmp_path / "instance"), mode="development"))
    yield made
    made.close()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def granted(ask: Callable[[Policy, str], None], policy: Policy, address: str, times: int) -> int:
    """How many of so many requests are let through."""
    passed = 0
    for _ in range(times):
        try:
            ask(policy, address)
        except TooMany:
            continue
        passed += 1
    return passed


@pytest.mark.parametrize(
    ("policy", "allowed"), [(SIGN_BURST, 20), (SIGN_SUSTAINED, 300), (LINK_GUESSES, 30), (FIND, 10), (LOGIN, 20)]
)
def test_a_flood_is_let_through_up_to_the_rate_and_no_further(
    limiter: Limiter, clock: time_machine.Traveller, policy: Policy, allowed: int
) -> None:
    assert granted(limiter.spend, policy, ATTACKER, 2 * allowed) == allowed


def test_who_is_refused_is_told_when_to_come_back_and_is_let_in_then(
    limiter: Limiter, clock: time_machine.Traveller
) -> None:
    granted(limiter.spend, SIGN_BURST, ATTACKER, 20)
    for moment in range(40):  # at any fraction of the window, with hits in this window and in the one before
        with pytest.raises(TooMany) as refused:
            limiter.spend(SIGN_BURST, ATTACKER)
        assert isinstance(refused.value.retry_after, int)
        assert 1 <= refused.value.retry_after <= 61
        clock.shift(timedelta(seconds=refused.value.retry_after))
        limiter.spend(SIGN_BURST, ATTACKER)
        granted(limiter.spend, SIGN_BURST, ATTACKER, 20)
        clock.shift(timedelta(milliseconds=37 * (moment % 3)))


def test_refused_attempts_do_not_make_the_wait_longer(limiter: Limiter, clock: time_machine.Traveller) -> None:
    granted(limiter.spend, SIGN_BURST, ATTACKER, 500)
    clock.shift(timedelta(minutes=2))
    assert granted(limiter.spend, SIGN_BURST, ATTACKER, 50) == 20


def test_a_flood_gets_no_second_ration_when_the_next_minute_begins(
    limiter: Limiter, clock: time_machine.Traveller
) -> None:
    clock.move_to(NOON.replace(second=59))
    assert granted(limiter.spend, SIGN_BURST, ATTACKER, 40) == 20
    clock.shift(timedelta(seconds=2))
    assert granted(limiter.spend, SIGN_BURST, ATTACKER, 40) <= 1


def test_a_patient_flood_is_held_by_the_hour(limiter: Limiter, clock: time_machine.Traveller) -> None:
    passed = 0
    for _ in range(40):
        passed += granted(limiter.spend, SIGN_SUSTAINED, ATTACKER, 10)
        clock.shift(timedelta(seconds=45))
    assert passed == 300


def test_a_flood_shuts_nobody_else_out(limiter: Limiter, clock: time_machine.Traveller) -> None:
    granted(limiter.spend, SIGN_BURST, ATTACKER, 500)
    assert granted(limiter.spend, SIGN_BURST, CAFE, 12) == 12
    assert granted(limiter.spend, SIGN_BURST, "2001:db8::1", 12) == 12


def test_changing_the_address_within_a_network_evades_nothing(limiter: Limiter, clock: time_machine.Traveller) -> None:
    addresses = [f"203.0.113.{number}" for number in range(256)]
    assert sum(granted(limiter.spend, SIGN_BURST, address, 1) for address in addresses) == 20


def test_each_policy_counts_for_itself(limiter: Limiter, clock: time_machine.Traveller) -> None:
    granted(limiter.spend, SIGN_BURST, ATTACKER, 21)
    same_rate = Policy("other", "Other things: at most %(count)s %(period)s.", "network", SIGN_BURST.default)
    assert granted(limiter.spend, same_rate, ATTACKER, 20) == 20


def test_looking_counts_nothing_and_tells_a_spent_policy(limiter: Limiter, clock: time_machine.Traveller) -> None:
    assert granted(limiter.check, FIND, ATTACKER, 50) == 50
    assert granted(limiter.spend, FIND, ATTACKER, 9) == 9
    limiter.check(FIND, ATTACKER)
    limiter.spend(FIND, ATTACKER)
    with pytest.raises(TooMany) as refused:
        limiter.check(FIND, ATTACKER)
    assert refused.value.retry_after >= 1


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=3)])
def test_a_clock_that_goes_back_neither_shuts_out_nor_lets_everything_in(
    limiter: Limiter, clock: time_machine.Traveller, back: timedelta
) -> None:
    clock.move_to(NOON.replace(second=0))
    granted(limiter.spend, SIGN_BURST, CAFE, 20)
    clock.shift(-back)
    assert granted(limiter.spend, SIGN_BURST, CAFE, 50) <= 20
    clock.shift(timedelta(minutes=3))
    assert granted(limiter.spend, SIGN_BURST, CAFE, 50) == 20


def test_a_hit_whose_clock_was_read_just_before_the_window_ended_wipes_nothing(
    limiter: Limiter, clock: time_machine.Traveller
) -> None:
    clock.move_to(NOON.replace(second=0))
    granted(limiter.spend, SIGN_BURST, ATTACKER, 19)
    clock.shift(timedelta(milliseconds=-1))
    limiter.spend(SIGN_BURST, ATTACKER)
    for later in (timedelta(milliseconds=1), timedelta(seconds=59)):
        clock.shift(later)
        with pytest.raises(TooMany):
            limiter.spend(SIGN_BURST, ATTACKER)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_each_sentence_is_made_of_the_rate_that_is_kept(policy: Policy) -> None:
    assert f" {policy.default.count:,} in one " in policy.sentence(policy.default) or policy.default.period[0] != 1
    assert " 7,000 in 90 seconds" in policy.sentence(Rate(7_000, 90))
    assert " 3 in 2 hours" in policy.sentence(Rate(3, 7_200))


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (SIGN_BURST, "Signing posts from one network: at most 20 in one minute."),
        (SIGN_SUSTAINED, "Signing posts from one network: at most 300 in one hour."),
        (DOMAIN, "Signing posts with addresses of one mail domain: at most 600 in one hour."),
        (FREE_MAIL, "Signing posts with addresses of one large free-mail provider: at most 20,000 in one hour."),
        (LETTER_LOAD, "Signing posts on one letter: above 300 in one minute everybody is asked for a proof."),
        (SITE_LOAD, "Signing posts on the whole site: above 3,000 in one minute everybody is asked for a proof."),
        (LOGIN, "Log-in attempts from one network: at most 20 in 5 minutes."),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_the_defaults_read_as_they_are_promised(policy: Policy, sentence: str) -> None:
    assert policy.sentence(policy.default) == sentence


def test_a_domain_counts_with_its_sub_domains_and_for_nobody_else(
    limiter: Limiter, clock: time_machine.Traveller
) -> None:
    few = Rate(5, 3600)
    limiter = Limiter(limiter._config, changed=lambda: {"domain": few})
    domains = ["evil.example.com", "a.example.com", "b.c.example.com", "example.com", "xn--e1afmkfd.example.com"]
    assert sum(granted(limiter.spend, DOMAIN, domain, 1) for domain in domains) == 5
    assert granted(limiter.spend, DOMAIN, "d.example.com", 1) == 0
    assert granted(limiter.spend, DOMAIN, "example.net", 9) == 5
    assert granted(limiter.spend, DOMAIN, "one.co.uk", 9) == granted(limiter.spend, DOMAIN, "two.co.uk", 9) == 5
    limiter.close()


def test_load_counts_what_a_limit_would_refuse_and_fades(limiter: Limiter, clock: time_machine.Traveller) -> None:
    assert limiter.load(LETTER_LOAD, "1", 150) == 0.5
    assert limiter.load(LETTER_LOAD, "1", 750) == 3
    assert limiter.load(LETTER_LOAD, "2", 0) == 0
    assert limiter.load(LETTER_LOAD, "1", 0) == 3
    clock.shift(timedelta(minutes=1))
    assert 1 < limiter.load(LETTER_LOAD, "1", 0) < 3
    clock.shift(timedelta(minutes=1))
    assert limiter.load(LETTER_LOAD, "1", 0) == 0


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.99", "203.0.113.0/24"),
        ("::ffff:cb00:7107", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("2001:DB8:1:ffff:ffff:ffff:ffff:ffff", "2001:db8:1::/48"),
        ("2001:db8:2::3", "2001:db8:2::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "unknown"),
        ("203.0.113", "unknown"),
        ("203.0.113.7:443", "unknown"),
        ("203.0.113.7, 198.51.100.1", "unknown"),
        ("localhost\x00", "unknown"),
        ("٢٠٣.0.113.7", "unknown"),
        ("1" * 100_000, "unknown"),
    ],
)
def test_an_address_counts_for_its_network(address: str, prefix: str) -> None:
    assert limits.network_prefix(address) == prefix


def test_an_ipv4_address_is_the_same_network_when_it_comes_over_ipv6(
    limiter: Limiter, clock: time_machine.Traveller
) -> None:
    granted(limiter.spend, SIGN_BURST, ATTACKER, 20)
    with pytest.raises(TooMany):
        limiter.spend(SIGN_BURST, f"::ffff:{ATTACKER}")


def test_a_network_is_counted_apart_for_each_thing_that_is_named(limiter: Limiter, clock: time_machine.Traveller) -> None:
    assert limiter.spend(REPORT_ENTRY, ATTACKER, of="one")
    assert limiter.spend(REPORT_ENTRY, ATTACKER, of="two")
    assert limiter.spend(REPORT_ENTRY, "203.0.114.7", of="one")
    with pytest.raises(TooMany):
        limiter.spend(REPORT_ENTRY, ATTACKER, of="one")


def test_what_is_no_address_is_counted_all_the_same(limiter: Limiter, clock: time_machine.Traveller) -> None:
    assert sum(granted(limiter.spend, SIGN_BURST, f"forged {number}", 1) for number in range(50)) == 20


def test_the_switch_refuses_nothing_still_tells_a_burst_and_leaves_nothing_outside_the_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path / "shm")
    off = Limiter(config.load({}, instance=str(tmp_path / "instance"), mode="development", limits="off"))
    assert granted(off.spend, FIND, ATTACKER, 100) == 100
    assert granted(off.check, FIND, ATTACKER, 100) == 100
    assert off.spend(FIND, ATTACKER) is False, "whoever relies on the count learns that there is none"
    assert off.count(FIND, ATTACKER) > 0
    assert off.count(FIND, CAFE) == 0
    off.close()
    assert list((tmp_path / "shm").iterdir()) == []


def test_a_wrong_call_shows_even_when_the_limits_are_off(tmp_path: Path) -> None:
    off = Limiter(config.load({}, instance=str(tmp_path), mode="development", limits="off"))
    with pytest.raises(TypeError):
        off.spend(FIND, None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        off.check("find", ATTACKER)  # type: ignore[arg-type]
    off.close()
