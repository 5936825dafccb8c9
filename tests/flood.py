"""A seeded wave of fakes against the real application, with a moderator who clears it: prints what became of whom.

`python -m tests.flood` (or `make flood`) on an empty database in a temporary folder; the clock is turned by hand, so that
hours pass in minutes, and the limits, screening, mail and worker are those of the platform.
"""

from __future__ import annotations

import argparse
import contextvars
import heapq
import itertools
import random
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import select

from petition import create_app
from petition.addresses import fingerprint
from petition.config import Config
from petition.db import db, dispose
from petition.letters import operations as letters
from petition.moderation.models import BulkDecision, Spike
from petition.outbox.delivery import deliver_due
from petition.signatures import directory, screening
from petition.signatures.models import Signature
from petition.upkeep import invariants, worker
from tests import factories, postgresql
from tests.admin import people
from tests.conftest import settings

START = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
CATCH_ALL = "winkelmail.net"
FREE = ("gmail.com", "outlook.com", "yahoo.com", "mail.ru", "proton.me", "gmx.de")
GIVEN = "Ada Bela Cora Dario Edda Farid Gita Henrik Ilka Joren Kaja Lennart Mirja Nils Oda Pavel Rike Selim Tilda Ulla Viggo Wanda Yara"
FAMILY = "Abelin Brandvik Corvane Dahlheim Ebersol Fagerlo Grentham Hollmark Isenor Jarrow Kestrin Lundorf Marwick Nordahl Ostrava Pellworm"
JOKES = (
    "Dr Johnny Bananas", "Mickey Mouse", "Donald Duck", "Harry Potter", "Darth Vader", "Santa Claus", "Homer Simpson", "Spongebob",
    "Batman", "Seymour Butts", "Ben Dover", "Hugh Jass", "asdfgh asdfgh", "qwertz uiop", "XXXXXXXX", "Test Test", "John Doe",
    "NOBODY AT ALL", "Bart Simpson", "Shrek", "Super Mario", "Gandalf the Grey", "James Bond", "Captain Nemo", "Sherlock Holmes",
)  # fmt: skip
FAMOUS = (
    "Barack Obama", "Angela Merkel", "Emmanuel Macron", "Pope Francis", "Vladimir Putin", "Donald Trump", "Joe Biden", "Elon Musk",
    "Greta Thunberg", "Xi Jinping", "King Charles III", "António Guterres", "The President of the United States", "Bill Gates",
)  # fmt: skip
# How the same name is typed by those who expect a list.
DISGUISES = (
    str, str, str.lower, str.upper, lambda name: f"Dr {name}", lambda name: " ".join(reversed(name.split())),
    lambda name: name.replace("a", "\u0430"), lambda name: name.replace("o", "0"), lambda name: name.replace("l", "1"),
    lambda name: name.replace(" ", "  "), lambda name: f"{name.split()[0]} X. {' '.join(name.split()[1:])}",
)  # fmt: skip
EYE = 20  # signatures that the moderator's page shows of a group
TRIES = 4  # how often anybody sends again what was refused for being too many
AT_ONCE = 10  # simulated seconds between two rounds of mail


class Browser(FlaskClient):
    """Every request runs in a context of its own, as it does behind a server."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs | {"buffered": True})


@dataclass
class Signer:
    """Somebody who signs: when, from where, and how long they take to open their mail."""

    sort: str  # fake, joke or honest
    name: str
    email: str
    network: str
    at: float  # seconds after the start
    opens_after: float
    tries: int = 0
    answers: list[int] = field(default_factory=list)


def cast(chance: random.Random, fakes: int, jokes: int, honest: int, hours: float, disguised: bool = False) -> list[Signer]:
    """Everybody, in the order of their coming."""
    networks = [f"{chance.randrange(11, 200)}.{chance.randrange(256)}.{chance.randrange(256)}" for _ in range(500)]
    span = hours * 3600
    everybody = []
    for number in range(fakes):
        name = f"{chance.choice(GIVEN.split())} {chance.choice(FAMILY.split())}"
        local = f"{name.lower().replace(' ', '.')}{number}"
        address, network = f"{local}@{CATCH_ALL}", chance.choice(networks)
        everybody.append(Signer("fake", name, address, network, chance.uniform(0, span), chance.uniform(2, 20)))
    for number in range(jokes):
        name = chance.choice(DISGUISES if disguised else (str,))(chance.choice(JOKES + FAMOUS))
        host = chance.choice(FREE) if chance.random() < 0.5 else f"{chance.choice(FAMILY.split()).lower()}{number % 90}.org"
        network = chance.choice(networks)
        everybody.append(Signer("joke", name, f"j{number}@{host}", network, chance.uniform(0, span), chance.uniform(20, 900)))
    for number in range(honest):
        name = f"{chance.choice(GIVEN.split())}-{chance.choice(GIVEN.split())} {chance.choice(FAMILY.split())}"
        host = chance.choice(FREE) if chance.random() < 0.6 else f"{chance.choice(GIVEN.split()).lower()}-{number % 70}.org"
        home = f"{chance.randrange(201, 223)}.{chance.randrange(256)}.{chance.randrange(256)}"
        everybody.append(Signer("honest", name, f"h{number}@{host}", home, chance.uniform(0, span), chance.uniform(30, 3600)))
    return sorted(everybody, key=lambda each: each.at)


class Flood:
    """One run: the application, the people, the clock, and what was seen."""

    def __init__(self, app: Flask, everybody: list[Signer], traveller: time_machine.Traveller, slug: str) -> None:
        self.app, self.config, self.clock, self.slug = app, _settings(app), traveller, slug
        self.by_address = {each.email: each for each in everybody}
        self.sort_of = {fingerprint(each.email, self.config.fingerprint_bytes): each.sort for each in everybody}
        self.numbers = itertools.count()
        self.events = [(each.at, next(self.numbers), "post", each, "") for each in everybody]
        heapq.heapify(self.events)
        self.peak: Counter[str] = Counter()
        self.highest = 0
        self.spike_mails = 0

    def run(self) -> None:
        """Let everybody come, and the worker do its rounds, until all is quiet."""
        next_mail = next_round = 0.0
        while self.events:
            at, _, what, who, token = heapq.heappop(self.events)
            while next_mail <= at:
                self._turn(next_mail)
                deliver_due(self.config, clock=_now)
                self._read_mail(next_mail)
                if next_round <= next_mail:
                    worker.run(self.config, once=True, clock=_now, stop=threading.Event())
                    self._read_mail(next_mail)
                    self._look()
                    next_round += 300
                next_mail += AT_ONCE
                if self.events and self.events[0][0] < at:  # the mail brought something that comes earlier
                    heapq.heappush(self.events, (at, next(self.numbers), what, who, token))
                    at, _, what, who, token = heapq.heappop(self.events)
            self._turn(at)
            self._post(who, at) if what == "post" else self._confirm(who, token, at)
        self._look()

    def _turn(self, seconds: float) -> None:
        self.clock.move_to(START + timedelta(seconds=seconds))

    def _client(self, who: Signer) -> FlaskClient:
        client = self.app.test_client(use_cookies=False)
        client.environ_base["REMOTE_ADDR"] = f"{who.network}.{len(who.name) + 20}"
        return client

    def _post(self, who: Signer, at: float) -> None:
        fields = {"name": who.name, "email": who.email, "consent": "yes", "email_checked": who.email}
        answer = self._client(who).post(f"/letters/{self.slug}/sign", data=fields)
        who.answers.append(answer.status_code)
        who.tries += 1
        if answer.status_code in (429, 503) and who.tries < TRIES:
            again = at + float(answer.headers.get("Retry-After", 60)) + 1
            heapq.heappush(self.events, (again, next(self.numbers), "post", who, ""))

    def _confirm(self, who: Signer, token: str, at: float) -> None:
        client = self._client(who)
        client.get(f"/signature/{token}")
        answer = client.post(f"/signature/{token}", data={"action": "confirm"})
        if answer.status_code in (429, 503):
            heapq.heappush(self.events, (at + 61, next(self.numbers), "confirm", who, token))

    def _read_mail(self, at: float) -> None:
        """Everybody finds their link; the moderators' mails are counted."""
        for path in sorted(self.config.mailbox.glob("*.eml")):
            message = message_from_bytes(path.read_bytes(), policy=default)
            assert isinstance(message, EmailMessage)
            path.unlink()
            who = self.by_address.get(str(message["To"].addresses[0].addr_spec))
            body = message.get_body(("plain",))
            link = re.search(r"/signature/([\w-]+)", body.get_content() if body else "")
            if who is None:
                self.spike_mails += 1
            elif link is not None:
                heapq.heappush(self.events, (at + who.opens_after, next(self.numbers), "confirm", who, link[1]))

    def _look(self) -> None:
        """Keep the worst moment: how many stood published, and who."""
        total = directory.counts(letters.find(self.slug)).total
        if total > self.highest:
            self.highest = total
            self.peak = Counter({sort: number for (sort, state), number in self.states().items() if state == "published"})
        db.session.rollback()

    def states(self) -> Counter[tuple[str, str]]:
        """How many of each sort are in each state."""
        db.session.rollback()
        rows = db.session.execute(select(Signature.address_fingerprint, Signature.state))
        return Counter((self.sort_of.get(key or "", "?"), state) for key, state in rows)


@dataclass
class Moderator:
    """Two members who clear the wave by what the pages show them, and how many decisions and buttons that took."""

    flood: Flood
    decisions: int = 0
    buttons: int = 0

    def clear(self) -> None:
        """Reject a domain that spiked, then group by group what the eye tells apart, and publish the rest."""
        self.one, self.two = people.browser(people.member()), people.browser(people.member("owner"))
        for domain in self._spiking():
            self._decide("reject", domain=domain)
        for flag in self._flags():
            seen = self._some(flag)
            if seen and set(seen) <= {"joke", "fake"}:
                self._decide("reject", flag=flag, state="held")
            elif seen and set(seen) == {"honest"}:
                self._decide("approve", flag=flag, state="held")
        for flag in sorted(screening.SHAPES):  # what nobody is held for alone, but a group of them gives itself away
            seen = self._some(flag, "published")
            if seen and set(seen) <= {"joke", "fake"}:
                self._decide("reject", flag=flag, state="published")
        rest = self._some("")
        if rest and set(rest) == {"honest"}:
            self._decide("approve", state="held")

    def _spiking(self) -> list[str]:
        db.session.rollback()
        return list(db.session.scalars(select(Spike.key).where(Spike.kind == "domain", Spike.key.not_in(FREE)).distinct()))

    def _held(self, state: str = "held") -> list[Signature]:
        db.session.rollback()
        return list(db.session.scalars(select(Signature).where(Signature.state == state).order_by(Signature.public_id)))

    def _flags(self) -> list[str]:
        """The reasons that the queue groups by, the largest group first."""
        return [code for code, _ in Counter(code for each in self._held() for code in each.flag_codes.split("|") if code).most_common()]

    def _some(self, flag: str, state: str = "held") -> list[str]:
        """What the moderator makes of the names that the page shows of a group."""
        shown = [each for each in self._held(state) if not flag or f"|{flag}|" in each.flag_codes][:EYE]
        return [self.flood.sort_of[each.address_fingerprint or ""] for each in shown]

    def _decide(self, decision: str, **criteria: str) -> None:
        page = f"/admin/letters/{self.flood.slug}/bulk/new"
        given = {"decision": decision, "reason": "One wave of invented names.", "reason_class": "fake"}
        if people.post(self.one, page, page, **criteria, **given).status_code != 303:
            return
        self.decisions += 1
        db.session.rollback()
        public_id = db.session.scalars(select(BulkDecision.public_id).order_by(BulkDecision.id.desc()).limit(1)).one()
        self.buttons += 1
        for who, step in ((self.one, "confirm"), (self.two, "second")):
            address = f"/admin/bulk/{public_id}"
            seen = re.search(r'name="seen" value="(\d+)"', who.get(address).text)
            if seen is not None and f"{address}/{step}" in who.get(address).text:
                people.post(who, f"{address}/{step}", address, seen=seen[1])
                self.buttons += 1
        db.session.rollback()
        worker.run(self.flood.config, once=True, clock=_now, stop=threading.Event())


def _now() -> datetime:
    return datetime.now(UTC)


def _settings(app: Flask) -> Config:
    config: Config = app.config["PETITION"]
    return config


def _report(flood: Flood, moderator: Moderator, before: Counter[tuple[str, str]], everybody: list[Signer], seconds: float) -> Iterator[str]:
    after = flood.states()
    came = Counter(each.sort for each in everybody)
    refused = Counter(each.sort for each in everybody if each.answers and each.answers[-1] != 303)
    later = sum(1 for each in everybody if each.sort == "honest" and len(each.answers) > 1 and each.answers[-1] == 303)
    for sort in ("honest", "fake", "joke"):
        wave = ", ".join(f"{before[sort, state]} {state}" for state in ("published", "held", "rejected"))
        cleared = ", ".join(f"{after[sort, state]} {state}" for state in ("published", "held", "rejected"))
        yield f"{sort:7} {came[sort]:5} came, {refused[sort]} refused at the door; after the wave: {wave}; cleared: {cleared}"
    yield f"honest people who had to send again: {later}"
    most = ", ".join(f"{flood.peak[sort]} {sort}" for sort in ("fake", "joke", "honest"))
    yield f"the count at its highest: {flood.highest}, of them {most}"
    yield f"mails to moderators about spikes: {flood.spike_mails}"
    yield f"clearing took {moderator.decisions} bulk decisions, {moderator.buttons} buttons, by two people"
    checks = [each for each in invariants.check(flood.config, _now()) if each.name != "outbox"]
    broken = [each.sentence for each in checks if not each.ok and not each.warning]
    yield "every count equals its rows" if not broken else "BROKEN: " + " ".join(broken)
    yield f"{seconds:.0f} seconds"


def main() -> None:
    """Run one wave and print what became of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.flood", description=__doc__)
    for name, number in (("fakes", 5_000), ("jokes", 500), ("honest", 200), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--hours", type=float, default=3.0, help="over how many hours they come")
    parser.add_argument("--disguised", action="store_true", help="with the joke and famous names typed in other ways")
    parser.add_argument("--postgresql", action="store_true", help="on a throw-away PostgreSQL instead of SQLite")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flood"))
    server = postgresql.start() if given.postgresql else None
    try:
        if server is not None:
            server.execute("CREATE DATABASE flood")
        app = create_app(settings(folder, server.url("flood") if server else "", limits="on"))
        app.test_client_class = Browser
        with app.app_context():
            _run(app, given)
            dispose()
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder)


def _run(app: Flask, given: argparse.Namespace) -> None:
    began = time.perf_counter()
    with time_machine.travel(START - timedelta(days=2), tick=False) as traveller:
        upgrade()
        found = factories.letter()
        people.member(), people.member("owner")
        everybody = cast(random.Random(given.seed), given.fakes, given.jokes, given.honest, given.hours, given.disguised)
        flood = Flood(app, everybody, traveller, found.slug)
        flood.run()
        before = flood.states()
        moderator = Moderator(flood)
        moderator.clear()
        for line in _report(flood, moderator, before, everybody, time.perf_counter() - began):
            print(line)


if __name__ == "__main__":
    main()
