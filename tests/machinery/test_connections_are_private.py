"""Where the settings ask for TLS or a log-in, mail leaves under a verified certificate or not at all."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from petition.config import Config
from petition.outbox import transport
from petition.outbox.delivery import Counts, deliver_due
from tests.mailing import Clock, mail, queue_mail, reaching
from tests.smtp_server import HANG, RESET, SmtpServer


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody trusts unless told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("scheme", "option"), [("smtps", "tls"), ("smtp+starttls", "starttls")])
def test_mail_leaves_under_a_trusted_certificate(
    sqlite_app: Flask, tls: ssl.SSLContext, scheme: str, option: str
) -> None:  # fmt: skip
    queue_mail()
    with SmtpServer(**{option: tls}) as server:
        config = reaching(_config(sqlite_app), server.port, scheme)
        assert deliver_due(config, clock=Clock()) == Counts(sent=1)
    assert server.recipients == ["ana@example.org"]


@pytest.mark.parametrize(("scheme", "option"), [("smtps", "tls"), ("smtp+starttls", "starttls")])
def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(
    sqlite_app: Flask, tls: ssl.SSLContext, scheme: str, option: str
) -> None:  # fmt: skip
    queue_mail()
    with SmtpServer(**{option: tls}) as server:
        config = reaching(_config(sqlite_app), server.port, scheme)
        assert deliver_due(config, clock=Clock()) == Counts(trouble="tls")
    assert (server.mails, mail().attempts) == ([], 0)


def test_a_server_without_starttls_gets_nothing_in_clear(sqlite_app: Flask) -> None:
    queue_mail()
    with SmtpServer() as server:
        config = reaching(_config(sqlite_app), server.port, "smtp+starttls", "ana:secret@")
        assert deliver_due(config, clock=Clock()) == Counts(trouble="tls")
    assert (server.mails, mail().attempts) == ([], 0)


def test_a_refused_starttls_gets_nothing_in_clear(sqlite_app: Flask, tls: ssl.SSLContext) -> None:
    queue_mail()
    with SmtpServer(starttls=tls) as server:
        server.replies["tls"] = 454
        config = reaching(_config(sqlite_app), server.port, "smtp+starttls")
        assert deliver_due(config, clock=Clock()) == Counts(trouble="tls 454")
    assert server.mails == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("p%40ss%3Aw%2Frd%25", Counts(sent=1)),
        ("plain", Counts(trouble="login 535")),
        ("%D0%BF", Counts(trouble="login")),
    ],
)
def test_user_and_password_may_hold_any_sign_when_percent_encoded(
    sqlite_app: Flask, tls: ssl.SSLContext, password: str, found: Counts
) -> None:
    queue_mail()
    with SmtpServer(starttls=tls, login=("ana@example.org", "p@ss:w/rd%")) as server:
        config = reaching(_config(sqlite_app), server.port, "smtp+starttls", f"ana%40example.org:{password}@")
        assert deliver_due(config, clock=Clock()) == found
    assert mail().attempts == found.sent


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("reply", "trouble"), [(454, "login 454"), (RESET, "login"), (HANG, "login")])
def test_a_log_in_that_fails_charges_nobody(
    sqlite_app: Flask, tls: ssl.SSLContext, reply: int | str, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reply == HANG:
        monkeypatch.setattr(transport, "TIMEOUT", 0.3)
    queue_mail()
    with SmtpServer(starttls=tls, login=("ana", "secret")) as server:
        server.replies["login"] = reply
        config = reaching(_config(sqlite_app), server.port, "smtp+starttls", "ana:secret@")
        assert deliver_due(config, clock=Clock()) == Counts(trouble=trouble)
    assert mail().attempts == 0


def test_a_log_in_that_the_server_does_not_offer_charges_nobody(sqlite_app: Flask) -> None:
    queue_mail()
    with SmtpServer() as server:
        config = reaching(_config(sqlite_app), server.port, login="ana:пароль@")
        assert deliver_due(config, clock=Clock()) == Counts(trouble="login")
    assert mail().attempts == 0


def _config(app: Flask) -> Config:
    found = app.config["PETITION"]
    assert isinstance(found, Config)
    return found
