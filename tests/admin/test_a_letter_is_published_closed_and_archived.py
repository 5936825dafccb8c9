"""An editor gathers in confidence, publishes at once or at a set moment, closes with a day's grace, and archives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from petition.letters import operations as letters
from petition.letters import publishing
from tests import factories
from tests.admin import people
from tests.factories import ANA, count

PAGE = "/admin/letters/open-the-road"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def editor(client: FlaskClient) -> FlaskClient:
    """An editor's browser; the letter is a draft."""
    factories.letter(status="draft")
    return people.browser(people.member("editor"))


def test_gathering_is_begun_and_ended_with_a_button(editor: FlaskClient) -> None:
    assert people.post(editor, f"{PAGE}/gathering", PAGE, action="start").status_code == 303
    page = editor.get(PAGE).text
    assert "gathering in confidence" in page
    assert 'id="preview"' in page, "the link to pass on was made along with it"
    assert people.post(editor, f"{PAGE}/gathering", PAGE, action="stop").status_code == 303
    assert "gathering in confidence" not in editor.get(PAGE).text
    assert [each.actor_name for each in people.recorded("letter.gathering")] == ["editor@team.example.org"]
    assert len(people.recorded("letter.gathering_stopped")) == 1
    people.post(editor, f"{PAGE}/status", PAGE, status="open")
    assert people.post(editor, f"{PAGE}/gathering", PAGE, action="start").status_code == 409


def test_a_draft_opens_by_itself_at_its_moment_and_not_before(client: FlaskClient, editor: FlaskClient) -> None:
    moment = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    assert people.post(editor, f"{PAGE}/schedule", PAGE, at=moment.strftime("%Y-%m-%dT%H:%M")).status_code == 303
    assert letters.find("open-the-road").publishes_at == moment
    assert publishing.publish_due(moment - timedelta(seconds=1)) == 0
    assert client.get("/letters/open-the-road").status_code == 404
    assert publishing.publish_due(moment) == 1
    assert publishing.publish_due(moment) == 0
    assert client.get("/letters/open-the-road").status_code == 200
    assert people.recorded("letter.status")[-1].actor_kind == "platform"


def test_a_moment_can_be_taken_back(client: FlaskClient, editor: FlaskClient) -> None:
    moment = datetime.now(UTC) + timedelta(days=2)
    people.post(editor, f"{PAGE}/schedule", PAGE, at=moment.strftime("%Y-%m-%dT%H:%M"))
    assert people.post(editor, f"{PAGE}/schedule", PAGE, action="cancel").status_code == 303
    assert publishing.publish_due(moment + timedelta(days=1)) == 0


@pytest.mark.parametrize(("typed", "words"), [("2020-01-01T09:00", "passed already"), ("soon", "Use a day and a time"), ("", "Use a day"),
    ("0001-01-01T00:00+14:00", "Use a day"),
])
def test_a_moment_that_cannot_be_is_refused_beside_its_field(editor: FlaskClient, typed: str, words: str) -> None:
    answer = people.post(editor, f"{PAGE}/schedule", PAGE, at=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-describedby="at-fault"' in answer.text
    assert 'aria-describedby="to-fault"' not in answer.text
    assert letters.find("open-the-road").publishes_at is None


def test_who_asked_before_the_team_closed_may_confirm_for_a_day(client: FlaskClient, editor: FlaskClient) -> None:
    with time_machine.travel(NOON, tick=False):
        editor = people.browser(people.member("editor", "another@team.example.org"))
        people.post(editor, f"{PAGE}/status", PAGE, status="open")
        first = factories.ask(client, **ANA)
        second = factories.ask(client, **ANA | {"name": "Bo Sample", "email": "bo@example.org"})
        people.post(editor, f"{PAGE}/status", PAGE, status="closed")
        assert client.post(factories.SIGN, data=ANA).status_code == 409
    with time_machine.travel(NOON + timedelta(hours=24) - timedelta(seconds=1), tick=False):
        assert client.post(f"/signature/{first}", data={"action": "confirm"}).status_code == 303
    with time_machine.travel(NOON + timedelta(hours=24), tick=False):
        assert client.post(f"/signature/{second}", data={"action": "confirm"}).status_code == 409
    assert count(client)["people"] == 1


def test_a_closed_letter_goes_into_the_archive_and_keeps_its_page(client: FlaskClient, editor: FlaskClient) -> None:
    people.post(editor, f"{PAGE}/status", PAGE, status="open")
    assert people.post(editor, f"{PAGE}/archive", PAGE, action="away").status_code == 409
    people.post(editor, f"{PAGE}/status", PAGE, status="closed")
    assert people.post(editor, f"{PAGE}/archive", PAGE, action="away").status_code == 303
    assert "Archive</h2>" in client.get("/").text
    assert "archived" in editor.get("/admin/letters").text
    assert client.get("/letters/open-the-road").status_code == 200
    assert people.post(editor, f"{PAGE}/archive", PAGE, action="back").status_code == 303
    assert "Archive</h2>" not in client.get("/").text


def test_the_team_has_those_who_signed_earlier_asked_with_one_button(client: FlaskClient, editor: FlaskClient) -> None:
    people.post(editor, f"{PAGE}/status", PAGE, status="open")
    factories.sign(client, **ANA, updates="1")
    assert "earlier version" not in editor.get(PAGE).text
    factories.load(factories.ORIGINAL.format(slug="open-the-road", body="Other words.", more=""))
    assert "One of those who signed left an address." in editor.get(PAGE).text
    assert people.post(editor, f"{PAGE}/ask-again", PAGE).status_code == 303
    assert "were asked on" in editor.get(PAGE).text
    assert people.post(editor, f"{PAGE}/ask-again", PAGE).status_code == 409
    assert len(people.recorded("letter.asked_again")) == 1
