"""Carries a message to the mail server or the local mailbox, and says at which stage it failed and for how long."""

from __future__ import annotations

import re
import secrets
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from petition import addresses
from petition.config import Config
from petition.errors import BadSetting

TIMEOUT = 8.0  # seconds for each step
# Times TIMEOUT for a whole mail: what the other steps left goes to the answer after the dot, for servers scan then.
PATIENCE = 6
REUSES = 100  # mails over one connection; many servers close it about there
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class Failure(Exception):
    """A mail was not taken: the stage, and the SMTP code or 0 when the server said nothing; never an address."""

    def __init__(self, stage: str, code: int = 0) -> None:
        self.stage, self.code = stage, code
        super().__init__(f"{stage} {code}" if code else stage)


class Unavailable(Failure):
    """Nobody's mail gets through at the moment: connect, tls, login or sender failed."""


class Temporary(Failure):
    """This mail may be taken later: 4xx, or the connection broke."""


class InDoubt(Temporary):
    """The connection broke after the final dot: the server may have taken the mail or not."""


class Permanent(Failure):
    """This mail will never be taken: 5xx."""


class Transport(Protocol):
    """A way out for mail."""

    def open(self) -> None:
        """Make ready for one more mail; raises Unavailable."""

    def send(self, message: EmailMessage) -> None:
        """Hand one message over; raises Temporary, InDoubt, Permanent or Unavailable."""

    def close(self) -> None:
        """Leave politely, whatever state the connection is in."""


def open_transport(config: Config) -> Transport:
    """The transport of PETITION_MAIL_URL, connecting when first used; raises Unavailable without one, or BadSetting."""
    if not config.mail_url:
        raise Unavailable("setting")
    if config.mail_url == "mailbox:":
        return Mailbox(config.mailbox)
    sender = parseaddr(config.mail_from)[1]
    if not sender.rpartition("@")[0].isascii():
        raise BadSetting(name="PETITION_MAIL_FROM", reason="use ASCII letters only before the @")
    return Smtp(urlsplit(config.mail_url), hostname=addresses.domain(sender), envelope=config.bounce_address)


class Mailbox:
    """A folder in which every mail is a file of its own, named so that the names sort by time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Make the folder; raises Unavailable."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable("connect") from error

    def send(self, message: EmailMessage) -> None:
        """Write the whole file or none; raises Unavailable when the disk refuses."""
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.eml"
        draft = self._folder / f".{name}.part"
        try:
            draft.touch(mode=0o600, exist_ok=False)
            draft.write_bytes(message.as_bytes())
            draft.rename(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise Unavailable("data") from error

    def close(self) -> None:
        """There is nothing to leave."""


class Smtp:
    """One SMTP connection, reused for many mails and opened anew when it broke (RFC 5321)."""

    def __init__(self, url: SplitResult, hostname: str, envelope: str = "") -> None:
        """Make ready; mails come back to `envelope` where one is given, else to whom they are from."""
        self._url, self._hostname, self._envelope = url, hostname, envelope
        self._connection: smtplib.SMTP | None = None
        self._used = 0

    def open(self) -> None:
        """Have a connection that answers and remembers nothing of the last mail; raises Unavailable."""
        if self._connection is not None and (self._used >= REUSES or not _answers(self._connection)):
            self.close()
        if self._connection is None:
            self._connection, self._used = self._connect(), 0

    def send(self, message: EmailMessage) -> None:
        """Hand one message over; raises Temporary, InDoubt, Permanent or Unavailable."""
        if self._connection is None:
            self.open()
        assert self._connection is not None
        self._used += 1
        deadline = time.monotonic() + PATIENCE * TIMEOUT
        recipient = message["To"].addresses[0].addr_spec
        _address(self._connection, self._envelope or message["From"].addresses[0].addr_spec, recipient)
        _hand_over(self._connection, message.as_bytes(), deadline)

    def close(self) -> None:
        """Leave politely, whatever state the connection is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        host, port = str(self._url.hostname), self._url.port or PORTS[self._url.scheme]
        with _transport_wide("connect"):
            connection: smtplib.SMTP
            if self._url.scheme == "smtps":
                verified = ssl.create_default_context()
                connection = smtplib.SMTP_SSL(host, port, self._hostname, timeout=TIMEOUT, context=verified)
            else:
                connection = smtplib.SMTP(host, port, self._hostname, timeout=TIMEOUT)
        try:
            self._greet(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greet(self, connection: smtplib.SMTP) -> None:
        with _transport_wide("connect"):
            connection.ehlo_or_helo_if_needed()
        if self._url.scheme == "smtp+starttls":
            with _transport_wide("tls"):
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo_or_helo_if_needed()  # what was said in clear no longer counts (RFC 3207)
        if self._url.username:
            with _transport_wide("login"):
                connection.login(unquote(self._url.username), unquote(self._url.password or ""))


@contextmanager
def _transport_wide(stage: str) -> Iterator[None]:
    """Translate what goes wrong before any mail is concerned."""
    try:
        yield
    except ssl.SSLError as error:
        raise Unavailable("tls") from error
    except smtplib.SMTPResponseException as error:
        raise Unavailable(stage, max(error.smtp_code, 0)) from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise Unavailable(stage) from error


@contextmanager
def _one_mail(stage: str, broken: type[Temporary] = Temporary) -> Iterator[None]:
    """Translate a connection that breaks, or answers nonsense, during one mail."""
    try:
        yield
    except (smtplib.SMTPException, OSError) as error:
        raise broken(stage) from error


def _answers(connection: smtplib.SMTP) -> bool:
    try:
        return connection.rset()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _address(connection: smtplib.SMTP, sender: str, recipient: str) -> None:
    """MAIL and RCPT; the sender is the transport's concern, the recipient the mail's."""
    international = not recipient.isascii()
    if international and not connection.has_extn("smtputf8"):
        raise Permanent("recipient", 553)  # what RFC 6531 has a server say that cannot spell this mailbox
    with _transport_wide("sender"):
        code = connection.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"] if international else [])[0]
    if code != 250:
        # A server that stumbles over the extension alone must not hold up everybody else's mail.
        raise _refusal("sender", code) if international else Unavailable("sender", max(code, 0))
    with _one_mail("recipient"):
        code = connection.rcpt(recipient)[0]
    if code not in (250, 251, 252):
        raise _refusal("recipient", code)


def _hand_over(connection: smtplib.SMTP, content: bytes, deadline: float) -> None:
    """DATA, step by step: before the final dot nothing is taken, after it nobody knows until the server answers."""
    with _one_mail("data"):
        connection.putcmd("data")
        code = connection.getreply()[0]
    if code != 354:
        raise _refusal("data", code)
    with _one_mail("data"):
        connection.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
    with _one_mail("data", broken=InDoubt):
        if connection.sock is not None:
            connection.sock.settimeout(max(deadline - time.monotonic(), TIMEOUT))
        code = connection.getreply()[0]
        if connection.sock is not None:
            connection.sock.settimeout(TIMEOUT)
    if not 200 <= code < 300:
        raise _refusal("data", code, unclear=InDoubt)


def _refusal(stage: str, code: int, unclear: type[Temporary] = Temporary) -> Failure:
    if 500 <= code < 600:
        return Permanent(stage, code)
    return Temporary(stage, code) if 400 <= code < 500 else unclear(stage)
