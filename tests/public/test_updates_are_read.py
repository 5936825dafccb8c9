"""Updates on the public site: the letter's page, the list, a page each, and a feed that readers' programs understand."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import time_machine
from flask import Flask
from flask.testing import FlaskClient

from petition.audit import COMMAND_LINE
from petition.updates import writing
from tests import factories, newsroom
from tests.conftest import _Checking

ATOM = "{http://www.w3.org/2005/Atom}"
ROAD = "/letters/open-the-road"
NOON = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
ARMENIAN = {"title": "Խորհուրդը պատասխանեց", "body": "Ճանապարհը բացվում է։"}


def browser(app: Flask) -> FlaskClient:
    app.test_client_class = _Checking
    return app.test_client()


def feed(client: FlaskClient, prefix: str = "") -> ET.Element:
    answer = client.get(f"{prefix}{ROAD}/updates.atom")
    assert answer.status_code == 200
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    return ET.fromstring(answer.data)


def test_a_published_update_is_on_the_letter_in_the_list_on_its_page_and_in_the_feed(sqlite_app: Flask) -> None:
    letter = factories.letter()
    factories.load(factories.ARMENIAN)
    client = browser(sqlite_app)
    assert "There are no updates yet." in client.get(f"{ROAD}/updates").text
    made = newsroom.update(letter, publish=False, hy=ARMENIAN)
    assert "The council answers" not in client.get(ROAD).text + client.get(f"{ROAD}/updates").text
    assert client.get(f"{ROAD}/updates/1").status_code == 404
    writing.publish(made, actor=COMMAND_LINE, now=NOON)
    assert f'<a href="{ROAD}/updates/1"' in client.get(ROAD).text
    for page in (f"{ROAD}/updates", f"{ROAD}/updates/1"):
        shown = client.get(page)
        assert "<strong>answered</strong>" in shown.text
        assert '<time datetime="2026-07-01">1 July 2026</time>' in shown.text
        assert "X-Robots-Tag" not in shown.headers
    armenian = client.get(f"/hy{ROAD}/updates/1").text
    assert "Ճանապարհը բացվում է։" in armenian
    assert "answered" not in armenian
    arabic = client.get(f"/ar{ROAD}/updates/1").text
    assert '<div class="said" lang="en" dir="ltr">' in arabic, "the original where there is no translation"


def test_the_feed_says_all_that_rfc_4287_asks_for_and_keeps_its_ids(sqlite_app: Flask) -> None:
    letter = factories.letter()
    factories.load(factories.ARMENIAN)
    client = browser(sqlite_app)
    newsroom.update(letter, now=NOON, hy=ARMENIAN, en={"title": "A <b> & B", "body": "One & two."})
    found = feed(client)
    (entry,) = found.findall(f"{ATOM}entry")
    for element in (found, entry):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
    assert found.find(f"{ATOM}author/{ATOM}name").text == "Sample Union"
    assert entry.find(f"{ATOM}title").text == "A <b> & B"
    assert entry.find(f"{ATOM}content").attrib["type"] == "html"
    assert entry.find(f"{ATOM}content").text == "<p>One &amp; two.</p>\n"
    assert entry.find(f"{ATOM}updated").text == entry.find(f"{ATOM}published").text == "2026-07-01T12:00:00Z"
    links = {each.attrib["rel"]: each.attrib["href"] for each in found.findall(f"{ATOM}link")}
    assert links == {"self": f"http://localhost{ROAD}/updates.atom", "alternate": f"http://localhost{ROAD}/updates"}
    assert entry.find(f"{ATOM}link").attrib["href"] == f"http://localhost{ROAD}/updates/1"
    armenian = feed(client, "/hy")
    assert armenian.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "hy"
    assert armenian.find(f"{ATOM}entry/{ATOM}title").text == "Խորհուրդը պատասխանեց"
    ids = [each.text for each in (*found.iter(f"{ATOM}id"), *armenian.iter(f"{ATOM}id"))]
    assert len(set(ids)) == 4, "another entry in every language"
    assert [each.text for each in feed(client).iter(f"{ATOM}id")] == ids[:2]


def test_a_correction_shows_its_day_and_what_is_taken_down_says_so(sqlite_app: Flask) -> None:
    letter = factories.letter()
    client = browser(sqlite_app)
    made = newsroom.update(letter, now=NOON)
    with time_machine.travel(datetime(2026, 7, 3, 12, tzinfo=UTC), tick=False):
        better = writing.check(letter, {"en": {"title": "The council answers", "body": "It opens the road in May."}})
        assert writing.save(made, better, seen=made.revision, actor=COMMAND_LINE, now=factories.now())
    pages = (ROAD, f"{ROAD}/updates", f"{ROAD}/updates/1", f"{ROAD}/updates.atom")
    for page in pages[1:]:
        text = client.get(page).text
        assert "in May" in text
        assert "Corrected on 3 July 2026" in text
    assert feed(client).find(f"{ATOM}entry/{ATOM}updated").text == "2026-07-03T12:00:00Z"
    writing.take_down(made, actor=COMMAND_LINE, now=datetime(2026, 7, 4, 12, tzinfo=UTC))
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200
        assert "This update was taken down on 4 July 2026." in answer.text
        assert "in May" not in answer.text
        assert "The council answers" not in answer.text


def test_a_protected_letter_is_left_out_by_search_engines_and_its_feed_names_nobody(sqlite_app: Flask) -> None:
    letter = factories.letter(more="risk: protected\n")
    client = browser(sqlite_app)
    newsroom.update(letter)
    for page in (f"{ROAD}/updates", f"{ROAD}/updates/1", f"{ROAD}/updates.atom"):
        assert client.get(page).headers["X-Robots-Tag"] == "noindex"
    text = client.get(f"{ROAD}/updates.atom").text
    assert "Sample Union" not in text
    assert "council" not in text
    assert "<subtitle>0 signatures</subtitle>" in text
    assert "council" in client.get(f"{ROAD}/updates/1").text


def test_long_lists_are_read_page_by_page_and_odd_positions_are_refused(sqlite_app: Flask) -> None:
    letter = factories.letter()
    client = browser(sqlite_app)
    for number in range(12):
        newsroom.update(letter, en={"title": f"Number {number + 1}.", "body": "x"})
    first = client.get(f"{ROAD}/updates").text
    assert "Number 12." in first
    assert "Number 2." not in first
    assert f"{ROAD}/updates?before=3" in first
    second = client.get(f"{ROAD}/updates?before=3").text
    assert "Number 2." in second
    assert "Number 3." not in second
    assert "Older updates" not in second
    for odd in ("x", "-1", "²", "9" * 10):
        assert client.get(f"{ROAD}/updates", query_string={"before": odd}).status_code == 400
