"""A message goes over HTTPS to the public address that was looked at, with a valid certificate, and follows nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from petition.errors import Invalid
from petition.webhooks import sending
from petition.webhooks.models import Webhook
from petition.webhooks.sending import Failed
from tests.https_server import PUBLIC, HttpsServer

URL = "https://hooks.example.com/in?key=1"


@pytest.fixture
def server() -> Iterator[HttpsServer]:
    with HttpsServer() as running:
        yield running


def post(server: HttpsServer, url: str = URL, *ips: str, patience: float = 5, body: bytes = b"{}") -> int:
    return sending.post(
        url, {"webhook-id": "msg_1"}, body, resolve=lambda host: list(ips) or [PUBLIC], connect=server.connect, trusted=server.trusted,
        patience=patience,
    )  # fmt: skip


def test_a_message_arrives_with_its_name_and_headers(server: HttpsServer) -> None:
    assert post(server) == 200
    ((path, headers, body),) = server.taken
    assert (path, headers["host"], headers["webhook-id"], body) == ("/in?key=1", "hooks.example.com", "msg_1", b"{}")
    assert server.names == ["hooks.example.com"], "the certificate is asked for by name"


@pytest.mark.parametrize("ip", [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "0.0.0.0", "255.255.255.255",
    "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "::127.0.0.1", "2001:db8::1", "::ffff:100.64.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b:1::1", "192.88.99.1", "192.0.0.8", "168.63.129.16", "3fff::1", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1",
    "4000::1",
])  # fmt: skip
def test_no_inner_address_is_reached(ip: str) -> None:
    def never(*_: object) -> socket.socket:
        raise AssertionError("connected")

    for ips in ([ip], [PUBLIC, ip]):
        with pytest.raises(Failed, match="not a public address"):
            sending.post(URL, {}, b"", resolve=lambda host, ips=ips: ips, connect=never)  # type: ignore[misc]
    assert sending.is_public(PUBLIC) and sending.is_public("2606:4700::1111") and sending.is_public(f"::ffff:{PUBLIC}")


@pytest.mark.parametrize("url", [
    "http://hooks.example.com/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://user:pass@hooks.example.com/",
    "https://hooks.example.com:22/", "https://hooks.example.com/#x", "https://hooks.example.com/a b", "https://hooks.example.com/\r\nX: y",
    "https://2130706433/", "https://0x7f.0.0.1/", "https://127.1/", "https://127.0.0.1./",
    "https://hooks.example.com./", "https://hooks.example.com#", "https://router.lan/", "https://router.home.arpa/", "https://printer.local/",
    "ftp://hooks.example.com/", "", "https://hooks.example.com/" + "a" * 500,
])  # fmt: skip
def test_only_https_to_a_host_by_name_is_kept(url: str) -> None:
    with pytest.raises(Invalid):
        sending.address(url)
    assert sending.address("https://hooks.example.com:8443/in?key=1") == "https://hooks.example.com:8443/in?key=1"
    assert Webhook(url=sending.address("https://hooks.example.com?key=1")).host == "hooks.example.com"


def test_a_redirect_is_an_answer_and_is_not_followed(server: HttpsServer) -> None:
    server.status, server.headers = 302, {"Location": "https://127.0.0.1/"}
    assert post(server) == 302
    assert len(server.taken) == 1


def test_the_address_that_was_looked_at_is_the_one_that_is_reached(server: HttpsServer) -> None:
    """A name that leads elsewhere a moment later gains nothing: it is resolved once, and never again by the connection."""
    asked, reached = list[str](), list[str]()

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    def connect(ip: str, port: int, seconds: float) -> socket.socket:
        reached.append(ip)
        return server.connect(ip, port, seconds)

    assert sending.post(URL, {}, b"", resolve=resolve, connect=connect, trusted=server.trusted) == 200
    assert (asked, reached, server.names) == (["hooks.example.com"], [PUBLIC], ["hooks.example.com"])


@pytest.mark.parametrize("slow", ["handshake", "reading", "answer"])
def test_a_receiver_that_is_slow_at_every_step_takes_no_more_than_the_time_it_has(server: HttpsServer, slow: str) -> None:
    server.slow = slow

    def connect(ip: str, port: int, seconds: float) -> socket.socket:
        if slow != "handshake":
            line = server.connect(ip, port, seconds)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
            return line
        ours, theirs = socket.socketpair()
        threading.Thread(target=_drip, args=(theirs,), daemon=True).start()
        return ours

    began = time.monotonic()
    with pytest.raises(Failed, match="no answer in time"):
        sending.post(
            URL, {}, b" " * 4_000_000 if slow == "reading" else b"", resolve=lambda host: [PUBLIC], connect=connect,
            trusted=server.trusted, patience=0.5,
        )  # fmt: skip
    assert time.monotonic() - began < 4


def _drip(line: socket.socket) -> None:
    """The beginning of a handshake that never comes to its end."""
    pause = threading.Event()
    with line, contextlib.suppress(OSError):
        line.sendall(b"\x16\x03\x03\x3f\xff")
        for _ in range(80):
            line.sendall(b"\x02")
            pause.wait(0.1)


def test_what_does_not_answer_as_it_should_fails_in_time(server: HttpsServer) -> None:
    with pytest.raises(Failed, match="certificate"):
        post(server, "https://another.example.com/")
    with pytest.raises(Failed, match="certificate"):
        sending.post(URL, {}, b"", resolve=lambda host: [PUBLIC], connect=server.connect)
    assert server.taken == []
    server.raw = b"SSH-2.0\r\n"
    with pytest.raises(Failed, match="no HTTP answer"):
        post(server)
    server.raw = b"x" * 200_000
    with pytest.raises(Failed, match=r"no HTTP answer|connection"):
        post(server)
    server.silent = True
    with pytest.raises(Failed, match="no answer in time"):
        post(server, patience=0.3)
    with pytest.raises(Failed, match="dns"):
        sending.post(URL, {}, b"", resolve=lambda host: [], connect=server.connect)
