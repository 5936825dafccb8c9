"""With `mailbox:` each mail is a whole file in a folder that only its owner reads, in the order of sending."""

from __future__ import annotations

from email import message_from_bytes, policy

from flask import Flask

from petition.config import Config
from petition.outbox.delivery import Counts, deliver_due
from tests.mailing import Clock, mail, mails, queue_mail
from tests.smtp_server import body


def _config(app: Flask) -> Config:
    found = app.config["PETITION"]
    assert isinstance(found, Config)
    return found


def test_mails_appear_as_files_in_the_order_of_sending(sqlite_app: Flask) -> None:
    config = _config(sqlite_app)
    names = [f"{name}@example.org" for name in ("zoe", "ana", "mia", "ben")]
    for name in names:
        queue_mail(name)
    assert deliver_due(config, clock=Clock()) == Counts(sent=4)
    files = sorted(config.mailbox.glob("*.eml"))
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert [message["To"] for message in read] == names
    assert "Please confirm your signature" in read[0]["Subject"]
    assert "/signature/" in body(read[0], "plain")
    assert {row.recipient for row in mails()} == {None}


def test_only_the_owner_may_read_them_and_no_half_file_is_left(sqlite_app: Flask) -> None:
    config = _config(sqlite_app)
    queue_mail()
    deliver_due(config, clock=Clock())
    (file,) = config.mailbox.iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert config.mailbox.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_charges_nobody(sqlite_app: Flask) -> None:
    config = _config(sqlite_app)
    config.mailbox.write_text("in the way")
    queue_mail()
    assert deliver_due(config, clock=Clock()) == Counts(trouble="connect")
    assert (mail().state, mail().attempts) == ("queued", 0)


def test_a_disk_that_refuses_the_file_charges_nobody(sqlite_app: Flask) -> None:
    config = _config(sqlite_app)
    config.mailbox.symlink_to("/proc/self")  # a folder that takes no files, from root neither
    queue_mail()
    assert deliver_due(config, clock=Clock()) == Counts(trouble="data")
    assert (mail().state, mail().attempts, mail().leased_until) == ("queued", 0, None)
