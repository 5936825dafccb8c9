"""The pages of the word lists: what is shipped stands beside the team's own lines, and a letter has names of its own."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from petition import accounts
from petition.db import db
from petition.letters.models import Letter
from petition.signatures.wordlists import WordList
from tests import factories
from tests.admin import people
from tests.admin.conftest import Browser


@pytest.fixture
def editor(sqlite_app) -> FlaskClient:  # type: ignore[no-untyped-def]
    """The browser of an editor, with a letter to edit."""
    sqlite_app.test_client_class = Browser
    factories.letter()
    return people.browser(people.member("editor"))


def team_id() -> int:
    return db.session.scalars(select(Letter.team_id)).one()


def test_the_page_shows_what_is_shipped_and_saves_what_is_added(editor: FlaskClient) -> None:
    page = editor.get("/admin/words")
    assert "Mickey Mouse" in page.text
    address = f"/admin/words/{team_id()}"
    answer = people.post(editor, address, address, language="en", joke="Tess Quirk\n-Mickey Mouse", slur="", protected="")
    assert answer.status_code == 303
    shown = editor.get(answer.location)
    assert "Saved." in shown.text
    assert "Tess Quirk\n-Mickey Mouse</textarea>" in shown.text
    factories.sign(editor, **factories.ANA | {"name": "Tess Quirk"})
    factories.sign(editor, **factories.ANA | {"name": "Mickey Mouse", "email": "mickey@example.org"})
    assert factories.count(editor) | {"as_of": ""} == {"total": 1, "people": 1, "organisations": 0, "held": 1, "imported": 0, "as_of": ""}


def test_each_language_has_lists_of_its_own(editor: FlaskClient) -> None:
    page = editor.get(f"/admin/words/{team_id()}?language=ar")
    assert "ميكي ماوس" in page.text
    assert 'lang="ar" dir="rtl"' in page.text
    assert editor.get("/admin/words?language=xx").status_code == 404
    assert editor.get("/admin/words/999").status_code == 404


def test_what_cannot_be_matched_comes_back_with_its_fault(editor: FlaskClient) -> None:
    address = f"/admin/words/{team_id()}"
    answer = people.post(editor, address, address, language="en", joke="Tess Quirk", slur="!!!", protected="")
    assert answer.status_code == 422
    assert "There is no word in the line !!!." in answer.text
    assert "Tess Quirk</textarea>" in answer.text
    assert db.session.scalar(select(WordList)) is None


def test_a_letter_protects_names_of_its_own(editor: FlaskClient) -> None:
    page = "/admin/letters/open-the-road/protected-names"
    assert "Protected names" in editor.get("/admin/letters/open-the-road").text
    assert people.post(editor, page, page, names="Ruth Example\nRuth Example").status_code == 303
    assert "Ruth Example</textarea>" in editor.get(page).text
    factories.sign(editor, **factories.ANA | {"name": "EXAMPLE Ruth"})
    assert people.signature().flag_codes.startswith("|protected_name|")
    assert people.post(editor, page, page, names="???").status_code == 422


def test_the_queue_says_why_in_words_and_which_entry_was_meant(editor: FlaskClient) -> None:
    factories.sign(editor, **factories.ANA | {"name": "Putin Vladimir", "role": "President of France"})
    for page in ("/admin/", f"/admin/signatures/{people.signature().public_id}"):
        text = editor.get(page).text
        assert "The name is on the list of protected names, or looks like one that is. <bdi>Vladimir Putin</bdi>" in text
        assert "It claims a high public office." in text


def test_a_member_of_two_teams_edits_only_where_they_are_an_editor(editor: FlaskClient) -> None:
    who = people.member("editor", "two@example.org")
    accounts.add_member("two@example.org", "viewer", actor=who.actor, now=factories.now(), team_name="Another team")
    browser = people.browser(who)
    others = next(each for each in accounts.teams(who) if each.name == "Another team")
    assert "Another team" not in browser.get("/admin/words").text
    address = f"/admin/words/{others.id}"
    assert browser.get(address).status_code == 403
    assert people.post(browser, address, "/admin/words", language="en", joke="Tess Quirk").status_code == 403
