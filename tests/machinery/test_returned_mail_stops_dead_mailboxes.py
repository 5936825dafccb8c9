"""Reports of mails that came back: matched by the Message-ID alone, with what follows for the mail and its mailbox."""

from __future__ import annotations

import dataclasses
import mailbox
import os
import shutil
import subprocess
import threading
from datetime import timedelta
from email import message_from_string
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from petition.db import db
from petition.outbox import bounces
from petition.outbox.bounces import Report
from petition.outbox.models import OutboxMail
from petition.outbox.suppression import Suppression
from petition.outbox.tally import MailTally
from petition.upkeep import retention, returned
from tests import factories
from tests.admin import people
from tests.mailing import START, Clock, mail, mails, queue_mail, served

SECRET = "a secret of thirty-two characters or more"

DSN = """From: MAILER-DAEMON@mx.example.net
To: returned@letters.example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {status} no such user

--b
Content-Type: {part}

From: letters@letters.example.org
To: {recipient}
Message-ID: <{message_id}@letters.example.org>
Subject: Please confirm

--b--
"""
COMPLAINT = """From: abuse@provider.example
Content-Type: multipart/report; report-type=feedback-report; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

This is an abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Sample/1
Version: 1

--b
Content-Type: message/rfc822

From: letters@letters.example.org
Message-ID: <{message_id}@letters.example.org>
Subject: Please confirm

Words.

--b--
"""


def dsn(
    message_id: str, status: str = "5.1.1", action: str = "failed", recipient: str = "ana@union.example.com", part: str = "message/rfc822",
) -> str:  # fmt: skip
    return DSN.format(message_id=message_id, status=status, action=action, recipient=recipient, part=part)


def sent(at: object = START, to: str = "ana@example.org") -> OutboxMail:
    """A mail that left, as the row stands then."""
    queue_mail(to)
    db.session.execute(db.update(OutboxMail).values(state="sent", recipient=None, values=None, finished_at=START))
    db.session.commit()
    return mails()[-1]


def stopped() -> dict[str, str]:
    db.session.rollback()
    return {each.fingerprint: each.reason for each in db.session.query(Suppression)}


@pytest.mark.parametrize(("status", "action", "state", "stops"), [
    ("5.1.1", "failed", "bounced", True), ("5.2.1", "failed", "bounced", True), ("5.0.0", "failed", "bounced", True),
    ("5.2.2", "failed", "bounced", False), ("5.7.1", "failed", "bounced", False), ("4.4.1", "delayed", "sent", False),
    ("4.4.7", "failed", "sent", False), ("2.0.0", "delivered", "sent", False),
])  # fmt: skip
def test_what_follows_from_a_delivery_status(sqlite_app: Flask, status: str, action: str, state: str, stops: bool) -> None:
    row = sent()
    for part in ("message/rfc822", "text/rfc822-headers"):
        report = bounces.parse(message_from_string(dsn(row.message_id, status, action, part=part)))
        if action == "delivered":
            assert report is None
            return
        assert report is not None
        assert (report.message_id, report.domain) == (row.message_id, "union.example.com")
    bounces.record(report, now=START)
    found = mail()
    assert (found.state, status in found.last_error, found.recipient) == (state, True, None)
    assert stopped() == ({row.recipient_fingerprint: "bounced"} if stops else {})
    told = db.session.scalars(select(MailTally.domain).where(MailTally.state == state)).all()
    assert told == (["union.example.com"] if state == "bounced" else [])


def test_a_forged_report_stops_nobody(sqlite_app: Flask) -> None:
    row = sent()
    for number in ("0" * 32, "", row.message_id[:-1] + ("0" if row.message_id[-1] != "0" else "1"), row.message_id + "0"):
        report = bounces.parse(message_from_string(dsn(number, recipient="ana@example.org")))
        assert report is None or bounces.record(report, now=START) == "unknown"
    assert (mail().state, stopped()) == ("sent", {})


def test_a_complaint_stops_the_mailbox_until_its_holder_says_otherwise(app: Flask) -> None:
    row = sent()
    fine = bounces.parse(message_from_string(COMPLAINT.format(kind="not-spam", message_id=row.message_id)))
    assert fine is None
    report = bounces.parse(message_from_string(COMPLAINT.format(kind="abuse", message_id=row.message_id)))
    assert report == Report(row.message_id, "complaint")
    assert [bounces.record(report, now=START) for _ in range(2)] == ["complained", "again"]
    silenced = {row.recipient_fingerprint: "complained"}
    assert (mail().state, stopped()) == ("complained", silenced)
    queue_mail()
    assert len(mails()) == 1, "no more mail goes there"
    retention.purge(START + timedelta(days=91))
    assert stopped() == silenced


def test_a_dead_mailbox_is_tried_again_after_ninety_days(sqlite_app: Flask) -> None:
    bounces.record(Report(sent().message_id, "bounce", "5.1.1"), now=START)
    retention.purge(START + timedelta(days=89))
    assert len(stopped()) == 1
    retention.purge(START + timedelta(days=90))
    assert stopped() == {}


def test_an_address_kept_for_news_is_forgotten_and_the_signature_stays(app: Flask) -> None:
    factories.letter()
    factories.sign(app.test_client(), **factories.ANA, updates="1")
    assert people.signature().email == "ana@example.org"
    bounces.record(Report(factories.mails()[0].message_id, "bounce", "5.1.1"), now=factories.now())
    found = people.signature()
    assert (found.state, found.email, found.updates) == ("published", None, False)


def test_the_worker_reads_a_maildir_and_deletes_what_it_understood(sqlite_app: Flask, tmp_path: Path) -> None:
    row = sent()
    box = mailbox.Maildir(tmp_path / "returned", create=True)
    box.add(dsn(row.message_id))
    box.add("From: a@example.org\nSubject: I am away\n\nBack on Monday.\n")
    box.add("Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\n--b--\n")
    config = dataclasses.replace(factories.config(), bounces=f"maildir:{tmp_path / 'returned'}")
    assert returned.work(config, START) == {"bounced": 1, "other": 2}
    assert mail().state == "bounced"
    left = [path for path in (tmp_path / "returned").rglob("*") if path.is_file()]
    assert (len(left), {path.parent.name for path in left}) == (2, {"cur"})
    assert returned.work(config, START) == {}
    assert returned.work(factories.config(), START) == {}


def test_a_mail_made_to_break_its_reader_is_put_aside(sqlite_app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = sent()
    deep, deeper = (
        "".join(f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n" for number in range(levels)) + "\nana@example.org\n"
        for levels in (400, 1_500)
    )
    large = dsn(row.message_id).replace("Sorry.", "Sorry. " * 170_000)
    box = mailbox.Maildir(tmp_path / "returned", create=True)
    for content in (deep, deeper, large, dsn(row.message_id, "4.4.1", "delayed")):
        box.add(content.encode())
    assert len(large) > bounces.LARGEST
    assert returned.read(tmp_path / "returned", START) == {"other": 3, "noted": 1}
    config = dataclasses.replace(factories.config(), bounces=f"maildir:{tmp_path / 'returned'}")
    assert returned.work(config, START) == {"other": 3, "noted": 1}
    assert returned.work(config, START) == {}, "it is not read again"
    assert len(list((tmp_path / "returned" / "cur").iterdir())) == 3
    assert mail().state == "sent"
    assert "RecursionError" in caplog.text and "ana@" not in caplog.text


def test_a_file_of_mails_is_read_from_the_command_line(sqlite_app: Flask, tmp_path: Path) -> None:
    row = sent()
    box = mailbox.mbox(tmp_path / "returned.mbox")
    for content in (dsn(row.message_id), dsn(row.message_id), dsn("f" * 32), "Subject: Hello\n\nHello\n"):
        box.add(message_from_string(content))
    box.close()
    before = (tmp_path / "returned.mbox").read_bytes()
    found = sqlite_app.test_cli_runner().invoke(args=["mail", "bounces", str(tmp_path / "returned.mbox")])
    assert [line.split()[0] for line in found.output.splitlines()] == ["1", "0", "0", "1", "1", "1"]
    assert (tmp_path / "returned.mbox").read_bytes() == before


def test_mails_leave_with_the_envelope_sender_that_was_set(sqlite_app: Flask) -> None:
    from petition.outbox.delivery import deliver_due

    queue_mail()
    with served(factories.config()) as (server, config):
        deliver_due(dataclasses.replace(config, bounce_address="returned@letters.example.org"), clock=Clock())
    assert server.mails[0].sender == "returned@letters.example.org"
    assert "returned@" not in server.mails[0].content.decode()


def posted(app: Flask, body: bytes, at: int | None = None, secret: str = SECRET, signature: str = "") -> int:
    timestamp = str(int(factories.now().timestamp()) if at is None else at)
    headers = {"Petition-Timestamp": timestamp, "Petition-Signature": signature or returned.sign(secret, timestamp, body)}
    return app.test_client().post("/hooks/bounces", data=body, headers=headers).status_code


def test_a_signed_report_is_taken_in_once(app: Flask) -> None:
    row = sent()
    body = f'{{"message_id": "<{row.message_id}@letters.example.org>", "kind": "bounce", "status": "5.1.1"}}'.encode()
    assert posted(app, body) == 404, "off without the secret"
    app.config["PETITION"] = dataclasses.replace(factories.config(), bounce_secret=SECRET)
    now = int(factories.now().timestamp())
    assert posted(app, body, secret="x" * 40) == 401
    assert posted(app, body, at=now - 400) == 401
    assert posted(app, body, at=now + 400) == 401
    assert posted(app, b"x" * 70_000) == 413
    assert mail().state == "sent"
    assert posted(app, body, at=now) == 200
    assert (mail().state, stopped()) == ("bounced", {row.recipient_fingerprint: "bounced"})
    assert posted(app, body, at=now) == 409
    for wrong in (b"[]", b"{}", b"{", body.replace(b"bounce", b"other"), body.replace(b"5.1.1", b"9")):
        assert posted(app, wrong) == 400


def test_the_example_in_the_docs_works(sqlite_app: Flask) -> None:
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("curl and openssl are needed")
    row = sent()
    sqlite_app.config["PETITION"] = dataclasses.replace(factories.config(), bounce_secret=SECRET)
    page = (Path(__file__).parents[2] / "docs" / "bounces.md").read_text(encoding="utf-8")
    script = page.partition("```sh\n")[2].partition("```")[0].replace("0123456789abcdef" * 2, row.message_id)
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=30, check=True, env=os.environ | {
            "SITE": f"http://127.0.0.1:{server.server_port}", "PETITION_BOUNCE_SECRET": SECRET,
        })  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.stdout.strip() == '{"outcome":"bounced"}', done.stderr
    assert mail().state == "bounced"
