"""Mails that came back, and complaints: what a report says, which mail it is about, and what follows for its mailbox.

A report is matched by the Message-ID of the mail alone, which is random and known only to us and to the servers that the
mail went through. An address in a report proves nothing, and nothing follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import HeaderParser

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from petition import addresses
from petition.db import transaction
from petition.outbox import suppression, tally
from petition.outbox.models import EMPTIED, OutboxMail

KINDS = ("bounce", "complaint")
LARGEST = 1024 * 1024  # of a report that is read
_OURS = re.compile(r"<?([0-9a-f]{32})@")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
# What says that the mailbox is not there: no such address, moved, disabled, no host or route, or no more than 'failed'
# (RFC 3463). A full mailbox, a mail found too large, and whatever a filter says of the sender (5.7) do not.
_DEAD = re.compile(r"5\.(1\.\d+|2\.[01]|4\.4|0\.0)")
# Rooms above this one that keep an address for news forget it when its mailbox is dead or complains.
_on_dead: list[Callable[[Session, str], None]] = []


@dataclass(frozen=True)
class Report:
    """What one report says: of which mail, what happened, its status code (RFC 3463) and the domain it was for."""

    message_id: str
    kind: str  # bounce or complaint
    status: str = ""
    domain: str = ""


def on_dead(forget: Callable[[Session, str], None]) -> Callable[[Session, str], None]:
    """Register the decorated function to run, in the same transaction, when mail to a mailbox (its fingerprint) is stopped."""
    _on_dead.append(forget)
    return forget


def parse(message: Message) -> Report | None:
    """The report in a mail: a delivery status (RFC 3464) or an abuse report (RFC 5965); None for any other mail."""
    parts = {part.get_content_type(): part for part in reversed(list(message.walk()))}
    found = _message_id(message, parts)
    if found is None:
        return None
    if (delivery := parts.get("message/delivery-status")) is not None:
        return _delivery(found, delivery)
    feedback = parts.get("message/feedback-report")
    kind = str(_fields(feedback).get("Feedback-Type", "")).strip().lower() if feedback is not None else ""
    return Report(found, "complaint") if kind in ("abuse", "fraud", "opt-out", "opt-out-list") else None


def _message_id(message: Message, parts: dict[str, Message]) -> str | None:
    """Our part of the Message-ID of the mail that a report is about, however the report carries it."""
    said: list[object] = []
    if (original := parts.get("message/rfc822")) is not None:
        said.append(_fields(original).get("Message-ID"))
    if (headers := parts.get("text/rfc822-headers")) is not None:
        text = headers.get_payload(decode=True)
        said.append(HeaderParser().parsestr(text.decode("ascii", "replace") if isinstance(text, bytes) else "").get("Message-ID"))
    said += [message.get(name) for name in ("X-Original-Message-ID", "In-Reply-To", "References")]
    return next((match[1] for each in said if each and (match := _OURS.search(str(each)))), None)


def _fields(part: Message) -> Message:
    """The headers of the message inside a part."""
    inside = part.get_payload()
    return inside[0] if isinstance(inside, list) and inside and isinstance(inside[0], Message) else part


def _delivery(message_id: str, part: Message) -> Report | None:
    """What a delivery status says of its recipient; our mails have one."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, Message) or "Action" not in block:
            continue
        action, status = str(block["Action"]).strip().lower(), _STATUS.search(str(block.get("Status", "")))
        if action not in ("failed", "delayed"):
            return None
        code = status[0] if status else "5.0.0"
        address = str(block.get("Final-Recipient", "")).rpartition(";")[2].strip().strip("<>")
        # A failure after days of trying carries the code of the last try; it is over, but says nothing of the mailbox.
        return Report(message_id, "bounce", code if action == "failed" else re.sub(r"^5", "4", code), _domain(address))
    return None


def _domain(address: str) -> str:
    try:
        found = addresses.domain(address) if "@" in address else ""
    except UnicodeError:
        return ""
    return found if addresses.is_domain(found) and len(found) <= 253 else ""


def record(report: Report, *, now: datetime) -> str:
    """Take a report in: bounced, complained, noted (it is temporary), again (known already) or unknown (no such mail)."""
    known = _OURS.fullmatch(f"{report.message_id}@")
    with transaction() as session:
        mine = select(OutboxMail).where(OutboxMail.message_id == report.message_id).with_for_update()
        mail = session.scalar(mine.execution_options(populate_existing=True)) if known else None
        if mail is None:
            return "unknown"
        if mail.state in ("complained", "bounced") and not (mail.state == "bounced" and report.kind == "complaint"):
            return "again"
        if report.kind == "bounce" and report.status.startswith("4"):
            mail.last_error = f"delayed {report.status}"
            return "noted"
        state = "complained" if report.kind == "complaint" else "bounced"
        last = f"returned {report.status}" if state == "bounced" else "reported as unwanted"
        values = {"state": state, "last_error": last, "finished_at": mail.finished_at or now, "leased_until": None, **EMPTIED}
        tally.count(session, mail.scope, report.domain or mail.domain, state, now)
        session.execute(update(OutboxMail).where(OutboxMail.id == mail.id).values(values))
        if state == "complained" or _DEAD.fullmatch(report.status):
            _stop(session, mail.recipient_fingerprint, state, now)
        return state


def _stop(session: Session, fingerprint: str, reason: str, now: datetime) -> None:
    if fingerprint:
        suppression.stop_mailbox(fingerprint, reason, now=now)
        for forget in _on_dead:
            forget(session, fingerprint)
