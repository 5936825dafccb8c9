"""Nodes that share a Redis give a network one ration, and Redis learns no address and keeps no key."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import time_machine

from petition import config, limits
from petition.errors import BadSetting, TooMany
from petition.limits import FIND, LETTER_LOAD, Limiter
from petition.limits import limiter as limiter_module

ADDRESS = "203.0.113.7"
MOMENT = limits.KEPT * 6000 + 12.5 * 3600
PROGRAM = shutil.which("redis-server") or ""
needs_client = pytest.mark.skipif(importlib.util.find_spec("redis") is None, reason="the redis extra is not installed")
needs_server = pytest.mark.skipif(not PROGRAM, reason="there is no redis-server on the path")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real Redis of this run's own."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        number: int = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    words = f"--port {number} --bind 127.0.0.1 --dir {folder} --logfile {folder / 'log'} --save"
    running = subprocess.Popen([PROGRAM, *words.split(), ""])
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", number), timeout=1).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.02)
        else:
            break
    yield number
    running.terminate()
    running.wait(10)


@pytest.fixture
def node(port: int, tmp_path: Path) -> Iterator[Callable[..., Limiter]]:
    all_made: list[Limiter] = []

    def make(name: str, secret: str = "s" * 40) -> Limiter:
        url = f"redis://127.0.0.1:{port}/0"
        loaded = config.load({}, instance=str(tmp_path / name), mode="development", redis_url=url, secret_key=secret)
        all_made.append(Limiter(loaded))
        return all_made[-1]

    yield make
    for each in all_made:
        assert each._redis is not None
        each._redis.reset()
        each.close()


def ration(limiter: Limiter, times: int = 40) -> int:
    passed = 0
    for _ in range(times):
        try:
            limiter.spend(FIND, ADDRESS)
        except TooMany:
            continue
        passed += 1
    return passed


@needs_client
@needs_server
def test_two_nodes_give_a_network_one_ration(node: Callable[..., Limiter], tmp_path: Path) -> None:
    assert ration(node("one"), 4) == 4
    assert ration(node("two")) == 6
    with pytest.raises(TooMany) as refused:
        node("three").check(FIND, ADDRESS)
    assert 1 <= refused.value.retry_after <= 3601
    assert not (tmp_path / "one" / "limits").exists()


@needs_client
@needs_server
def test_redis_learns_no_address_and_another_hash_every_three_days(node: Callable[..., Limiter]) -> None:
    limiter = node("one")
    assert limiter._redis is not None
    for moment in (MOMENT, MOMENT + limits.KEPT):
        with time_machine.travel(moment, tick=False):
            limiter.spend(FIND, ADDRESS)
    names = limiter._redis.storage.keys("*")
    assert len({name for name in names if b"{find/" in name and not name.endswith(b"/-1")}) == 2
    assert all(b"203.0" not in name for name in names)
    for name in names:
        longest = 2 * 3600 if b"{" in name else limits.KEPT
        assert 0 < limiter._redis.storage.ttl(name) <= longest, name


@needs_client
@needs_server
def test_the_key_is_random_shared_by_the_nodes_and_dies_with_its_span(node: Callable[..., Limiter]) -> None:
    with time_machine.travel(MOMENT, tick=False) as clock:
        one, two = node("one"), node("two")
        first = one.network_hash(ADDRESS)
        assert first == two.network_hash(ADDRESS)
        storage = one._redis.storage if one._redis else None
        (name,) = storage.keys("*:key/6000")
        left = limits.KEPT * 6001 - MOMENT
        assert left - 5 < storage.ttl(name) <= left + 60
        key = storage.get(name)
        assert len(key) == 32
        clock.shift(limits.KEPT)
        later = two.network_hash(ADDRESS)
        assert later == one.network_hash(ADDRESS) != first
        clock.shift(-limits.KEPT)
        storage.flushdb()  # as when the key has expired: with the secret alone nobody finds it again
        fresh = node("three").network_hash(ADDRESS)
    assert fresh not in (first, later)


@needs_client
@needs_server
def test_a_redis_that_was_emptied_gets_its_key_back_from_a_node_that_has_it(
    node: Callable[..., Limiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = node("one")
    first = one.network_hash(ADDRESS)
    assert one._redis is not None
    one._redis.storage.flushdb()
    monkeypatch.setattr(limiter_module, "ASK_EVERY", 0.0)
    assert one.network_hash(ADDRESS) == first
    assert node("two").network_hash(ADDRESS) == first


@needs_client
@needs_server
def test_installations_with_other_secrets_count_apart_in_one_redis(node: Callable[..., Limiter]) -> None:
    assert ration(node("one")) == 10
    assert ration(node("two", secret="t" * 40)) == 10


@needs_client
@needs_server
def test_the_admin_sees_what_is_used_in_redis(node: Callable[..., Limiter]) -> None:
    limiter = node("one")
    with time_machine.travel(MOMENT, tick=False):
        ration(limiter, 14)
        for number in range(3):
            limiter.spend(FIND, f"198.51.{number}.1")
        limiter.load(LETTER_LOAD, "1", 450)
        used = {use.policy.name: (use.subjects, use.busiest, use.refused) for use in node("two").usage()}
    assert used["find"] == (4, 10, 4)
    assert used["letter_load"] == (1, 450, 1)
    assert used["sign_burst"] == (0, 0, 0)


@needs_client
@pytest.mark.parametrize("hangs", [False, True])
def test_a_redis_that_does_not_answer_lets_through_soon(
    hangs: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        if not hangs:
            silent.close()
        url = f"redis://:hunter2hunter2@127.0.0.1:{port}/0"
        limiter = Limiter(config.load({}, instance=str(tmp_path), mode="development", redis_url=url))
        began = time.monotonic()
        assert ration(limiter, 15) == 15
        assert time.monotonic() - began < 5
        limiter.close()
    assert len(caplog.records) == 1
    assert "203.0" not in caplog.text
    assert "hunter2" not in caplog.text


def test_a_missing_client_is_told_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    loaded = config.load({}, instance=str(tmp_path), mode="development", redis_url="redis://127.0.0.1:9/0")
    with pytest.raises(BadSetting, match=r"PETITION_REDIS_URL.*extra"):
        Limiter(loaded)
