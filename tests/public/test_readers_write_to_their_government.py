"""Acting on a letter: a list of contacts by country, a mail that is begun, and a number of those who say that they wrote."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from petition import limits
from petition.audit import COMMAND_LINE
from petition.db import db
from petition.imports import contacts as lists
from petition.letters import contacts, operations
from petition.letters.contacts import Contact
from petition.letters.models import Letter
from petition.public import links
from petition.signatures import series
from petition.upkeep import retention
from tests import factories
from tests.admin import people
from tests.admin.conftest import Browser

ACT = "/letters/open-the-road/act"
ADMIN = "/admin/letters/open-the-road"
ASKS = """action:
  label: Write to your government
  text: |-
    Dear Sir or Madam,

    Open the road & keep it open: 100%.
"""
LIST = """country;name;role;email;language
am;Գրասենյակ;;office@gov.example;hy
DE;Büro "Straße";Ministerium;buero@example.de;
DE;Second office;;second@example.de;en
EU;Council;;council@example.eu;fr
DE;The first again;;buero@example.de;
"""


def taken(letter: Letter, text: str = LIST) -> None:
    entries, faults = lists.read(io.BytesIO(text.encode()))
    assert not faults
    contacts.replace(letter, entries, actor=COMMAND_LINE, now=factories.now())


def mails(page: str) -> list[tuple[str, dict[str, list[str]]]]:
    found = [urlsplit(unescape(href)) for href in re.findall(r'href="(mailto:[^"]+@[^"]+)"', page)]
    return [(each.path, parse_qs(each.query)) for each in found]


def test_the_chosen_country_shows_its_contacts_with_a_mail_that_is_begun(sqlite_app: Flask) -> None:
    client, letter = sqlite_app.test_client(), factories.letter(more=ASKS)
    armenian = factories.ARMENIAN.replace("---\n\nԳրում", "action: {label: Գրե՛ք ձեր կառավարությանը, text: Բացե՛ք։}\n---\n\nԳրում")
    factories.load(armenian)
    assert 'mailto:?subject=' in client.get(ACT).text, "without a list the mail has no address yet"
    taken(letter)
    page = client.get(ACT)
    assert "s-maxage=2" in page.headers["Cache-Control"] and not mails(page.text)
    assert re.findall(r'<option value="(\w\w)"', page.text) == ["AM", "EU", "DE"], "by their names"
    shown = client.get(f"{ACT}?country=de").text
    assert [to for to, _ in mails(shown)] == ["buero@example.de", "second@example.de"]
    assert mails(shown)[0][1] == {
        "subject": ["Open the road"], "body": ["Dear Sir or Madam,\r\n\r\nOpen the road & keep it open: 100%."],
    }  # fmt: skip
    assert "&lt;" not in shown and "Büro &#34;Straße&#34;" in shown
    assert 'href="/hy/letters/open-the-road/act?country=AM"' in client.get(f"{ACT}?country=AM").text, "in the language of the office"
    assert mails(client.get(f"/hy{ACT}?country=AM").text)[0][1]["body"] == ["Բացե՛ք։"]
    assert '<h1><bdi lang="en" dir="ltr">' in client.get(f"/ar{ACT}").text
    assert client.get(f"{ACT}?country=FR").status_code == client.get(f"{ACT}?country=%3Cb%3E").status_code == 200
    assert ACT in client.get("/letters/open-the-road").text
    factories.letter("asks-nothing")
    assert client.get("/letters/asks-nothing/act").status_code == client.post("/letters/asks-nothing/act").status_code == 404
    assert "/act" not in client.get("/letters/asks-nothing").text


def test_a_text_that_no_link_can_carry_is_there_to_copy(sqlite_app: Flask) -> None:
    letter = factories.letter(more=ASKS.replace("Dear", "Դուք " * 100 + "Dear"))
    taken(letter)
    page = sqlite_app.test_client().get(f"{ACT}?country=AM").text
    ((_, said),) = mails(page)
    assert said.keys() == {"subject"} and "too long for the link" in page and "Դուք Դուք" in page
    assert all(len(href) <= links.LONGEST for href in re.findall(r'href="(mailto:[^"]+)"', page) if "body" not in href)


def test_who_says_that_they_wrote_is_a_number_and_nothing_else(guarded: Flask) -> None:
    client, letter = guarded.test_client(), factories.letter("to-act-on", more=ASKS)
    taken(letter)
    answer = client.post("/hy/letters/to-act-on/act", data={"country": "DE"})
    assert (answer.status_code, answer.location) == (303, "/hy/letters/to-act-on/act?country=DE&written=1")
    assert "Set-Cookie" not in answer.headers
    assert 'role="status"' in client.get(answer.location).text
    assert client.post("/letters/to-act-on/act", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    codes = [client.post("/letters/to-act-on/act").status_code for _ in range(limits.WRITTEN.default.count)]
    assert codes == [303] * 9 + [429]
    assert series.written(letter) == 10


@pytest.fixture
def editor(sqlite_app: Flask) -> FlaskClient:
    """The browser of an editor, with a letter to edit."""
    sqlite_app.test_client_class = Browser
    factories.letter(more=ASKS)
    return people.browser(people.member("editor"))


def upload(editor: FlaskClient, text: str | bytes) -> str:
    file = (io.BytesIO(text if isinstance(text, bytes) else text.encode()), "list.csv")
    answer = people.post(editor, f"{ADMIN}/contacts", f"{ADMIN}/passing-on", file=file)
    assert answer.status_code in (303, 422)
    return answer.text if answer.status_code == 422 else ""


def test_a_list_is_taken_whole_or_not_at_all_and_can_be_replaced_and_removed(editor: FlaskClient) -> None:
    wrong = LIST + "XX;Nobody;;nobody@example.org;\nFR;=cmd();@role;not-an-address;qq\nFR;;;a@example.fr;\n"
    page = upload(editor, wrong)
    assert re.findall(r'<tr><td class="number">(\d+)</td><td><code dir="ltr">(\w+)', page) == [
        ("7", "country"), ("8", "language"), ("8", "name"), ("8", "role"), ("8", "email"), ("9", "name"),
    ]  # fmt: skip
    assert db.session.scalar(select(Contact)) is None
    assert "email" in upload(editor, "country,name\nAM,Office\n"), "a column that is missing is named"
    assert upload(editor, "country,name,email\n" + "AM,Office,a@example.am\n" * 10_000), "too large"
    assert upload(editor, b"PK\x03\x04 a spreadsheet")
    assert not upload(editor, LIST)
    db.session.rollback()
    letter = operations.find("open-the-road")
    assert [each.email.partition("@")[0] for each in contacts.of(letter)] == ["office", "buero", "second", "council"]
    assert people.recorded("letter.contacts")[0].details == {"count": 4}
    file = editor.get(f"{ADMIN}/contacts.csv").text
    upload(editor, file)
    assert editor.get(f"{ADMIN}/contacts.csv").text == file and file.count("\n") == 5
    upload(editor, "country,name,email\nAM,-1+1,a@example.am\n")
    assert "AM,'-1+1," in editor.get(f"{ADMIN}/contacts.csv").text, "no cell runs in a spreadsheet"
    editor.post(f"{ADMIN}/contacts")
    assert people.post(editor, f"{ADMIN}/contacts", f"{ADMIN}/passing-on", action="remove").status_code == 303
    db.session.rollback()
    assert contacts.how_many(letter) == 0
    taken(letter)
    retention.purge(datetime(2034, 1, 2, tzinfo=UTC))
    assert contacts.how_many(letter) == 0, "gone with the letter's term"


def test_the_organiser_sets_what_shared_links_say(editor: FlaskClient) -> None:
    page = f"{ADMIN}/passing-on"
    assert people.post(editor, page, page, **{"text-en": "Read it.", "text-ar": "اقرأ"}).status_code == 303
    assert "Read it.</textarea>" in editor.get(page).text
    assert "Read%20it." in editor.get("/letters/open-the-road/share").text
    answer = people.post(editor, page, page, **{"text-en": "x" * 281, "text-hy": "Կարդա"})
    assert answer.status_code == 422 and "Կարդա</textarea>" in answer.text and 'id="text-en-fault"' in answer.text
    people.post(editor, page, page)
    assert people.recorded("letter.share_texts")[-1].details in ({"languages": ""}, {"languages": "ar, en"})
    assert "Read%20it." not in editor.get("/letters/open-the-road/share").text
    factories.sign(editor, **factories.ANA)
    editor.post(ACT)
    assert "Told us that they have written" in editor.get(f"{ADMIN}/following").text
