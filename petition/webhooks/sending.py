"""Sends one message over HTTPS to a public address: resolved once, connected to that very address, and bounded in every way."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

import dns.exception
import dns.resolver

from petition.errors import N_, Fault, Invalid
from petition.signatures import submission

PATIENCE = 10.0  # seconds for everything
LARGEST_ANSWER = 16 * 1024  # bytes of an answer that are looked at; its first line is all that matters
LONGEST = 500
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
# Ways to write an IPv4 address as an IPv6 one: where they lead is not to be seen from the address.
_DISGUISES = [ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")]

# Not of the Internet at large, whatever the version of Python knows: the relays of 6to4, IETF protocols, what a cloud's machines
# are answered by at an address that looks public, and IPv6 for documentation.
_SPECIAL = [ipaddress.ip_network(each) for each in ("192.88.99.0/24", "192.0.0.0/24", "168.63.129.16/32", "3fff::/20")]
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that was ever handed out
_INNER = (".lan", ".home.arpa", ".intranet", ".corp", ".home")  # names that lead nowhere outside a house

# How a host becomes addresses, and an address a connection; tests give their own.
Resolve = Callable[[str], list[str]]
Connect = Callable[[str, int, float], socket.socket]


class Failed(Exception):
    """A message was not taken: the stage, or the status that was answered."""


def address(url: str) -> str:
    """The address as it is kept, with a path; raises Invalid for anything but https to a public host's name."""
    fault = Fault("url", "not_an_address", N_("Enter an address that begins with https:// and names a public host."))
    try:
        found = submission.website(url)
        parts = urlsplit(found)
        host = str(parts.hostname)
        odd = parts.scheme.lower() != "https" or "#" in found or not (parts.port in (None, 443) or (parts.port or 0) >= 1024)
        odd = odd or host.endswith((".", *_INNER))
    except (Invalid, ValueError) as error:
        raise Invalid([fault]) from error
    found = urlunsplit(parts._replace(path=parts.path or "/"))
    if odd or len(found) > LONGEST or not found.isascii():
        raise Invalid([fault])
    return found


def is_public(text: str) -> bool:
    """Whether an IP address is one of the Internet at large, in whatever disguise."""
    found = ipaddress.ip_address(text)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.scope_id or found not in _UNICAST or any(found in each for each in _DISGUISES) or _is_isatap(found):
            return False
    special = found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback or found.is_link_local
    return found.is_global and not special and not any(found in each for each in _SPECIAL)


def _is_isatap(found: ipaddress.IPv6Address) -> bool:
    """Whether it carries an IPv4 address as RFC 5214 writes it, under whatever prefix."""
    return (int(found) >> 32) & 0xFDFFFFFF == 0x5EFE


def resolve(host: str, server: str = "", lifetime: float = 4.0) -> list[str]:
    """The addresses of a host; raises Failed. `server` is PETITION_RESOLVER."""
    try:
        resolver = dns.resolver.Resolver(configure=not server)
    except dns.exception.DNSException as error:  # the machine names no server
        raise Failed("dns") from error
    if server:
        parts = urlsplit(f"//{server}")
        resolver.nameservers, resolver.port = [str(parts.hostname)], parts.port or 53
    found: list[str] = []
    for kind in ("A", "AAAA"):
        try:
            found += [each.to_text() for each in resolver.resolve(host, kind, lifetime=lifetime, search=False)]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            continue
        except (dns.exception.DNSException, OSError) as error:
            raise Failed("dns") from error
    return found


def connect(ip: str, port: int, seconds: float) -> socket.socket:
    """A connection to an IP address; raises OSError."""
    return socket.create_connection((ip, port), timeout=seconds)


def post(
    url: str, headers: Mapping[str, str], body: bytes, *, resolve: Resolve, connect: Connect = connect,
    trusted: ssl.SSLContext | None = None, patience: float = PATIENCE,
) -> int:  # fmt: skip
    """Send a message and return the status that was answered; raises Failed, and follows nothing."""
    deadline = time.monotonic() + patience
    parts = urlsplit(url)
    host = str(parts.hostname)
    ips = resolve(host)
    if not ips:
        raise Failed("dns")
    # One inner address among them is enough to refuse all: nobody knows which would be taken.
    if not all(is_public(ip) for ip in ips):
        raise Failed("not a public address")
    context = trusted or ssl.create_default_context()
    try:
        with connect(ips[0], parts.port or 443, _left(deadline)) as plain:
            plain.settimeout(_left(deadline))
            with context.wrap_socket(plain, server_hostname=host) as line:
                line.settimeout(_left(deadline))
                line.sendall(_request(url, headers, body))
                return _status(line, deadline)
    except ssl.SSLError as error:
        raise Failed("certificate" if isinstance(error, ssl.SSLCertVerificationError) else "tls") from error
    except TimeoutError as error:
        raise Failed("no answer in time") from error
    except OSError as error:
        raise Failed("connection") from error


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _request(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # The path was checked for spaces and control characters when it was kept; headers are ours.
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "User-Agent: open-letter-petition", "Connection: close", "", ""]).encode("ascii") + body


def _status(line: ssl.SSLSocket, deadline: float) -> int:
    answer = b""
    while b"\n" not in answer and len(answer) < LARGEST_ANSWER:
        line.settimeout(_left(deadline))
        piece = line.recv(1024)
        if not piece:
            break
        answer += piece
    found = _STATUS.match(answer)
    if found is None:
        raise Failed("no HTTP answer")
    return int(found[1])
