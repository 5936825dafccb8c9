"""An update mailed to many over real SMTP by a worker that is killed midway: who got it how often, and what it took (docs/updates.md)."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select, update

from petition import create_app
from petition.addresses import fingerprint
from petition.audit import COMMAND_LINE
from petition.db import db, dispose, transaction
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.signatures import tokens
from petition.updates import mailing
from petition.updates.models import Follower, Mailing
from petition.updates.reckoning import reckon
from tests import factories, newsroom, postgresql
from tests.conftest import settings
from tests.mailing import queue_mail
from tests.running import COMMAND, environment
from tests.smtp_server import SmtpServer
from tests.waves import wave

SUBSCRIBERS = 50_000
KILLS = 3
DOMAINS = ("gmail.com", "gmail.com", "gmail.com", "mail.ru", "outlook.com", "yahoo.com")  # the rest have one of their own
LATE = "somebody.who.signs@example.org"
PATIENCE = 1_800  # seconds


@dataclass
class Told:
    """What the mail server saw: how often each mailbox was mailed, and under how many message ids."""

    often: Counter[str] = field(default_factory=Counter)
    ids: dict[str, set[str]] = field(default_factory=dict)
    seconds: float = 0.0
    late: float = 0.0
    state: str = ""
    sent: int = 0

    @property
    def twice(self) -> list[str]:
        return [address for address, times in self.often.items() if times > 1]


class Counting(SmtpServer):
    """Keeps who was mailed, not what, and kills the worker right after so many mails, before it hears that they were taken."""

    def __init__(self, told: Told, kill_at: list[int]) -> None:
        super().__init__()
        self.told, self.kill_at = told, kill_at
        self.worker: subprocess.Popen[str] | None = None
        self.on_mail = self._took

    def _took(self) -> None:
        mail = self.mails.pop()
        address = mail.recipients[0]
        self.told.often[address] += 1
        self.told.ids.setdefault(address, set()).add(str(message_from_bytes(mail.content)["Message-ID"]))
        if self.kill_at and self.told.often.total() >= self.kill_at[0] and self.worker is not None:
            self.kill_at.pop(0)
            self.worker.send_signal(signal.SIGKILL)


def addresses(number: int) -> list[str]:
    """Invented mailboxes, half of them at large providers."""
    at = [DOMAINS[n // 2 % len(DOMAINS)] if n % 2 else f"d{n}.example" for n in range(number)]
    return [f"reader{n}@{domain}" for n, domain in enumerate(at)]


def subscribe(letter: Letter, people: list[str]) -> None:
    """The first half signed and asked for news, the second half follows; one in ten does both."""
    key, half = factories.config().fingerprint_bytes, len(people) // 2
    wave(
        letter, half, updates=True, email=lambda n: people[n], address_fingerprint=lambda n: fingerprint(people[n], key),
        mail_domain=None, network=None, hour=None,
    )  # fmt: skip
    following = [*people[half:], *people[:half:10]]
    for first in range(0, len(following), 5_000):
        with transaction() as session:
            session.add_all(
                Follower(
                    letter_id=letter.id, email=each, address_fingerprint=fingerprint(each, key), language="en",
                    digest=tokens.digest(each), confirmed_at=factories.now(),
                ) for each in following[first : first + 5_000]
            )  # fmt: skip


def mail_out(app: Flask, folder: Path, subscribers: int, kills: int, *, wait_for_leases: bool = True) -> Told:
    """Mail an update to so many, killing the worker so often; a worker is started again at once, as systemd would."""
    letter = factories.letter()
    people = addresses(subscribers)
    subscribe(letter, people)
    mailing.start(newsroom.update(letter), actor=COMMAND_LINE, now=factories.now())
    told = Told()
    kill_at = [subscribers * (each + 1) // (kills + 1) for each in range(kills)]
    with Counting(told, kill_at) as server:
        environ = environment(
            folder, PETITION_DATABASE_URL=app.config["PETITION"].database_url, PETITION_MAIL_URL=f"smtp://127.0.0.1:{server.port}",
            PETITION_MAIL_RATE="1000000", PETITION_MAIL_DOMAIN_RATE="1000000",
        )  # fmt: skip
        began = time.monotonic()
        for last in [False] * kills + [True]:
            _one_worker(server, environ, folder, told, last)
            if not last and not wait_for_leases:
                _release()
        told.seconds = time.monotonic() - began
    stands = db.session.scalars(select(Mailing).execution_options(populate_existing=True)).one()
    told.state, told.sent = stands.state, reckon(db.session(), stands)["sent"]
    return told


def _one_worker(server: Counting, environ: dict[str, str], folder: Path, told: Told, last: bool) -> None:
    """Run a worker until it is killed or, the last, until the mailing is done; half-way through its work, somebody signs."""
    with subprocess.Popen([COMMAND, "worker"], env=environ, cwd=folder, stderr=subprocess.DEVNULL, start_new_session=True, text=True) as it:
        server.worker = it
        try:
            until = time.monotonic() + PATIENCE
            if last:
                _late_mail(told, until)
            while it.poll() is None and time.monotonic() < until and not (last and _is_done()):
                time.sleep(0.05)
        finally:
            if it.poll() is None:
                os.kill(it.pid, signal.SIGKILL)


def _late_mail(told: Told, until: float) -> None:
    """How long a verification mail takes that is asked for in the middle of the mailing."""
    before = told.often.total()
    while told.often.total() == before and time.monotonic() < until:
        time.sleep(0.01)
    began = time.monotonic()
    queue_mail(LATE, at=factories.now())
    while LATE not in told.often and time.monotonic() < until:
        time.sleep(0.005)
    told.late = time.monotonic() - began


def _is_done() -> bool:
    db.session.rollback()
    return db.session.scalars(select(Mailing.state)).one() == "done"


def _release() -> None:
    with transaction() as session:
        session.execute(update(OutboxMail).where(OutboxMail.state == "queued").values(leased_until=None))


def report(told: Told, subscribers: int, kills: int) -> str:
    """The figures, in words."""
    people = addresses(subscribers)
    missing = sum(each not in told.often for each in people)
    return (
        f"{subscribers:,} mailboxes, {kills} times kill -9: {told.seconds:,.0f} s ({subscribers / told.seconds:,.0f} a second); "
        f"{missing} got none, {len(told.twice)} got two, all with one message id: {all(len(ids) == 1 for ids in told.ids.values())}; "
        f"most for one mailbox: {max(told.often.values())}; the mailing is {told.state}, {told.sent:,} recorded as sent; "
        f"a verification mail in the middle took {told.late * 1000:,.0f} ms"
    )


def measure(url: str, subscribers: int, kills: int) -> None:
    """Mail so many on one database and print what came of it."""
    folder = Path(tempfile.mkdtemp())
    app = create_app(settings(folder, url))
    with app.app_context():
        upgrade()
        print(report(mail_out(app, folder, subscribers, kills), subscribers, kills), flush=True)
        dispose()
    shutil.rmtree(folder)


def main() -> None:
    """Measure on SQLite, and on PostgreSQL where asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mailing_benchmark", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=SUBSCRIBERS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--postgresql", action="store_true", help="as well as on SQLite")
    given = parser.parse_args()
    print("SQLite")
    measure("", given.subscribers, given.kills)
    if given.postgresql:
        print("PostgreSQL")
        server = postgresql.start()
        try:
            server.execute("CREATE DATABASE bench")
            measure(server.url("bench"), given.subscribers, given.kills)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
