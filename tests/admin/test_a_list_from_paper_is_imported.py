"""The page on which an editor imports a list: reads, reports, confirms, takes back; nothing larger than it can carry."""

from __future__ import annotations

import io
import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from petition.admin import imports
from petition.db import db
from petition.letters import operations as letters
from petition.signatures import directory
from tests import factories
from tests.admin import people
from tests.importing import HEAD, PAPER, rows, stored, work

PAGE = "/admin/letters/open-the-road/imports"


def upload(browser: FlaskClient, content: bytes, name: str = "fair.csv", **fields: str) -> TestResponse:
    token = people.token(browser.get(PAGE))
    return browser.post(PAGE, data={"csrf_token": token, "file": (io.BytesIO(content), name), **fields})


def test_an_editor_imports_a_list_and_takes_it_back(sqlite_client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("editor"))
    answer = upload(browser, PAPER.encode())
    assert answer.status_code == 303
    page = browser.get(answer.location).text
    assert "Add 4 signatures" in page and "Paula Paper" in page and "paula@example.org" not in page
    assert rows() == []
    refused = people.post(browser, f"{answer.location}/confirm", answer.location)
    assert (refused.status_code, rows()) == (422, [])
    assert people.post(browser, f"{answer.location}/confirm", answer.location, agreed="yes").status_code == 303
    running = browser.get(answer.location)
    assert running.headers["Refresh"] == "3"
    work()
    assert "4 of 4 done." in browser.get(answer.location).text
    assert "fair.csv" in browser.get(PAGE).text
    assert "<dt>Collected elsewhere</dt><dd>3</dd>" in browser.get("/admin/letters/open-the-road").text
    assert people.post(browser, f"{answer.location}/take-back", answer.location).status_code == 303
    work()
    assert '<span class="state">taken back</span>' in browser.get(answer.location).text
    assert directory.counts(letters.find("open-the-road")).imported == 0
    assert [each.actor_name for each in people.recorded("import.taking_back")] == ["editor@team.example.org"]


def test_faults_are_shown_with_their_lines(sqlite_client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("editor"))
    wrong = upload(browser, (HEAD + "Ana,,,Atlantis,,,,\n" * 130).encode())
    assert wrong.status_code == 422
    assert "there are 130 faults" in wrong.text and "and 30 more" in wrong.text
    assert re.search(r'<td class="number">2</td><td><code dir="ltr">country</code></td>', wrong.text)
    polish = "name\nŁukasz\n".encode("windows-1250")
    for content, words in ((b"", "The file is empty."), (b"PK\x03\x04...", "This is a spreadsheet"), (polish, "cannot be told")):
        answer = upload(browser, content)
        assert (answer.status_code, words in answer.text) == (422, True), words
    assert "Łukasz" in browser.get(upload(browser, polish, encoding="windows-1250").location).text


def test_no_page_tells_whether_an_address_signed(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA)
    browser, seen = people.browser(people.member("editor")), []
    for number, address in enumerate(("ana@example.org", "nobody@example.org")):
        answer = upload(browser, f"name,email\nProbe {number},{address}\n".encode())
        seen.append([browser.get(answer.location).text, browser.get(PAGE).text])
        people.post(browser, f"{answer.location}/confirm", answer.location, agreed="yes")
        seen[-1].append(browser.get(answer.location).text)
        work()
        seen[-1] += [browser.get(answer.location).text, browser.get("/admin/trail").text]
        people.post(browser, f"{answer.location}/take-back", answer.location)
        work()
        seen[-1].append(browser.get(answer.location).text)
        db.session.rollback()
        brought = "SELECT import_id FROM signature WHERE import_id IS NOT NULL"
        db.session.execute(db.text(f"DELETE FROM import_batch WHERE id NOT IN ({brought})"))
        db.session.commit()
    ours, others = ([_numbers(page) for page in pages] for pages in seen)
    assert ours[:4] == others[:4] and ours[5] == others[5]
    assert len(people.recorded("import.staged")) == 2


def _numbers(page: str) -> list[str]:
    """The text of a page without what differs between any two files."""
    main = re.sub(r"<[^>]+>|Probe \d|[0-9a-f]{64}|[0-9a-f-]{36}|\d\d:\d\d", " ", page.partition("<main")[2])
    return main.split()


def test_a_staged_file_can_be_discarded(sqlite_client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("editor"))
    answer = upload(browser, PAPER.encode())
    assert people.post(browser, f"{answer.location}/discard", answer.location).location == PAGE
    assert (stored(), browser.get(answer.location).status_code) == (0, 404)


def test_only_those_who_may_import_send_large_bodies(sqlite_client: FlaskClient) -> None:
    factories.letter()
    long = (HEAD + "Paula Paper,,,,,,," + "x" * 300_000 + "\n").encode()
    editor = people.browser(people.member("editor"))
    assert upload(editor, long).status_code == 422  # read, and found too long
    stranger = sqlite_client.post(PAGE, data={"file": (io.BytesIO(long), "fair.csv")})
    assert stranger.status_code == 413
    declared = {"CONTENT_LENGTH": str(imports.LARGEST + 1)}
    assert editor.post(PAGE, data=b"", content_type="multipart/form-data; boundary=x", environ_overrides=declared).status_code == 413
    assert "at most 20000 rows" in upload(editor, ("name\n" + "A\n" * 20_001).encode()).text.replace(",", "")
    assert stored() == 0


def test_the_page_says_which_rules_changed_since(sqlite_client: FlaskClient) -> None:
    factories.letter()
    browser = people.browser(people.member("editor"))
    first, second = (upload(browser, content).location for content in (PAPER.encode(), b"name\nRosa Rag\n"))
    form = browser.get(first).text
    assert "Add 4 signatures" in form and people.post(browser, f"{second}/confirm", second, agreed="yes").status_code == 303
    letters.find("open-the-road").holding = True
    db.session.commit()
    page = browser.get(first).text
    assert "has changed since this file was read: whether everything new waits." in page and "Add 4 signatures" not in page
    late = browser.post(f"{first}/confirm", data={"csrf_token": people.token(browser.get(first)), "agreed": "yes"})
    assert late.status_code == 409 and late.text.count("has changed since this file was read") == 1
    work()
    assert rows() == []
    page = browser.get(second).text
    assert "changed while this file was being added: whether everything new waits." in page
    assert '<span class="state">taken back</span>' in page and "<dt>Taken back</dt>" not in page
