"""Nodes that share a Redis and a secret give a network one ration, and Redis learns no address."""

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
from petition.limits import FIND, Limiter

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
    assert len({name for name in names if not name.endswith(b"/-1")}) == 2
    assert all(b"203.0" not in name for name in names)
    assert all(0 < limiter._redis.storage.ttl(name) <= 2 * 3600 for name in names)


@needs_client
@needs_server
def test_another_secret_makes_other_hashes(node: Callable[..., Limiter]) -> None:
    assert ration(node("one")) == 10
    assert ration(node("two", secret="t" * 40)) == 10


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
