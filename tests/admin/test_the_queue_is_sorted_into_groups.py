"""The queue can be narrowed to a reason or a cluster, says how many each holds, and tells viewers of no mailbox or network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from petition import accounts, moderation
from petition.accounts import Member
from petition.db import db, transaction
from petition.errors import Forbidden
from petition.moderation import Filter
from petition.moderation.held import BadFilter
from petition.signatures.models import Signature
from petition.signatures.screening.reasons import codes_of
from tests import factories
from tests.admin import people

HOUR = datetime(2026, 11, 24, 9, tzinfo=UTC)


def hold(client: FlaskClient, number: int, markup: str = "", **columns: Any) -> None:
    """Somebody who waits, with what screening and the door wrote down; how quickly a test confirms is no part of it."""
    factories.sign(client, name=f"{markup}Sample {number} www.example.com", email=f"s{number}@example.org", consent="yes")
    with transaction() as session:
        found = session.scalars(select(Signature).order_by(Signature.id.desc()).limit(1)).one()
        for name, value in {"mail_domain": "flood.example", "network": "ab" * 8, "hour": HOUR, "name_shape": "Xx 9"}.items():
            setattr(found, name, columns.get(name, value))
        found.flags = [flag for flag in found.flags if flag["code"] in ("link", "markup")]


def wait(client: FlaskClient) -> Member:
    """Two wait who share everything, and one who shares the reason only; the moderator who looks."""
    factories.letter()
    hold(client, 1)
    hold(client, 2)
    hold(client, 3, mail_domain="other.example", network="cd" * 8, hour=datetime(2026, 11, 24, 10, tzinfo=UTC), name_shape="X")
    return people.member()


@pytest.fixture
def three(client: FlaskClient) -> Member:
    """The three, on both databases."""
    return wait(client)


@pytest.fixture
def three_once(sqlite_client: FlaskClient) -> Member:
    """The three, where no database decides."""
    return wait(sqlite_client)


def counted(member: Member, **only: str) -> dict[str, list[tuple[str, int]]]:
    db.session.rollback()
    found = moderation.groups(member, None, Filter(**only))
    return {by: [(each.value, each.count) for each in some] for by, some in found.items()}


def test_each_reason_and_cluster_of_two_or_more_has_its_count(three: Member) -> None:
    assert counted(three) == {
        "flag": [("link", 3)], "domain": [("flood.example", 2)], "network": [("ab" * 8, 2)], "hour": [("2026-11-24T09:00Z", 2)],
        "shape": [("Xx 9", 2)],
    }  # fmt: skip


def test_groups_within_a_group_are_counted_there(three_once: Member) -> None:
    assert counted(three_once, network="cd" * 8) == {}
    assert counted(three_once, domain="flood.example")["flag"] == [("link", 2)]


def test_an_entry_with_two_flags_is_in_both_groups(sqlite_client: FlaskClient, three_once: Member) -> None:
    hold(sqlite_client, 4, "<b>")
    hold(sqlite_client, 5, "<b>")
    assert counted(three_once)["flag"] == [("link", 5), ("markup", 2)]


def test_the_queue_shows_exactly_a_group(three: Member) -> None:
    browser = people.browser(three)
    for query, shown in (
        ("flag=link", 3), ("flag=lin", 0), ("flag=markup", 0), ("domain=flood.example", 2), ("network=" + "cd" * 8, 1),
        ("hour=2026-11-24T09:00Z", 2), ("shape=X", 1), ("domain=flood.example&shape=X", 0), ("domain=%25", 0),
    ):  # fmt: skip
        assert browser.get(f"/admin/?{query}").text.count('<li class="item"') == shown, query
    assert browser.get("/admin/letters/open-the-road/queue?shape=X").text.count('<li class="item"') == 1


def test_every_link_to_a_group_leads_to_as_many_as_it_says(three_once: Member) -> None:
    found = moderation.groups(three_once)
    page = people.browser(three_once).get("/admin/letters/open-the-road/queue").text
    for by, some in found.items():
        for each in some:
            assert len(moderation.queue(three_once, only=Filter(**{by: each.value}))) == each.count
    links = [part.partition('"')[0] for part in page.split('href="')[1:]]
    asked = [parse_qs(urlsplit(each.replace("&amp;", "&")).query) for each in links if "/queue?" in each]
    assert {next(iter(each)) for each in asked} == {"flag", "domain", "network", "hour", "shape"}


def test_a_filter_that_no_page_links_to_is_refused(sqlite_client: FlaskClient) -> None:
    browser = people.browser(people.member())
    for name, value in (
        ("hour", "yesterday"), ("hour", "0001-01-01T00:00+23:00"), ("flag", "a%b"), ("flag", "a" * 41), ("domain", "a\x00b"),
        ("shape", "X" * 61), ("network", "a" * 65),
    ):  # fmt: skip
        with pytest.raises(BadFilter):
            Filter.parse({name: value})
        assert browser.get("/admin/", query_string={name: value}).status_code == 400


def test_a_viewer_learns_nothing_of_mailboxes_and_networks(three_once: Member) -> None:
    viewer = people.member("viewer")
    assert set(counted(viewer)) == {"flag", "hour", "shape"}
    browser = people.browser(viewer)
    for text in (browser.get("/admin/").text, browser.get("/admin/letters/open-the-road/queue").text):
        assert "flood.example" not in text
        assert "abababab" not in text
    for query in ("domain=flood.example", "domain=nobody.example", "network=" + "ab" * 8):
        assert browser.get(f"/admin/?{query}").status_code == 403
    with pytest.raises(Forbidden):
        moderation.groups(viewer, None, Filter(domain="flood.example"))


def test_a_moderator_of_one_team_learns_nothing_of_anothers(three_once: Member) -> None:
    accounts.add_member(
        "both@team.example.org", "viewer", actor=three_once.actor, now=factories.now(), team_name=accounts.DEFAULT_TEAM
    )  # fmt: skip
    both = people.member("moderator", "both@team.example.org", team="Another team")
    assert "domain" not in counted(both)
    with pytest.raises(Forbidden):
        moderation.queue(both, only=Filter(domain="flood.example"))


def test_pages_follow_each_other_without_gap_or_repetition(three: Member) -> None:
    first = moderation.queue(three, limit=2)
    second = moderation.queue(three, after=first[-1].id, limit=2)
    assert len({row.id for row in first + second}) == 3
    assert moderation.queue(three, after=second[-1].id) == []


def test_the_link_to_decide_on_a_group_is_there_when_bulk_decisions_are(three_once: Member) -> None:
    browser = people.browser(three_once)
    views = browser.application.view_functions
    assert ("Decide on all of these" in browser.get("/admin/").text) == ("admin.new_bulk" in views)


def test_flag_codes_name_each_flag_once_and_fit_their_column() -> None:
    assert codes_of([]) == ""
    assert codes_of([{"code": "link"}, {"code": "markup"}, {"code": "link"}]) == "|link|markup|"
    long = codes_of([{"code": f"code_{number:03}"} for number in range(100)])
    assert len(long) <= 400
    assert long.startswith("|code_000|")
    assert long.endswith("|")


def test_a_second_claim_is_grouped_like_any_other_reason(sqlite_client: FlaskClient) -> None:
    people.held_union(sqlite_client)
    factories.sign(sqlite_client, **(factories.UNION | {"email": "second@bakers.example.org"}))
    assert people.signature().flag_codes.startswith("|organisation|second_claim|")
