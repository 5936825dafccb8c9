"""An organisation's entry says how it was checked; a DNS record at its website's domain raises that, by one button."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dns.rcode
import pytest
import time_machine
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from petition import audit, config, create_app
from petition.db import db, dispose
from petition.errors import BadSetting
from petition.limits import counters
from petition.signatures import domains
from petition.signatures.models import Signature
from tests.conftest import _Checking, settings
from tests.dns_server import DnsServer
from tests.factories import UNION, letter, sign
from tests.public.test_limits_at_the_door import NOON

ELSEWHERE = UNION | {"email": "rita@mail.example.net"}


@pytest.fixture
def client(sqlite_app: Flask) -> FlaskClient:
    """No database decides this."""
    sqlite_app.test_client_class = _Checking
    return sqlite_app.test_client()


def only() -> Signature:
    db.session.rollback()
    return db.session.scalars(select(Signature)).one()


def ask(server: DnsServer) -> None:
    current_app.config["PETITION"] = replace(current_app.config["PETITION"], resolver=server.address)


def record() -> domains.Record:
    found = domains.record(only(), current_app.config["PETITION"])
    assert found is not None
    return found


def check(client: FlaskClient, token: str) -> str:
    answer = client.post(f"/signature/{token}", data={"action": "check-dns"})
    assert answer.status_code == 303, answer.text
    assert client.get(answer.headers["Location"]).status_code == 200
    return answer.headers["Location"].partition("done=")[2]


def test_an_address_at_the_websites_domain_is_seen_when_it_is_confirmed(client: FlaskClient) -> None:
    letter()
    token = sign(client, **UNION)
    assert (only().level, only().level_at is not None) == ("domain", True)
    assert "address at its own domain, " in client.get(f"/signature/{token}").text


def test_an_address_elsewhere_shows_the_mailbox_only(client: FlaskClient) -> None:
    letter()
    token = sign(client, **ELSEWHERE)
    assert (only().level, only().level_at) == ("unverified", None)
    assert "mailbox confirmed only" in client.get(f"/signature/{token}").text


def test_a_changed_website_is_judged_again(client: FlaskClient) -> None:
    letter()
    token = sign(client, **UNION)
    client.post(f"/signature/{token}", data={"action": "change", "website": "https://example.net"})
    assert only().level == "unverified"
    client.post(f"/signature/{token}", data={"action": "change", "website": UNION["website"]})
    assert only().level == "domain"


def test_the_record_that_the_page_names_is_found_at_the_registered_domain(client: FlaskClient) -> None:
    letter()
    token = sign(client, **ELSEWHERE)
    page = client.get(f"/signature/{token}").text
    wanted = record()
    assert wanted.name == "example.org"
    assert wanted.name in page
    assert wanted.value in page
    with DnsServer({"example.org": ["v=spf1 -all", wanted.value]}) as server:
        ask(server)
        assert check(client, token) == "dns-found"
    assert server.asked == ["example.org"]
    assert only().level == "dns"
    page = client.get(f"/signature/{token}").text
    assert "domain shown by a DNS record, " in page
    assert "Check now" not in page


def test_each_entry_has_a_value_of_its_own_that_stays(client: FlaskClient) -> None:
    found_under = letter()
    sign(client, **ELSEWHERE)
    first = record()
    assert first == record()
    assert len(first.value) == len("open-letter-verification=") + 32
    other = Signature(kind="organisation", state="held", website="https://example.org", level="unverified", public_id="another")
    set_committed_value(other, "letter", found_under)
    found = domains.record(other, current_app.config["PETITION"])
    assert found is not None
    assert found.value != first.value


@pytest.mark.parametrize("zone", [{}, {"example.org": []}, {"example.org": ["open-letter-verification=" + "0" * 32]}])
def test_a_record_that_is_not_there_yet_changes_nothing(client: FlaskClient, zone: dict[str, list[str]]) -> None:
    letter()
    token = sign(client, **ELSEWHERE)
    with DnsServer(zone) as server:
        ask(server)
        assert check(client, token) == "dns-missing"
    assert only().level == "unverified"


def test_name_servers_that_fail_are_not_mistaken_for_a_missing_record(client: FlaskClient) -> None:
    letter()
    token = sign(client, **ELSEWHERE)
    with DnsServer(rcode=dns.rcode.SERVFAIL) as server:
        ask(server)
        assert check(client, token) == "dns-silent"
    assert only().level == "unverified"


def test_a_name_server_that_never_answers_is_given_up() -> None:
    with DnsServer(silent=True) as server:
        assert domains.look_up(domains.Record("example.org", "x"), server.address, lifetime=0.3) is None
    assert server.asked


@pytest.mark.parametrize("value", ["127.0.0.1:53", "[::1]:5353"])
def test_a_resolver_is_an_address_and_a_port(value: str) -> None:
    assert config.load({}, mode="development", secret_key="x" * 32, fingerprint_key="y" * 32, resolver=value).resolver == value


@pytest.mark.parametrize("value", ["127.0.0.1", "ns.example.org:53", "127.0.0.1:0", "127.0.0.1:99999", "a@127.0.0.1:53", "127.0.0.1:53/x"])
def test_any_other_resolver_stops_the_start(value: str) -> None:
    with pytest.raises(BadSetting, match="PETITION_RESOLVER"):
        config.load({}, mode="development", secret_key="x" * 32, fingerprint_key="y" * 32, resolver=value)


def test_a_person_or_an_entry_without_a_website_has_no_record(client: FlaskClient) -> None:
    letter()
    token = sign(client, **ELSEWHERE | {"website": ""})
    assert domains.record(only(), current_app.config["PETITION"]) is None
    assert "Check now" not in client.get(f"/signature/{token}").text
    assert client.post(f"/signature/{token}", data={"action": "check-dns"}).status_code == 404


def test_the_website_may_change_while_the_name_servers_are_asked(client: FlaskClient) -> None:
    letter()
    token = sign(client, **ELSEWHERE)
    wanted = record()

    class Slow(DnsServer):
        def _answer(self, question):  # type: ignore[no-untyped-def]
            other = current_app_.test_client()
            with current_app_.app_context():
                other.post(f"/signature/{token}", data={"action": "change", "website": "https://example.com"})
            return super()._answer(question)

    current_app_ = current_app._get_current_object()  # type: ignore[attr-defined]
    with Slow({"example.org": [wanted.value]}) as server:
        ask(server)
        assert client.post(f"/signature/{token}", data={"action": "check-dns"}).status_code == 404
    assert only().level == "unverified"


@pytest.fixture
def limited(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """With limits, and a clock that stands still."""
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    app = create_app(settings(tmp_path, limits="on"))
    with app.app_context(), time_machine.travel(NOON, tick=False):
        letter()
        yield app.test_client()
        app.extensions["limiter"].close()
        dispose()


def test_one_entry_is_looked_up_ten_times_in_five_minutes_from_wherever(limited: FlaskClient) -> None:
    token = sign(limited, **ELSEWHERE)
    with DnsServer() as server:
        ask(server)
        for number in range(11):
            answer = limited.post(
                f"/signature/{token}", data={"action": "check-dns"}, environ_base={"REMOTE_ADDR": f"198.51.{number}.7"}
            )
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert len(server.asked) == 10


def test_the_level_is_on_record(client: FlaskClient) -> None:
    letter()
    token = sign(client, **ELSEWHERE)
    with DnsServer({"example.org": [record().value]}) as server:
        ask(server)
        check(client, token)
    entries = audit.of("signature", only().public_id)
    assert (entries[-1].action, entries[-1].details["before"], entries[-1].details["after"]) == ("signature.level", "unverified", "dns")
