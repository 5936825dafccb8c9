"""A real HTTPS server on the loopback, with a certificate of a test's own authority, which answers as it is told."""

from __future__ import annotations

import datetime
import socket
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PUBLIC = "93.184.216.34"  # what the name resolves to in tests; nothing is ever sent there


def _certificate(name: str, issuer: Any = None) -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[0].subject if issuer else subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
    builder = builder.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    if issuer is None:
        usage = dict.fromkeys((
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
            "decipher_only",
        ), False)  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(authority, critical=False)
    return builder.sign((issuer[1] if issuer else key), hashes.SHA256()), key


class HttpsServer:
    """Takes posts for `host`; `status` is what it answers, `headers` go with it, `silent` never answers.

    `slow` names a step that goes on and on, a little at a time: the reading, or the answer.
    """

    def __init__(self, host: str = "hooks.example.com") -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.headers, self.silent, self.raw, self.slow = 200, dict[str, str](), False, b"", ""
        self.names: list[str | None] = []  # asked for in the handshake
        authority = _certificate("A test's own authority")
        leaf, key = _certificate(host, authority)
        self.trusted = ssl.create_default_context(cadata=authority[0].public_bytes(serialization.Encoding.PEM).decode())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            pem = leaf.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            (Path(folder) / "leaf.pem").write_bytes(pem)
            context.load_cert_chain(Path(folder) / "leaf.pem")
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        # Small, so that what is not read soon stays with the sender.
        self._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def connect(self, _ip: str, _port: int, seconds: float) -> socket.socket:
        """What stands in for the way to a public address."""
        return socket.create_connection(self._server.server_address[:2], timeout=seconds)

    def __enter__(self) -> HttpsServer:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(test: HttpsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if test.slow == "reading":
                while not test.stopped.wait(0.2) and self.rfile.read(16_000):
                    pass
                return
            if test.slow == "answer":
                while not test.stopped.wait(0.1):
                    self.wfile.write(b"x")
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            test.taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if test.silent:
                test.stopped.wait(10)
                return
            if test.raw:
                self.wfile.write(test.raw)
                return
            self.send_response(test.status)
            for name, value in test.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
