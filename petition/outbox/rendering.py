"""Turns a queued mail into a message: subject, text and HTML in the reader's language, with nothing in it to fetch."""

from __future__ import annotations

import re
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr, unquote
from functools import lru_cache, partial
from typing import Any

from babel.core import UnknownLocaleError
from flask import current_app
from flask_babel import force_locale
from jinja2 import TemplateError

from petition import addresses, i18n
from petition.config import Config
from petition.outbox import suppression
from petition.outbox.models import OutboxMail

# What a faulty template, value or preparer raises; one such mail must not stop the others.
FAULTS = (
    ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
    MessageError, TemplateError, UnknownLocaleError,
)  # fmt: skip


# Headers that are the same in the parts of most mails, and so are parsed and written out once.
ALIKE = frozenset({
    "auto-submitted", "content-language", "content-transfer-encoding", "content-type", "list-unsubscribe-post", "mime-version", "subject",
    "x-auto-response-suppress",
})  # fmt: skip
SOME = 256  # of them that are kept, those of one mail's boundary included


class _Rules(policy.EmailPolicy):
    """Lines as SMTP wants them, in seven bits; an address in angle brackets stays in one piece, whatever its length."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"linesep": "\r\n", "cte_type": "7bit", **given})

    def fold(self, name: str, value: str) -> str:
        # The library would hide a long word in an encoded one, in which no mail program looks for a link (RFC 2369).
        return f"{name}: {value}\r\n" if name == "List-Unsubscribe" else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in ALIKE:
            return _written(self, name, value)
        return self.fold(name, value).encode() if name == "List-Unsubscribe" else super().fold_binary(name, value)

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return _parsed(self, name, value) if name.lower() in ALIKE and type(value) is str else super().header_store_parse(name, value)


@lru_cache(SOME)
def _parsed(rules: _Rules, name: str, value: str) -> tuple[str, Any]:
    return policy.EmailPolicy.header_store_parse(rules, name, value)


@lru_cache(SOME)
def _written(rules: _Rules, name: str, value: str) -> bytes:
    return policy.EmailPolicy.fold_binary(rules, name, value)


_PLAIN, _INTERNATIONAL = _Rules(), _Rules(utf8=True)


class Written(EmailMessage):
    """A message that is written out once, however often it is read."""

    _content: bytes | None = None

    def seal(self) -> None:
        """Write it out; nothing of it changes from then on."""
        self._content = super().as_bytes()

    def as_bytes(self, unixfrom: bool = False, policy: Any = None) -> bytes:
        """What was written out, or is now."""
        return super().as_bytes(unixfrom, policy) if self._content is None or unixfrom or policy else self._content


def render(mail: OutboxMail, config: Config) -> EmailMessage:
    """The message to send, the same at every try; raises one of FAULTS when a value or template is bad (RFC 5322)."""
    if mail.recipient is None or mail.values is None:
        raise ValueError("this mail has left the queue")
    subject, text, html = _bodies(mail.message, mail.language, _context(mail, config))
    recipient, sender = _mailbox(mail.recipient), _mailbox(*reversed(parseaddr(config.mail_from)))
    # Only a local part beyond ASCII needs servers that speak RFC 6531; every other mail stays deliverable anywhere.
    message = Written(_PLAIN if recipient.username.isascii() else _INTERNATIONAL)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = mail.queued_at
    message["Message-ID"] = f"<{mail.message_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if mail.values.get("unsubscribe"):
        message["List-Unsubscribe"] = f"<{mail.values['unsubscribe']}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message["Content-Language"] = mail.language  # last: setting the content clears what is said of it
    message.set_boundary(f"=_{mail.message_id}")
    message.seal()  # a fault that only writing it out finds must show here, not while it is being sent
    return message


def _context(mail: OutboxMail, config: Config) -> dict[str, Any]:
    return {
        **(mail.values or {}),
        "site": config.base_url,
        "operator": config.operator,
        "language": mail.language,
        "direction": i18n.direction(mail.language),
        "link": partial(_link, config.base_url),
        "stop_link": _stop_link(mail, config),
        "code_address": _page(mail, config, "code"),
    }


def _link(base_url: str, token: str) -> str:
    # A mail whose link leads nowhere is worse than a mail that comes later.
    if not re.fullmatch(r"[\w-]+", token, re.ASCII):
        raise ValueError("this token cannot stand in a link")
    return f"{base_url}/signature/{token}"


def _stop_link(mail: OutboxMail, config: Config) -> str:
    """Where the holder of the mailbox stops all mail; nothing in mails to the team."""
    if mail.message in suppression.TO_THE_TEAM or not mail.recipient_fingerprint:
        return ""
    return _page(mail, config, f"mail/stop/{suppression.token(mail.recipient_fingerprint, config)}")


def _page(mail: OutboxMail, config: Config, path: str) -> str:
    """A page of the site's own in the mail's language."""
    spoken = mail.language in config.languages[1:]  # the site's own language has the plain address
    prefix = f"/{mail.language}" if spoken else ""
    return f"{config.base_url}{prefix}/{path}"


def _bodies(message: str, language: str, context: dict[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML; straight from the environment, so that nothing meant for pages gets into a mail."""
    environment = current_app.jinja_env
    with force_locale(i18n.locale(language)):
        subject = environment.get_template(f"mail/{message}.subject.txt").render(context)
        subject = " ".join(line.strip() for line in subject.splitlines() if line.strip())
        text = environment.get_template(f"mail/{message}.txt").render(context)
        html = environment.get_template(f"mail/{message}.html").render(context, subject=subject)
    return subject, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html.strip() + "\n"


def _mailbox(address: str, name: str = "") -> Address:
    """The address for a header, its domain in punycode; raises ValueError on a line break."""
    local = address.rpartition("@")[0]
    return Address(display_name=name, username=unquote(local), domain=addresses.domain(address))
