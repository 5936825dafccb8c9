"""The team sees how much of each limit is used, and what it changes is in force at every process within seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from petition import config, limits
from petition.errors import Busy, TooMany
from petition.limits import DOMAIN, LINK_GUESSES, SIGN_BURST, Limiter, Rate, counters
from petition.limits import limiter as limiter_module

MOMENT = limits.KEPT * 6000 + 12.5 * 3600


class Team:
    """What the database would tell; `away` when it cannot."""

    def __init__(self) -> None:
        self.rates: dict[str, Rate] = {}
        self.asked = 0
        self.away = False

    def __call__(self) -> dict[str, Rate]:
        self.asked += 1
        if self.away:
            raise Busy
        return self.rates


@pytest.fixture
def team() -> Team:
    return Team()


@pytest.fixture
def limiter(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Limiter]:
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path / "shm")
    made = Limiter(config.load({}, instance=str(tmp_path / "instance"), mode="development"), changed=team)
    with time_machine.travel(MOMENT, tick=False):
        yield made
    made.close()


def passed(limiter: Limiter, times: int, address: str = "203.0.113.7") -> int:
    """How many of so many posts are let through."""
    number = 0
    for _ in range(times):
        try:
            limiter.spend(SIGN_BURST, address)
        except TooMany:
            continue
        number += 1
    return number


def test_what_is_used_is_told_policy_by_policy(limiter: Limiter) -> None:
    passed(limiter, 25)
    passed(limiter, 17, "198.51.100.1")
    limiter.spend(DOMAIN, "example.org")
    used = {use.policy.name: (use.subjects, use.busiest, use.refused) for use in limiter.usage()}
    assert used["sign_burst"] == (2, 20, 5)
    assert used["domain"] == (1, 1, 0)
    assert used["sign_sustained"] == (0, 0, 0)


def test_what_has_faded_is_not_told(limiter: Limiter) -> None:
    passed(limiter, 25)
    with time_machine.travel(MOMENT + 121, tick=False):
        assert {(use.subjects, use.busiest, use.refused) for use in limiter.usage()} == {(0, 0, 0)}


def test_nothing_is_told_where_nothing_can_be_counted(limiter: Limiter, tmp_path: Path) -> None:
    (tmp_path / "shm").rmdir()
    (tmp_path / "instance").mkdir(exist_ok=True)
    (tmp_path / "instance" / "limits").write_text("a file where the folder should be")
    assert limiter.usage() == []
    assert limiter.network_hash("203.0.113.7") is None
    assert limiter.load(SIGN_BURST, "203.0.113.7") == 0


def test_a_changed_count_is_in_force_and_forgets_nothing(
    limiter: Limiter, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter_module, "READ_EVERY", 0.0)
    assert passed(limiter, 12) == 12
    team.rates = {"sign_burst": Rate(15, 60)}
    assert passed(limiter, 20) == 3
    team.rates = {"sign_burst": Rate(30, 60)}
    assert passed(limiter, 40) == 15
    team.rates = {}
    assert passed(limiter, 10) == 0


def test_a_changed_period_begins_to_count_anew(
    limiter: Limiter, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter_module, "READ_EVERY", 0.0)
    passed(limiter, 20)
    team.rates = {"sign_burst": Rate(5, 3600)}
    assert passed(limiter, 20) == 5


def test_what_the_team_changed_is_read_at_most_every_five_seconds(limiter: Limiter, team: Team) -> None:
    assert limiter_module.READ_EVERY == 5
    for _ in range(200):
        limiter.count(LINK_GUESSES, "203.0.113.7")
    assert team.asked == 1


def test_a_lost_database_leaves_in_force_what_was_read_last(
    limiter: Limiter, team: Team, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limiter_module, "READ_EVERY", 0.0)
    team.rates = {"sign_burst": Rate(3, 60)}
    assert passed(limiter, 2) == 2
    team.away = True
    assert passed(limiter, 9) == 1
    assert "those read last stay in force" in caplog.text
