"""Letter files are sent to the admin: shown as what they would change, loaded all or none, and the way there and back loses nothing."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from petition.db import db, transaction
from petition.errors import BadFile
from petition.letters import copies, document, importing
from petition.letters import operations as letters
from petition.signatures import directory
from tests import factories
from tests.admin import people
from tests.admin.writing import fields

PAGE = "/admin/letter-files"
CHANGED = factories.ORIGINAL.format(slug="open-the-road", body="We write anew.", more="")


@pytest.fixture
def editor(sqlite_client: FlaskClient) -> FlaskClient:
    """An editor's browser, and a team of its own beside."""
    return people.browser(people.member("editor"))


def send(editor: FlaskClient, *files: tuple[str, bytes]) -> TestResponse:
    return people.post(editor, PAGE, PAGE, files=[(io.BytesIO(content), name) for name, content in files])


def load(editor: FlaskClient, plan: TestResponse, **more: str) -> TestResponse:
    """Press the button below what would change; names and files come in pairs."""
    pairs = re.findall(r'name="name" value="([^"]*)"><input type="hidden" name="source" value="([^"]*)"', plan.text, re.DOTALL)
    one = fields(plan)
    sent = {name: one[name] for name in ("csrf_token", "team", "seen")} | {
        "name": [name for name, _ in pairs], "source": [html.unescape(source).replace("\n", "\r\n") for _, source in pairs]
    }  # fmt: skip
    return editor.post(PAGE, data=sent | {"do": "load"} | more)


def body() -> str:
    db.session.rollback()
    db.session.expire_all()
    words = letters.find("open-the-road").translation("en")
    assert words is not None
    return words.body


def test_files_make_a_letter_once_what_they_do_was_seen(editor: FlaskClient) -> None:
    plan = send(editor, ("b.hy.md", factories.ARMENIAN.encode()), ("a.en.md", CHANGED.encode()))
    assert plan.status_code == 200
    assert re.findall(r'<span class="state">(\w+)</span>', plan.text) == ["new", "new"]
    assert not letters.listed(drafts=True), "nothing is loaded before it was seen"
    assert load(editor, plan).location == "/admin/letters/open-the-road"
    db.session.rollback()
    found = letters.find("open-the-road")
    assert (found.status, found.languages, found.team.name) == ("draft", ["en", "hy"], "The team")


def test_one_bad_file_stops_all_and_is_named_with_its_line(editor: FlaskClient) -> None:
    bad = factories.ARMENIAN.replace("title: ", "nonsense: 1\ntitle: ")
    answer = send(editor, ("a.en.md", CHANGED.encode()), ("b.hy.md", bad.encode()))
    assert answer.status_code == 422
    assert "b.hy.md, line 4: nonsense is not a field of a letter file" in answer.text
    assert not letters.listed(drafts=True)
    assert send(editor).status_code == 422
    assert "line 2" in send(editor, ("a.md", b"---\nslug: \xff\n---\n")).text


def test_what_changes_is_shown_and_holds_only_as_it_was_shown(sqlite_client: FlaskClient, editor: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA)
    plan = send(editor, ("a.en.md", CHANGED.encode()))
    assert "changes a text that was signed" in plan.text
    assert re.search(r"<ins>anew\.</ins>", plan.text)
    factories.load(CHANGED.replace("We write anew.", "Somebody else was faster."))
    answer = load(editor, plan)
    assert (answer.status_code, body()) == (409, "Somebody else was faster.\n")
    assert load(editor, answer, **{"as": "correction"}).status_code == 303
    assert body() == "We write anew.\n"
    assert letters.find("open-the-road").version.label == "2.1"
    assert "unchanged" in send(editor, ("a.en.md", CHANGED.encode())).text


def test_another_teams_letter_is_not_loaded_over(editor: FlaskClient) -> None:
    factories.load(CHANGED, team_name="Another team")
    answer = send(editor, ("a.en.md", CHANGED.replace("anew", "over it").encode()))
    assert answer.status_code == 409
    assert "We write anew" not in answer.text
    factories.letter("the-other-road")
    plan = send(editor, ("a.en.md", factories.ORIGINAL.format(slug="the-other-road", body="Ours.", more="").encode()))
    with transaction():
        letters.find("the-other-road").team = letters.find("open-the-road").team
    assert load(editor, plan).status_code == 409
    assert letters.find("the-other-road").translation("en").body != "Ours.\n"


@pytest.mark.parametrize("content", [b"PK\x03\x04nonsense", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile, match="cannot be opened"):
        importing.unpack([("a.zip", content)])


def packed(*files: tuple[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as into:
        for name, content in files:
            into.writestr(name, content)
    return archive.getvalue()


def test_an_archive_is_opened_within_bounds() -> None:
    found = importing.unpack([("a.zip", packed(("x/a.en.md", b"one"), ("__MACOSX/x/._a.en.md", b"\xff"), ("x/", b"")))])
    assert found == [("a.en.md", "one")]
    with pytest.raises(BadFile, match="at most 1,000,000 characters"):
        importing.unpack([("a.zip", packed(("bomb.md", bytes(50_000_000))))])
    with pytest.raises(BadFile, match="together"):
        importing.unpack([("a.zip", packed(("1.md", bytes(3_000_000)), ("2.md", bytes(3_000_000))))])
    with pytest.raises(BadFile, match="at most 60 files"):
        importing.unpack([("a.zip", packed(*((f"{number}.md", b"x") for number in range(61))))])
    with pytest.raises(BadFile, match=r"ends in \.md"):
        importing.unpack([("a.zip", packed(("a.exe", b"x")))])


AWKWARD = """---
slug: open-the-road
language: en
title: 'Yes: "no" # not a comment'
summary: "1\\n\\n --- two\\t& \\U0001F6D1 \\u2028 end"
date: 2026-01-15
senders: ['null', '2026-01-01', ' - a list?']
addressees: [{name: '*star', role: '&and', email: c@example.org}]
demands: ['yes', '0x10', "tr\\u00e8s long %s"]
events: [{date: 2026-01-02, text: 'a: b'}]
opens: 2026-01-01T00:00:30.5Z
action: {label: '? what', text: "Dear Sir,\\n\\n  indented\\n\\nYours"}
---

    code at the very beginning

---

# A heading

> שלום · Բարև · مرحبا
""".replace("%s", "word " * 60)


def test_the_way_there_and_back_is_equal_to_the_byte(app: Flask) -> None:
    factories.load(AWKWARD)
    factories.load(factories.ARMENIAN.replace("demands: [", "demands: [Երրորդը, ").replace("senders: [", "senders: [Ա, Բ, "))
    first = copies.packed(letters.find("open-the-road"))
    files = importing.read(importing.unpack([("letter.zip", first)]))
    terms = {"signed": directory.anybody, "actor": people.member("owner").actor, "now": factories.now()}
    assert [each.outcome for each in letters.load_all(files, **terms)] == ["unchanged", "unchanged"]
    with transaction() as session:  # as on another installation, where there is no such letter
        letters.find("open-the-road").slug = "moved-away"
        session.flush()
    assert [each.outcome for each in letters.load_all(files, **terms)] == ["created", "created"]
    with time_machine.travel(factories.now() + timedelta(days=400)):
        assert copies.packed(letters.find("open-the-road")) == first
    assert document.write(document.read(document.write(files[0][1]), "x.md")) == document.write(files[0][1])
