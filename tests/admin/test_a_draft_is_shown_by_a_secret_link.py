"""Partners read a draft by a secret link, in every language; nobody else learns that there is a letter."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from petition.db import transaction
from petition.letters import operations as letters
from tests import factories
from tests.admin import people

PAGE = "/admin/letters/open-the-road"


@pytest.fixture
def editor(client: FlaskClient) -> FlaskClient:
    """An editor's browser; the letter is a draft, in two languages."""
    factories.letter()
    factories.load(factories.ARMENIAN)
    with transaction():
        letters.find("open-the-road").status = "draft"
    return people.browser(people.member("editor"))


def share(editor: FlaskClient, action: str = "share") -> str:
    """Press the button, and return the path of the link that is shown then, if any."""
    assert people.post(editor, f"{PAGE}/preview", PAGE, action=action).status_code == 303
    found = re.search(r'id="preview" readonly dir="ltr" value="http://localhost([^"]+)"', editor.get(PAGE).text)
    return found[1] if found else ""


def test_the_link_shows_the_draft_without_anything_to_sign(client: FlaskClient, editor: FlaskClient) -> None:
    page = client.get(share(editor))
    assert page.status_code == 200
    assert (page.headers["Cache-Control"], page.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "Open the road" in page.text
    assert "shown to you in confidence" in page.text
    assert "<form" not in page.text
    assert "open-the-road" not in page.text, "its future address is not given away"
    armenian = client.get("/hy" + share(editor))
    assert 'lang="hy"' in armenian.text


def test_nobody_else_learns_of_the_draft(client: FlaskClient, editor: FlaskClient) -> None:
    link = share(editor)
    assert client.get("/letters/open-the-road").status_code == 404
    assert "Open the road" not in client.get("/").text
    for wrong in (link[:-1], link + "x", "/preview/" + "a" * 32, "/preview/x"):
        answer = client.get(wrong)
        assert answer.status_code == 404
        assert "Open the road" not in answer.text


def test_a_new_link_ends_the_one_before_and_the_last_can_be_ended(client: FlaskClient, editor: FlaskClient) -> None:
    first = share(editor)
    second = share(editor)
    assert first != second
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    assert share(editor, "end") == ""
    assert client.get(second).status_code == 404
    assert [each.actor_name for each in people.recorded("letter.shared")] == ["editor@team.example.org"] * 2
    assert len(people.recorded("letter.unshared")) == 1
    share(editor, "end")
    assert len(people.recorded("letter.unshared")) == 1


def test_after_publication_the_link_leads_to_the_letter(client: FlaskClient, editor: FlaskClient) -> None:
    link = share(editor)
    people.post(editor, f"{PAGE}/status", PAGE, status="open")
    answer = client.get(link)
    assert (answer.status_code, answer.location) == (303, "/letters/open-the-road")
    assert client.get(f"/hy{link}").location == "/hy/letters/open-the-road"
    assert 'id="draft"' not in editor.get(PAGE).text
    assert people.post(editor, f"{PAGE}/preview", PAGE, action="share").status_code == 409


def test_the_link_is_told_to_no_other_site(client: FlaskClient, editor: FlaskClient) -> None:
    assert "no-referrer" in client.get(share(editor)).headers["Referrer-Policy"]
