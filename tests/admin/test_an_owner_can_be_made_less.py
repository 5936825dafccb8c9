"""Whoever is made less than an owner of the installation owns nothing any more; the last owner stays."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from petition import accounts
from petition.accounts import LastOwner
from petition.audit import COMMAND_LINE


def put(email: str, role: str, team: str | None = None) -> accounts.Member:
    return accounts.add_member(email, role, actor=COMMAND_LINE, now=datetime.now(UTC), team_name=team)


def test_a_demoted_owner_sees_and_does_what_the_new_role_may(app: Flask) -> None:
    put("first@example.org", "owner")
    second = put("second@example.org", "owner")
    assert second.sees_all
    second = put("second@example.org", "viewer")
    team_id = second.memberships[0].team_id
    assert not second.sees_all
    assert second.role_in(team_id) == "viewer"
    assert not second.may("moderator", team_id)


def test_the_last_owner_is_not_made_less(app: Flask) -> None:
    put("first@example.org", "owner")
    with pytest.raises(LastOwner):
        put("first@example.org", "viewer")
    assert accounts.find_member("first@example.org").sees_all


def test_a_role_in_one_team_takes_nothing_elsewhere(app: Flask) -> None:
    put("first@example.org", "owner")
    assert put("first@example.org", "viewer", team="Another team").sees_all
