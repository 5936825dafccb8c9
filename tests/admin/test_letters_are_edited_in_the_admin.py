"""Editing a letter as a file shows the difference first; a change after the first signature is a correction or a new version."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from petition.db import db
from petition.letters import operations as letters
from tests import factories
from tests.admin import people

EDIT = "/admin/letters/open-the-road/edit/en/file"


def standing(browser: FlaskClient) -> str:
    """The editor's hidden mark of the text it showed."""
    page = browser.get(EDIT)
    mark = re.search(r'name="standing" value="([0-9a-f]{64})"', page.text)
    assert mark is not None
    return mark[1]


def changed(words: str) -> str:
    return factories.ORIGINAL.format(slug="open-the-road", body=words, more="")


def version() -> str:
    db.session.rollback()
    db.session.expire_all()
    return letters.find("open-the-road").version.label


def save(browser: FlaskClient, words: str, choice: str) -> None:
    mark = standing(browser)
    answer = people.post(browser, EDIT, EDIT, source=changed(words), standing=mark, action="save", **{"as": choice})
    assert answer.status_code == 303, answer.text


def test_the_difference_comes_first_and_changes_nothing(client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("editor"))
    answer = people.post(
        browser, EDIT, EDIT, source=changed("We write anew."), standing=standing(browser), action="preview"
    )
    assert "<ins>+We write anew.</ins>" in answer.text
    assert "People have signed" not in answer.text
    assert "We write from a closed road." in client.get("/letters/open-the-road").text


def test_a_change_after_the_first_signature_is_a_new_version_or_a_correction(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    browser = people.browser(people.member("editor"))
    answer = people.post(
        browser, EDIT, EDIT, source=changed("We write anew."), standing=standing(browser), action="preview"
    )
    assert "People have signed" in answer.text
    save(browser, "We write from a closed rode.", "correction")
    assert version() == "1.1"
    save(browser, "We write anew.", "version")
    assert version() == "2"
    assert "We write anew." in client.get("/letters/open-the-road").text


def test_two_editors_do_not_overwrite_each_other(client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("editor"))
    old = standing(browser)
    save(browser, "The first one's words.", "version")
    answer = people.post(browser, EDIT, EDIT, source=changed("The second one's words."), standing=old, action="save")
    assert answer.status_code == 409
    assert "The second one&#39;s words." in answer.text
    assert "The first one" in client.get("/letters/open-the-road").text


def test_a_bad_letter_file_is_refused_with_its_line_and_kept(client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("editor"))
    source = changed("Text").replace("goal: 100", "goal: many")
    answer = people.post(browser, EDIT, EDIT, source=source, standing=standing(browser), action="save")
    assert answer.status_code == 422
    assert "open-the-road, line 14, Goal: Please give a whole number above 0." in answer.text
    assert "goal: many" in answer.text


def test_a_letter_is_opened_paused_and_closed_for_good(client: FlaskClient) -> None:
    factories.letter(status="draft")
    browser = people.browser(people.member("editor"))
    assert client.get("/letters/open-the-road").status_code == 404
    for status, expected in (("open", 303), ("paused", 303), ("closed", 303), ("open", 409), ("draft", 404)):
        answer = people.post(
            browser, "/admin/letters/open-the-road/status", "/admin/letters/open-the-road", status=status
        )
        assert answer.status_code == expected, status
    assert client.get("/letters/open-the-road").status_code == 200
