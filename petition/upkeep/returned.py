"""Takes in the mails that came back: from a mailbox of reports that is read, or from a mail service that signs what it posts."""

from __future__ import annotations

import glob
import hashlib
import hmac
import json
import logging
import mailbox
import re
import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.errors import MessageError
from pathlib import Path
from typing import Any

from petition import challenge
from petition.config import Config
from petition.db import transaction
from petition.errors import N_, BadRequest, Conflict, PetitionError
from petition.outbox import bounces
from petition.outbox.bounces import Report
from petition.signatures import undeliverable  # noqa: F401 (forgets addresses for news)
from petition.updates import followers  # noqa: F401 (forgets those who follow)

log = logging.getLogger(__name__)

TOLERANCE = timedelta(minutes=5)
ROUND = 500  # mails that the worker reads at once
# Whatever a stranger's mail makes the parser say, of parts within parts within parts as well.
FAULTS = (MessageError, RecursionError, LookupError, TypeError, ValueError, AttributeError)


class BadSignature(PetitionError):
    """A report that was not signed with the secret we share, or not within five minutes."""

    code = "bad_signature"
    status = 401
    message = N_("The signature does not fit, or its time is more than five minutes from ours.")


class Replayed(Conflict):
    """A signed report that was sent before."""

    code = "replayed"
    message = N_("This report was taken in before.")


def work(config: Config, now: datetime) -> Counter[str]:
    """Read the mailbox of PETITION_BOUNCES, if there is one; what was understood is deleted, the rest is marked as read."""
    done: Counter[str] = Counter()
    path = Path(config.bounces.removeprefix("maildir:"))
    if not config.bounces:
        return done
    if not (path / "new").is_dir():
        log.error("PETITION_BOUNCES: there is no Maildir")
        return done
    box = mailbox.Maildir(path, create=False)
    for file in sorted((path / "new").iterdir())[:ROUND]:
        done[_of_file(box, file.name.partition(":")[0], now)] += 1
    return done


def _of_file(box: mailbox.Maildir, key: str, now: datetime) -> str:
    try:
        outcome = _take(box, key, now)
        # Written down first, deleted then: a crash between the two reads it again, which changes nothing.
        box.discard(key) if outcome != "other" else _mark_as_read(box, key)
    except (KeyError, FileNotFoundError):
        return "gone"  # another worker was quicker
    return outcome


def _mark_as_read(box: mailbox.Maildir, key: str) -> None:
    """Move the file as it is: what is too large or too deep to be read cannot be written anew either."""
    path = Path(box._path)
    found = next((path / "new").glob(f"{glob.escape(key)}*"), None)
    if found is not None:
        found.rename(path / "cur" / f"{key}:2,S")


def read(path: Path, now: datetime) -> Counter[str]:
    """Read a Maildir or an mbox file once, leaving it as it is: how many reports had which outcome."""
    box: mailbox.Maildir | mailbox.mbox
    box = mailbox.Maildir(path, create=False) if path.is_dir() else mailbox.mbox(path, create=False)
    try:
        return Counter(_take(box, key, now) for key in box.keys())  # noqa: SIM118 (a mailbox walks over its mails)
    finally:
        box.close()


def _take(box: mailbox.Maildir | mailbox.mbox, key: str, now: datetime) -> str:
    """Take one mail of a mailbox in; one that is too large to be a report is not read to its end."""
    file: Any = box.get_file(key)
    try:
        content = file.read(bounces.LARGEST + 1)
    finally:
        file.close()
    if len(content) > bounces.LARGEST:
        return "other"
    try:
        report = bounces.parse(message_from_bytes(content))
    except FAULTS as error:
        # Where it happened, not what it said: the words of an exception can hold an address.
        where = "".join(traceback.format_tb(error.__traceback__, limit=-5))
        log.error("a returned mail cannot be read: %s\n%s", type(error).__name__, where)
        return "other"
    return "other" if report is None else bounces.record(report, now=now)


def posted(body: bytes, timestamp: str, signature: str, *, config: Config, now: datetime) -> str:
    """Take a signed report in and say what followed; raises BadSignature, Replayed, or BadRequest for a report of another shape."""
    expected = sign(config.bounce_secret, timestamp, body)
    if not hmac.compare_digest(expected.encode(), signature.strip().encode()) or not _is_now(timestamp, now):
        raise BadSignature
    report = _report(body)
    with transaction() as session:
        try:
            used = hashlib.sha256(b"bounce:" + expected.encode()).hexdigest()
            challenge.spend(session, challenge.Pass(used, now + 2 * TOLERANCE, "hook"))
        except challenge.PassSpent as error:
            raise Replayed from error
        return bounces.record(report, now=now)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What the header of a report holds: HMAC-SHA256 over the timestamp, a dot and the body (RFC 2104)."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _is_now(timestamp: str, now: datetime) -> bool:
    if not re.fullmatch(r"\d{9,12}", timestamp, re.ASCII):
        return False
    return abs(datetime.fromtimestamp(int(timestamp), UTC) - now) <= TOLERANCE


def _report(body: bytes) -> Report:
    try:
        given = json.loads(body)
        found = Report(given["message_id"].strip("<> ").partition("@")[0], given["kind"], given.get("status") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequest from error
    fits = isinstance(found.status, str) and re.fullmatch(r"([245]\.\d{1,3}\.\d{1,3})?", found.status, re.ASCII)
    if found.kind not in bounces.KINDS or not fits:
        raise BadRequest
    return found
