"""At the form: a blocked mail domain is told so, a blocked address is told nothing, a blocked network waits, an allowed one does not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from petition import addresses, create_app
from petition.db import db, dispose, transaction
from petition.limits import counters
from petition.outbox.models import OutboxMail
from petition.signatures.models import SigningRequest
from tests.conftest import settings
from tests.domain.test_lists_allow_and_block import put
from tests.factories import ANA, SIGN, UNION, config, count, last_token, letter, mails

NOON = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("typed", [ANA, UNION | {"email": "rita@example.org"}, ANA | {"email": "Ana@EXAMPLE.org"}])
def test_a_blocked_mail_domain_is_refused_beside_its_field_with_everything_kept(client, typed):
    put("letter", "block", "domain", letter(), "example.org")
    answer = client.post(SIGN, data=typed | {"comment": "Typed with care"})
    assert answer.status_code == 422
    assert 'id="email-fault"' in answer.text
    words = "Signatures from this mail domain are not taken on this letter. Use another address, or write to letters@example.org."
    assert words in answer.text
    assert "Typed with care" in answer.text
    assert typed["email"] in answer.text
    assert db.session.query(SigningRequest).count() == db.session.query(OutboxMail).count() == 0
    assert client.post(SIGN, data=typed | {"email": "ana@mail.example.org"}).status_code == 303


def test_without_a_contact_nobody_is_named(client):
    found = letter()
    with transaction():
        found.contact = ""
    put("team", "block", "domain", found, "example.*")
    answer = client.post(SIGN, data=ANA)
    assert "Use another address." in answer.text
    assert "or write to" not in answer.text


def test_the_form_does_not_tell_that_an_address_is_on_a_list(client):
    found = letter()
    fingerprint = addresses.fingerprint("ana@example.org", config().fingerprint_bytes)
    put("letter", "block", "address", found, fingerprint)
    put("site", "block", "domain", found, "example.com")
    listed, other = client.post(SIGN, data=ANA), client.post(SIGN, data=ANA | {"email": "ben@example.org"})
    assert (listed.status_code, listed.location, listed.data) == (other.status_code, other.location, other.data)
    assert [each.recipient for each in mails()] == ["ana@example.org", "ben@example.org"]
    allowed = addresses.fingerprint("ana@example.com", config().fingerprint_bytes)
    put("letter", "allow", "address", found, allowed)
    assert client.post(SIGN, data=ANA | {"email": "ana@example.com"}).status_code == 422


@pytest.fixture
def limited(sqlite_template, tmp_path, monkeypatch):
    """A client of an application whose limits are on; the clock stands still."""
    import shutil

    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    app = create_app(settings(tmp_path, limits="on"))
    with app.app_context(), time_machine.travel(NOON, tick=False):
        yield app.test_client()
        app.extensions["limiter"].close()
        dispose()


def post(client, address, **fields):
    return client.post(SIGN, data=ANA | fields, environ_base={"REMOTE_ADDR": address})


def test_a_blocked_network_waits_and_nothing_typed_is_lost(limited):
    put("letter", "block", "network", letter(), "203.0.113.0/24")
    answer = post(limited, "203.0.113.77")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "Signatures from your network are looked at more closely" in answer.text
    assert "ana@example.org" in answer.text
    assert post(limited, "203.0.114.77").status_code == 303


def test_whoever_waits_in_a_blocked_network_is_let_in_and_held(limited):
    put("letter", "block", "network", letter(), "203.0.113.0/24")
    ticket = re.search(r'name="ticket" value="([^"]+)"', post(limited, "203.0.113.77").text)[1]
    with time_machine.travel(NOON + timedelta(seconds=61), tick=False):
        assert post(limited, "203.0.113.77", ticket=ticket).status_code == 303
        limited.post(f"/signature/{last_token()}", data={"action": "confirm"})
    assert count(limited)["held"] == 1


def test_an_allowed_network_is_not_counted_and_another_still_is(limited):
    put("letter", "allow", "network", letter(), "203.0.113.0/24")
    assert {post(limited, "203.0.113.77").status_code for _ in range(25)} == {303}
    assert [post(limited, "203.0.114.77").status_code for _ in range(21)] == [303] * 20 + [429]


def test_an_allowed_mail_domain_does_not_open_the_door_to_a_flood_from_one_network(limited):
    put("letter", "allow", "domain", letter(), "example.org")
    assert [post(limited, "203.0.113.77").status_code for _ in range(21)] == [303] * 20 + [429]


@pytest.mark.parametrize("expires_at", [NOON, NOON.replace(hour=1)])
def test_an_ended_entry_stands_in_nobodys_way(limited, expires_at):
    found = letter()
    put("letter", "block", "network", found, "203.0.113.0/24", expires_at=expires_at)
    put("letter", "block", "domain", found, "example.org", expires_at=expires_at)
    assert post(limited, "203.0.113.77").status_code == 303
