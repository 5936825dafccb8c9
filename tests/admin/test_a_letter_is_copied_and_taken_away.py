"""A letter is taken away as letter files without loss, and serves as the template of another one."""

from __future__ import annotations

import io
import zipfile

import pytest
from flask.testing import FlaskClient

from petition.letters import document
from petition.letters import operations as letters
from petition.signatures import directory
from tests import factories
from tests.admin import people

PAGE = "/admin/letters/open-the-road"
DATES = "opens: 2026-01-01T00:00:00Z\ncloses: 2099-01-01T00:00:00Z\n"


@pytest.fixture
def editor(client: FlaskClient) -> FlaskClient:
    """An editor's browser; the letter has two languages and dates, and somebody signed it."""
    factories.letter(more=DATES)
    factories.load(factories.ARMENIAN)
    factories.sign(client, **factories.ANA)
    return people.browser(people.member("editor"))


def taken(browser: FlaskClient) -> dict[str, str]:
    answer = browser.get(f"{PAGE}/files.zip")
    assert answer.headers["Content-Disposition"] == "attachment; filename=open-the-road.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def copy(browser: FlaskClient, to: str):  # type: ignore[no-untyped-def]
    return people.post(browser, f"{PAGE}/duplicate", PAGE, to=to)


def test_the_files_are_what_the_letter_is(editor: FlaskClient) -> None:
    found = taken(editor)
    assert list(found) == ["open-the-road.en.md", "open-the-road.hy.md"]
    letter = letters.find("open-the-road")
    for name, content in found.items():
        assert document.read(content, name) == letters.as_document(letter, name.split(".")[1])
        outcome = letters.load(
            document.read(content, name), file=name, signed=directory.anybody, actor=people.member("owner").actor, now=factories.now()
        ).outcome
        assert outcome == "unchanged"


def test_a_copy_is_a_draft_with_all_words_and_without_dates_and_signatures(client: FlaskClient, editor: FlaskClient) -> None:
    answer = copy(editor, "open-it-again")
    assert (answer.status_code, answer.location) == (303, "/admin/letters/open-it-again")
    made, old = letters.find("open-it-again"), letters.find("open-the-road")
    assert (made.status, made.languages, made.team_id, made.goal) == ("draft", old.languages, old.team_id, 100)
    assert (made.dated, made.opens, made.closes, made.keep_until) == (None, None, None, None)
    assert [each.body for each in made.translations] == [each.body for each in old.translations]
    assert directory.counts(made).total == 0
    assert client.get("/letters/open-it-again").status_code == 404
    assert directory.counts(old).total == 1
    assert [each.details["source"] for each in people.recorded("letter.created")][-2:] == ["file", "file"]


@pytest.mark.parametrize(("to", "status"), [("", 422), ("Open It", 422), ("a" * 81, 422), ("../x", 422), ("open-the-road", 409)])
def test_an_address_that_cannot_be_is_said_beside_its_field(editor: FlaskClient, to: str, status: int) -> None:
    answer = copy(editor, to)
    assert answer.status_code == status
    assert 'id="to-fault"' in answer.text
    assert len(letters.listed(drafts=True)) == 1
