"""A mail that failed for good is shown to the team of its letter, by stage and without its address."""

import re

from flask.testing import FlaskClient
from sqlalchemy import update

from petition.db import transaction
from petition.outbox import bounces, tally
from petition.outbox.bounces import Report
from petition.outbox.models import OutboxMail
from tests.admin import people
from tests.factories import ANA, SIGN, ask, letter, mails, now


def test_a_failed_decision_is_shown_with_its_letter(client: FlaskClient) -> None:
    found = people.held_union(client)
    people.decision(people.browser(people.member()), found, "approve")
    with transaction() as session:
        failed = {"state": "failed", "attempts": 3, "last_error": "recipient 551", "recipient": None}
        session.execute(update(OutboxMail).where(OutboxMail.message == "decision").values(**failed))
    page = people.browser(people.member()).get("/admin/mail").text
    assert "recipient 551" in page
    assert "Open the road" in page


def test_a_failed_mail_is_shown_to_its_team_and_to_no_other(client: FlaskClient) -> None:
    letter()
    client.post(SIGN, data=ANA)
    with transaction() as session:
        failed = {"state": "failed", "attempts": 3, "last_error": "recipient 550", "recipient": None}
        session.execute(update(OutboxMail).values(**failed))
    page = people.browser(people.member()).get("/admin/mail").text
    assert "recipient 550" in page
    assert "the link that confirms a signature" in page
    assert "Open the road" in page
    assert "ana@example.org" not in page
    stranger = people.browser(people.member("owner", "stranger@elsewhere.example.org", team="Another team"))
    assert "recipient 550" not in stranger.get("/admin/mail").text


def test_what_came_back_is_shown_by_domain(sqlite_client: FlaskClient) -> None:
    letter()
    ask(sqlite_client, **ANA)
    with transaction() as session:
        for _ in range(tally.FEWEST):  # a domain with fewer is not named
            tally.count(session, "verify:1", "union.example.com", "sent", now())
    bounces.record(Report(mails()[0].message_id, "bounce", "5.2.2", "union.example.com"), now=now())
    page = people.browser(people.member()).get("/admin/mail").text
    assert re.search(r"<bdi[^>]*>union.example.com</bdi></th>\s*<td>10</td>\s*<td>1</td>", page), page
    assert "returned 5.2.2" in page and "sent back" in page
    assert "ana@example.org" not in page
