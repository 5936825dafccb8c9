"""A real mail server for tests, which misbehaves at the stage it is told to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG, RESET, NONSENSE = "hang", "reset", "nonsense"


@dataclass(frozen=True)
class Mail:
    """One mail that the server took, or had in full when it misbehaved after the dot."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def text(self) -> str:
        return body(self.message, "plain")


class SmtpServer:
    """Listens while its `with` block runs.

    `replies` names what a stage answers instead of what it should: a code, HANG, RESET or NONSENSE. The stages are
    banner, greeting, tls, login, sender, recipient, data and dot. `refused` names recipients and the codes they get.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None, international: bool = True,
    ) -> None:  # fmt: skip
        self.replies: dict[str, int | str] = {}
        self.refused: dict[str, int] = {}
        self.mails: list[Mail] = []
        self.greetings: list[str] = []
        self.connections = 0
        self.lines: set[_Protocol] = set()
        self.on_mail: Callable[[], None] = lambda: None
        self.port = free_port()
        options: dict[str, Any] = {"enable_SMTPUTF8": international, "tls_context": starttls}
        if login:
            options |= {"authenticator": _checker(login), "auth_required": True}
        self._controller = _Controller(self, tls, options)

    @property
    def message_ids(self) -> list[str]:
        return [str(mail.message["Message-ID"]) for mail in self.mails]

    @property
    def recipients(self) -> list[str]:
        return [address for mail in self.mails for address in mail.recipients]

    def __enter__(self) -> SmtpServer:
        self._controller.start()
        self.connections = 0  # the controller's own
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._controller.loop).result(5)
        self._controller.stop()

    async def _hang_up(self) -> None:
        # The loop must not close over open connections.
        while self.lines:
            for line in list(self.lines):
                if line.transport is not None:
                    line.transport.abort()
            await asyncio.sleep(0)

    async def handle_DATA(self, protocol: _Protocol, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        reply = self.replies.get("dot")
        if not isinstance(reply, int):
            assert isinstance(envelope.original_content, bytes)
            self.mails.append(Mail(str(envelope.mail_from), list(envelope.rcpt_tos), envelope.original_content))
            await asyncio.to_thread(self.on_mail)
        if isinstance(reply, str):
            await protocol.misbehave("dot")
        return f"{reply or 250} so be it"


def body(message: EmailMessage, kind: str) -> str:
    """The decoded text or HTML of a message; `kind` is plain or html."""
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _checker(login: tuple[str, str]) -> Callable[..., AuthResult]:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login.decode(), data.password.decode()) == login, handled=False)

    return check


class _Controller(Controller):
    def __init__(self, test: SmtpServer, tls: ssl.SSLContext | None, options: dict[str, Any]) -> None:
        self._test = test
        super().__init__(test, hostname="127.0.0.1", port=test.port, ssl_context=tls, **options)

    def factory(self) -> SMTP:
        return _Protocol(self._test, **self.SMTP_kwargs)


class _Protocol(SMTP):
    """aiosmtpd's server, asking the test at each stage whether to misbehave."""

    def __init__(self, test: SmtpServer, **options: Any) -> None:
        self._test = test
        super().__init__(test, loop=asyncio.get_event_loop(), **options)

    async def misbehave(self, stage: str) -> bool:
        reply = self._test.replies.get(stage)
        if reply == HANG:
            await asyncio.Event().wait()
        elif reply == RESET:
            assert self.transport is not None
            linger = struct.pack("ii", 1, 0)  # the connection is not closed but reset
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
            raise ConnectionResetError
        elif reply == NONSENSE:
            await self.push("what?")
        elif reply is not None:
            await self.push(f"{reply} not today")
        return reply is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._test.lines.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._test.lines.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        self._test.connections += 1
        try:
            if await self.misbehave("banner"):
                assert self.transport is not None
                self.transport.close()
            else:
                await super()._handle_client()
        except ConnectionResetError:
            return

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        self._test.greetings.append(arg)
        if not await self.misbehave("greeting"):
            await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg: str) -> None:  # noqa: N802
        if not await self.misbehave("greeting"):
            await super().smtp_HELO(arg)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if not await self.misbehave("tls"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        if not await self.misbehave("login"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self.misbehave("sender"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        code = next((code for address, code in self._test.refused.items() if f"<{address}>" in str(arg)), None)
        if code is not None:
            await self.push(f"{code} not this one")
        elif not await self.misbehave("recipient"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if not await self.misbehave("data"):
            await super().smtp_DATA(arg)
