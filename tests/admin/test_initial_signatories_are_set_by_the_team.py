"""Who stands first on a letter: checked by the team, in the order it set, and nobody else."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.db import transaction
from petition.letters import operations as letters
from petition.moderation import initial as rules
from tests import factories
from tests.admin import people
from tests.admin.conftest import Browser

PAGE = "/admin/letters/open-the-road/initial"


@pytest.fixture
def client(sqlite_app: Flask) -> FlaskClient:
    """No database decides this."""
    sqlite_app.test_client_class = Browser
    return sqlite_app.test_client()


@pytest.fixture
def team(client: FlaskClient) -> FlaskClient:
    """An editor who looks at a letter that three checked organisations and two people signed."""
    factories.letter()
    editor = people.browser(people.member("editor"))
    for name in ("Alpha", "Beta", "Gamma"):
        fields = {"organisation": f"Sample {name}", "email": f"{name.lower()}@example.org", "website": ""}
        factories.sign(client, **factories.UNION | fields)
        people.decision(editor, people.signature().public_id, "approve")
    factories.sign(client, **factories.ANA)
    return editor


def arrange(team: FlaskClient, name: str, change: str):  # type: ignore[no-untyped-def]
    return people.post(team, PAGE, change=change, entry=people.signature(name).public_id)


def shown(client: FlaskClient) -> list[str]:
    page = client.get("/letters/open-the-road").text
    first = re.search(r"Initial signatories</h3>(.*?)</ul>", page, re.DOTALL)
    return re.findall(r'class="name">([^<]+)<', first[1]) if first else []


def test_the_list_is_in_the_teams_order(client: FlaskClient, team: FlaskClient) -> None:
    for name in ("Sample Beta", "Sample Alpha", "Sample Gamma"):
        assert arrange(team, name, "add").status_code == 303
    assert shown(client) == ["Sample Beta", "Sample Alpha", "Sample Gamma"]
    arrange(team, "Sample Gamma", "up")
    assert shown(client) == ["Sample Beta", "Sample Gamma", "Sample Alpha"]
    arrange(team, "Sample Beta", "down")
    assert shown(client) == ["Sample Gamma", "Sample Beta", "Sample Alpha"]
    arrange(team, "Sample Gamma", "up")
    arrange(team, "Sample Alpha", "down")
    arrange(team, "Sample Alpha", "add")
    assert shown(client) == ["Sample Gamma", "Sample Beta", "Sample Alpha"]
    arrange(team, "Sample Beta", "remove")
    assert shown(client) == ["Sample Gamma", "Sample Alpha"]
    assert arrange(team, "Sample Beta", "remove").status_code == 409


def test_they_stand_first_and_not_again_among_the_latest(client: FlaskClient, team: FlaskClient) -> None:
    arrange(team, "Sample Beta", "add")
    page = client.get("/letters/open-the-road").text
    assert page.count("Sample Beta") == 1
    assert page.index("Initial signatories") < page.index("Sample Beta") < page.index("Latest organisations")
    assert "Sample Beta" in client.get("/letters/open-the-road/signatories").text


def test_only_the_checked_can_be_added(client: FlaskClient, team: FlaskClient) -> None:
    assert arrange(team, "Ana Sample", "add").status_code == 409
    unchecked = {"organisation": "Sample Delta", "email": "delta@example.org", "website": ""}
    factories.sign(client, **factories.UNION | unchecked)
    assert arrange(team, "Sample Delta", "add").status_code == 409
    people.decision(team, people.signature("Sample Delta").public_id, "approve", unchecked="1")
    assert arrange(team, "Sample Delta", "add").status_code == 409
    page = team.get(PAGE).text
    assert "Sample Alpha" in page
    assert "Sample Delta" not in page
    assert "Ana Sample" not in page
    assert shown(client) == []


def test_a_person_whom_the_team_looked_at_can_stand_first(client: FlaskClient, team: FlaskClient) -> None:
    found = people.signature("Ana Sample").public_id
    people.decision(team, found, "hold")
    people.decision(team, found, "approve")
    assert arrange(team, "Ana Sample", "add").status_code == 303
    assert shown(client) == ["Ana Sample"]


def test_a_person_who_stands_first_cannot_become_somebody_else(client: FlaskClient, team: FlaskClient) -> None:
    found = people.signature("Ana Sample").public_id
    people.decision(team, found, "hold")
    people.decision(team, found, "approve")
    arrange(team, "Ana Sample", "add")
    client.post(f"/signature/{factories.last_token()}", data={"action": "change", "name": "A Head of State"})
    changed = people.signature("A Head of State")
    assert (changed.state, changed.pinned) == ("held", None)
    assert "Head of State" not in client.get("/letters/open-the-road").text


def test_whoever_leaves_the_list_or_hides_is_first_no_more(client: FlaskClient, team: FlaskClient) -> None:
    for name in ("Sample Alpha", "Sample Beta"):
        arrange(team, name, "add")
    people.decision(team, people.signature("Sample Alpha").public_id, "hold")
    assert people.signature("Sample Alpha").pinned is None
    people.decision(team, people.signature("Sample Alpha").public_id, "approve")
    assert shown(client) == ["Sample Beta"]
    arrange(team, "Sample Alpha", "add")
    assert shown(client) == ["Sample Beta", "Sample Alpha"]


def test_the_search_finds_by_name(team: FlaskClient) -> None:
    page = team.get(f"{PAGE}?q=GAM").text
    assert "Sample Gamma" in page
    assert "Sample Alpha" not in page
    assert "No checked and published entry was found" in team.get(f"{PAGE}?q=%25").text


def test_a_list_is_full_at_its_limit(client: FlaskClient, team: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 1)
    arrange(team, "Sample Alpha", "add")
    assert arrange(team, "Sample Beta", "add").status_code == 409
    assert shown(client) == ["Sample Alpha"]


def test_an_entry_of_another_letter_is_not_added(client: FlaskClient, team: FlaskClient) -> None:
    factories.letter("another-road")
    answer = people.post(
        team, "/admin/letters/another-road/initial", PAGE, change="add", entry=people.signature("Sample Alpha").public_id
    )
    assert answer.status_code == 409
    assert people.signature("Sample Alpha").pinned is None


def test_a_protected_letter_shows_none(client: FlaskClient, team: FlaskClient) -> None:
    arrange(team, "Sample Alpha", "add")
    with transaction():
        letters.find("open-the-road").risk = "protected"
    assert shown(client) == []
    assert "Sample Alpha" not in client.get("/letters/open-the-road").text
