"""Once the team's goal is reached readers see the next round number, so that the bar never stands full."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from petition.db import transaction
from petition.letters import goals
from tests import factories


@pytest.mark.parametrize(
    ("goal", "total", "shown"),
    [
        (None, 5, None), (0, 5, None), (100, 0, 100), (100, 99, 100), (100, 100, 200), (100, 250, 500), (100, 500, 1_000),
        (100, 999, 1_000), (1_000, 1_000, 2_000), (3, 7, 10), (1, 1, 2), (500_000, 499_999, 500_000), (500_000, 500_000, 1_000_000),
    ],
)  # fmt: skip
def test_the_goal_shown_is_the_teams_and_then_the_next_round_number(goal: int | None, total: int, shown: int | None) -> None:
    assert goals.shown(goal, total) == shown


def test_the_page_shows_the_next_goal_and_the_letter_keeps_its_own(client: FlaskClient) -> None:
    letter = factories.letter()
    with transaction():
        letter.goal = 2
    factories.sign(client, **factories.ANA)
    assert "1 of 2" in client.get("/letters/open-the-road").text
    factories.sign(client, **factories.ARAM)
    page = client.get("/letters/open-the-road").text
    assert "2 of 5" in page
    assert '<progress max="100" value="40"' in page
    assert client.get("/api/v1/letters/open-the-road").json["goal"] == 2
