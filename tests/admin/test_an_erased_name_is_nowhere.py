"""Whoever is counted without a name is named nowhere once published: no reason, note or answer keeps it."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from petition.db import db, transaction
from petition.moderation.models import Note
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people

NAME = "Ana Protected"


def test_publishing_erases_the_name_from_reasons_and_notes(client: FlaskClient) -> None:
    letter = factories.letter()
    with transaction():
        letter.protected_names = [NAME]
    factories.sign(client, **factories.ANA | {"name": NAME, "visibility": "counted"})
    found = people.signature().public_id
    team = people.browser(people.member("editor"))
    page = f"/admin/signatures/{found}"
    people.post(team, f"{page}/notes", page, note=f"This is {NAME}.")
    assert NAME in team.get(page).text
    people.decision(team, found, "approve")
    assert people.signature().state == "published"
    assert NAME not in str(people.signature().flags)
    assert db.session.scalars(select(Note)).all() == []
    for role in ("viewer", "owner"):
        assert NAME not in people.browser(people.member(role)).get(page).text


def test_what_a_reason_points_at_is_hidden_with_the_name(client: FlaskClient) -> None:
    letter = factories.letter()
    with transaction():
        letter.protected_names = [NAME]
    factories.sign(client, **factories.ANA | {"name": NAME, "visibility": "initials"})
    found = people.signature().public_id
    people.decision(people.browser(people.member()), found, "approve")
    assert NAME not in people.browser(people.member("viewer")).get(f"/admin/signatures/{found}").text
    assert NAME in people.browser(people.member("owner")).get(f"/admin/signatures/{found}").text


def test_another_organisation_is_pointed_at_without_its_name(client: FlaskClient) -> None:
    first = factories.UNION | {"organisation": "Sample Guild", "website": "https://sample-guild.example", "email": "a@sample-guild.example"}
    factories.letter()
    token = factories.sign(client, **first)
    factories.sign(client, **first | {"organisation": "Sample Order", "website": "", "email": "b@sample-guild.example"})
    pointing = people.signature("Sample Order")
    other = db.session.scalars(select(Signature.public_id).where(Signature.organisation == "Sample Guild")).one()
    assert [flag["detail"] for flag in pointing.flags if flag["code"] == "same_organisation"] == [other]
    shown = people.browser(people.member()).get(f"/admin/signatures/{pointing.public_id}").text
    assert f'href="/admin/signatures/{other}"' in shown
    client.post(f"/signature/{token}", data={"action": "withdraw"})
    assert "Sample Guild" not in str(people.signature("Sample Order").flags)
