"""Too many posts from one network are refused with what was typed kept; headers that anybody can write evade nothing."""

from datetime import UTC, datetime

import pytest
import time_machine

from petition import create_app
from petition.db import dispose
from petition.limits import counters
from tests.conftest import settings
from tests.factories import ANA, SIGN, letter

NOON = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def limited(database_url, tmp_path, monkeypatch, request):
    """A client of an application whose limits are on, behind as many proxies as the test says.

    The clock stands still: at a minute's border the sliding window rightly lets one more through.
    """
    monkeypatch.setattr(counters, "SHARED_MEMORY", tmp_path)
    app = create_app(settings(tmp_path, database_url, limits="on", trusted_proxies=str(getattr(request, "param", 0))))
    with app.app_context(), time_machine.travel(NOON, tick=False):
        letter()
        yield app.test_client()
        app.extensions["limiter"].close()
        dispose()


def posts(client, number, **headers):
    return [client.post(SIGN, data=ANA, headers={name: value.format(i) for name, value in headers.items()}) for i in range(number)]


def test_the_twenty_first_post_in_a_minute_waits_and_nothing_typed_is_lost(limited):
    answers = posts(limited, 21)
    assert [each.status_code for each in answers] == [303] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "Ana Sample" in answers[-1].text
    assert "ana@example.org" in answers[-1].text


def test_a_rotating_forwarded_address_evades_nothing(limited):
    assert posts(limited, 21, **{"X-Forwarded-For": "198.51.{}.7"})[-1].status_code == 429


@pytest.mark.parametrize("limited", [1], indirect=True)
def test_behind_one_proxy_only_its_own_hop_counts(limited):
    forged = posts(limited, 21, **{"X-Forwarded-For": "198.51.{}.7, 203.0.113.9"})
    assert forged[-1].status_code == 429
    other = limited.post(SIGN, data=ANA, headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.1"})
    assert other.status_code == 303


def test_guessing_the_links_of_drafts_is_throttled(limited):
    statuses = [limited.get(f"/preview/{'x' * 20}{number:012}").status_code for number in range(31)]
    assert statuses == [404] * 30 + [429]


def test_guessing_links_is_throttled_and_a_good_link_still_opens(limited):
    from tests.factories import last_token

    limited.post(SIGN, data=ANA)
    token = last_token()
    statuses = [limited.get(f"/signature/{'x' * 20}{number:012}").status_code for number in range(32)]
    assert statuses[:30] == [404] * 30
    assert statuses[30:] == [429] * 2
    assert limited.get(f"/signature/{token}").status_code == 200
