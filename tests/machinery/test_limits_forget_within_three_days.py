"""What a network did is known by a keyed hash only, and key and counters are gone within 72 hours."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from petition import config, limits
from petition.errors import TooMany
from petition.limits import FIND, LINK_GUESSES, SIGN_BURST, Limiter, counters

ADDRESS = "203.0.113.7"
START = limits.KEPT * 6000 + 60.0


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Limiter]]:
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path / "shm")
    all_made: list[Limiter] = []

    def make() -> Limiter:
        all_made.append(Limiter(config.load({}, instance=str(tmp_path / "instance"), mode="development")))
        return all_made[-1]

    yield make
    for each in all_made:
        each.close()


def files(tmp_path: Path) -> dict[Path, bytes]:
    """Every file of the limiter, wherever it keeps them."""
    found = [*(tmp_path / "shm").rglob("*"), *(tmp_path / "instance").rglob("*")]
    return {path: path.read_bytes() for path in found if path.is_file() and path.suffix != ".key"}


def keys(contents: dict[Path, bytes]) -> set[bytes]:
    """The hashes under which something is counted."""
    return set(re.findall(rb"[a-z_]+/\d+/([0-9a-f]{64})", b"".join(contents.values())))


def test_no_address_and_no_network_stands_in_any_file(
    made: Callable[[], Limiter], clock: time_machine.Traveller, tmp_path: Path
) -> None:
    limiter = made()
    addresses = [ADDRESS, "2001:db8:1:2::3", f"::ffff:{ADDRESS}", "nonsense-address"]
    for address in addresses:
        limiter.spend(SIGN_BURST, address)
    open_files = files(tmp_path)
    limiter.close()
    closed_files = files(tmp_path)
    assert any(path.name.endswith("-wal") for path in open_files)
    clear = [*addresses, "203.0.113", "cb007100", "2001:db8:1", "2001:0db8:0001", "unknown"]
    packed = [ipaddress.ip_address(address).packed[:3] for address in (ADDRESS, "2001:db8:1::")]
    for contents in (open_files, closed_files):
        assert keys(contents), "nothing was written where this test looks"
        everything = b"".join(contents.values()) + "".join(map(str, contents)).encode()
        assert [each for each in clear if each.encode() in everything.lower()] == []
        assert packed[0] + b"\0" not in everything
        assert ipaddress.ip_address(ADDRESS).packed not in everything
        assert ipaddress.ip_address("2001:db8:1::").packed[:6] not in everything


def test_the_hash_tells_nothing_without_the_key(
    made: Callable[[], Limiter], clock: time_machine.Traveller, tmp_path: Path
) -> None:
    made().spend(FIND, ADDRESS)
    first = keys(files(tmp_path))
    clock.shift(limits.KEPT)
    made().spend(FIND, ADDRESS)
    second = keys(files(tmp_path))
    assert len(first) == len(second) == 1
    assert first != second, "the same network would be recognised for ever"


def test_counters_and_key_are_gone_when_the_span_is_over(
    made: Callable[[], Limiter], clock: time_machine.Traveller, tmp_path: Path
) -> None:
    limiter = made()
    for _ in range(10):
        limiter.spend(FIND, ADDRESS)
    before = files(tmp_path)
    clock.shift(limits.KEPT - 61)
    limiter.check(FIND, ADDRESS)
    assert set(files(tmp_path)) == set(before), "within the span everything stays"
    clock.shift(2)
    limiter.spend(FIND, ADDRESS)
    after = files(tmp_path)
    assert set(after).isdisjoint(before)
    assert keys(before).isdisjoint(keys(after))


def test_a_new_span_begins_with_a_full_ration_and_then_holds(
    made: Callable[[], Limiter], clock: time_machine.Traveller
) -> None:
    limiter = made()
    clock.move_to(START + limits.KEPT - 70)
    for _ in range(10):
        limiter.spend(FIND, ADDRESS)
    clock.shift(20)
    for _ in range(10):
        limiter.spend(FIND, ADDRESS)
    with pytest.raises(TooMany):
        limiter.spend(FIND, ADDRESS)


def test_a_scheduled_job_forgets_where_nobody_visits(
    made: Callable[[], Limiter], clock: time_machine.Traveller, tmp_path: Path
) -> None:
    made().spend(FIND, ADDRESS)
    job = made()
    job.forget()
    assert files(tmp_path)
    clock.shift(limits.KEPT)
    job.forget()
    assert files(tmp_path) == {}


def test_a_process_with_a_late_clock_removes_nothing_that_has_just_begun(
    made: Callable[[], Limiter], clock: time_machine.Traveller, tmp_path: Path
) -> None:
    clock.shift(limits.KEPT - 60)
    made().spend(FIND, ADDRESS)
    begun = set(files(tmp_path))
    clock.shift(timedelta(milliseconds=-1))
    made().forget()
    assert set(files(tmp_path)) == begun


def test_counters_that_count_no_more_are_removed_now_and_then(
    made: Callable[[], Limiter], clock: time_machine.Traveller, tmp_path: Path
) -> None:
    limiter = made()
    for number in range(2_000):
        limiter.spend(LINK_GUESSES, f"10.{number // 250}.{number % 250}.1")
    clock.shift(timedelta(minutes=5))
    for number in range(2_000):
        limiter.spend(LINK_GUESSES, f"172.16.{number % 100}.1")
    limiter.close()
    storage = counters.SqliteStorage(f"sqlite://{next(iter(files(tmp_path)))}")
    (left,) = storage._one("SELECT count(*) FROM counter", {}) or (0,)
    storage.close()
    assert left == 100


def test_only_this_user_can_read_the_folder(made: Callable[[], Limiter], tmp_path: Path) -> None:
    made().spend(FIND, ADDRESS)
    (folder,) = (tmp_path / "shm").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
