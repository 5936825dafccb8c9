"""The list of letters: found by words in any language, narrowed by state, paged without losing any; and which letters lead to which."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.audit import COMMAND_LINE
from petition.letters import index
from petition.letters import operations as letters
from tests.factories import ARMENIAN, ORIGINAL, letter, load, now


@pytest.fixture
def reader(sqlite_app: Flask) -> FlaskClient:
    return sqlite_app.test_client()


def slugs(reader: FlaskClient, address: str) -> list[str]:
    answer = reader.get(address)
    assert answer.status_code == 200, address
    assert "s-maxage" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers
    return re.findall(r'<h[23]><a href="[^"]*/letters/([^"]+)"', answer.text)


def test_words_find_a_letter_in_any_language_and_no_draft(reader: FlaskClient) -> None:
    assert 'role="search"' not in reader.get("/").text and "No letter is published here yet" in reader.get("/").text
    letter()
    load(ARMENIAN)
    letter("closed", status="closed")
    letter("draft", status="draft")
    assert slugs(reader, "/") == ["closed", "open-the-road"]
    assert slugs(reader, "/?q=OPEN+rÖad&state=open") == ["open-the-road"]
    assert slugs(reader, "/?q=ՃԱՆԱՊԱՐՀԸ") == slugs(reader, "/?q=միություն") == ["open-the-road"], "title and senders of a translation"
    assert slugs(reader, "/?state=closed") == ["closed"]
    assert slugs(reader, "/?q=%25") == [] and slugs(reader, "/?q=open+nowhere") == []
    answer = reader.get("/?q=%22%3E%3Cscript%3E" + "x" * 500)
    assert "<script" not in answer.text and "&#34;&gt;&lt;script&gt;" in answer.text
    assert "noindex" in answer.headers["X-Robots-Tag"] and "x" * 101 not in answer.text
    assert [reader.get(f"/?{bad}").status_code for bad in ("state=draft", "after=draft", "after=nowhere")] == [400] * 3


def test_pages_follow_each_other_and_lose_none(reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.search, "__kwdefaults__", index.search.__kwdefaults__ | {"limit": 2})
    for number in range(5):
        letter(f"letter-{number}")
    address, seen = "/hy/?q=road", list[str]()
    while address:
        seen += slugs(reader, address)
        found = re.search(r'class="next" rel="next" href="([^"]+)"', reader.get(address).text)
        address = found[1].replace("&amp;", "&") if found else ""
        assert len(seen) <= 5 and (not address or address.startswith("/hy/?q=road"))
    assert seen == [f"letter-{number}" for number in (4, 3, 2, 1, 0)]


def test_a_letter_leads_to_those_of_its_addressees_and_team(reader: FlaskClient) -> None:
    here = letter()
    letter("shared", team_name="Others")
    elsewhere = ORIGINAL.format(slug="apart", body="Apart.", more="").replace("The Sample Council", "Somebody else")
    load(elsewhere, team_name="Others")
    letters.set_status(letters.find("apart"), "open", actor=COMMAND_LINE, now=now())
    letter("hidden", more="risk: protected\n")
    letter("draft", status="draft")
    letter("ended", status="closed")
    page = reader.get("/letters/open-the-road").text.partition('id="related-heading"')[2]
    found = re.findall(r'<li><a href="/letters/([^"]+)"', page)
    assert found == ["shared", "ended"], "what can be signed first"
    assert here.slug not in found and "related-heading" in reader.get("/letters/hidden").text
