"""A letter's card: the one page that other sites may frame, the code for it, and oEmbed for programs."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from petition.config import data_folder
from tests import factories
from tests.conftest import _Checking
from tests.factories import ANA, ARMENIAN, UNION, letter, sign

CARD = "/letters/open-the-road/embed"
SITE = "http://localhost"


@pytest.fixture
def reader(sqlite_app):
    sqlite_app.test_client_class = _Checking
    return sqlite_app.test_client()


def asked(address: str, **more: str) -> str:
    return f"/oembed?url={quote(address, safe='')}" + "".join(f"&{name}={value}" for name, value in more.items())


def test_the_card_alone_may_be_framed_and_is_small_and_the_same_for_all(reader):
    letter()
    factories.load(ARMENIAN)
    sign(reader, **ANA)
    sign(reader, **UNION)
    card = reader.get(CARD)
    policy = card.headers["Content-Security-Policy"]
    assert "frame-ancestors *" in policy and "default-src 'none'" in policy and "script-src" not in policy
    assert "X-Frame-Options" not in card.headers and "Set-Cookie" not in card.headers
    assert card.headers["X-Robots-Tag"] == "noindex" and "stale-if-error" in card.headers["Cache-Control"]
    assert reader.get(CARD, headers={"If-None-Match": card.headers["ETag"]}).status_code == 304
    assert f'href="{SITE}/letters/open-the-road" target="_blank" rel="noopener">Read and sign</a>' in card.text
    assert "<strong>1</strong> person" in card.text and "1 of 100" in card.text
    assert "<script" not in card.text and "Ana Sample" not in card.text
    assert len(card.data) + len((data_folder("static") / "embed.css").read_bytes()) < 6000
    for other in ("/letters/open-the-road", f"{CARD}/code", "/letters/nowhere/embed", "/oembed", "/"):
        answer = reader.get(other)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], other
        assert answer.headers["X-Frame-Options"] == "DENY"
    armenian = reader.get(f"/hy{CARD}").text
    assert "Բացե՛ք ճանապարհը" in armenian and f'href="{SITE}/hy/letters/open-the-road"' in armenian
    arabic = reader.get(f"/ar{CARD}").text
    assert '<html lang="ar" dir="rtl">' in arabic and '<h1 lang="en" dir="ltr">' in arabic


def test_a_draft_has_no_card_a_closed_letter_asks_nobody_to_sign_and_a_protected_one_shows_its_numbers(reader):
    letter("hidden", status="draft")
    letter("over", status="closed")
    letter(more="risk: protected\n")
    sign(reader, **ANA, visibility="public")
    for draft in ("/letters/hidden/embed", "/letters/hidden/embed/code", asked(f"{SITE}/letters/hidden")):
        assert reader.get(draft).status_code == 404
    closed = reader.get("/letters/over/embed").text
    assert "Read and sign" not in closed and "Read the letter" in closed and "closed" in closed
    assert "<strong>1</strong> person" in reader.get(CARD).text


def test_programs_find_and_get_the_card_in_json_and_xml(reader):
    letter()
    factories.load(ARMENIAN)
    page = reader.get("/hy/letters/open-the-road").text
    found = re.search(r'<link rel="alternate" type="application/json\+oembed"[^>]* href="([^"]+)"', page)
    answer = reader.get(unescape(found[1]).removeprefix(SITE))
    card = answer.json
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "Set-Cookie" not in answer.headers
    assert (card["version"], card["type"], card["title"], card["provider_url"]) == ("1.0", "rich", "Բացե՛ք ճանապարհը", SITE)
    assert card["html"] == (
        f'<blockquote><a href="{SITE}/hy/letters/open-the-road">Բացե՛ք ճանապարհը</a></blockquote>'
        f'<iframe src="{SITE}/hy/letters/open-the-road/embed" title="Բացե՛ք ճանապարհը" width="{card["width"]}" height="{card["height"]}" '
        f'frameborder="0" loading="lazy"><a href="{SITE}/hy/letters/open-the-road">Բացե՛ք ճանապարհը</a></iframe>'
    )
    small = reader.get(asked(f"{SITE}/letters/open-the-road?s=news#sign", maxwidth="320", maxheight="200", dnt="1")).json
    assert (small["width"], small["height"]) == (320, 200) and 'width="320" height="200"' in small["html"]
    xml = reader.get(asked(f"{SITE}/hy/letters/open-the-road", format="xml"))
    assert xml.mimetype == "text/xml"
    assert {each.tag: each.text for each in ElementTree.fromstring(xml.data)} == {name: str(value) for name, value in card.items()}
    assert reader.get(asked(f"{SITE}{CARD}")).json["title"] == "Open the road"


def test_the_title_of_a_letter_stays_text_in_the_code(reader):
    factories.load(factories.ORIGINAL.format(slug="open-the-road", body="Words.", more="").replace("Open the road", "\"A <b> & 'c'\"", 1))
    from petition.letters import operations

    operations.set_status(operations.find("open-the-road"), "open", actor=factories.COMMAND_LINE, now=factories.now())
    html = reader.get(asked(f"{SITE}/letters/open-the-road")).json["html"]
    assert "<b>" not in html and html.count("A &lt;b&gt; &amp; &#39;c&#39;") == 3
    page = reader.get(f"{CARD}/code").text
    code = unescape(re.search(r'<textarea id="embed-frame"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1])
    assert code.startswith(f'<iframe src="{SITE}{CARD}" title="A &lt;b&gt;') and code.endswith("</a></iframe>")


def test_what_has_no_card_is_refused_in_json(reader):
    letter()
    for query, status, code in (
        ("", 400, "bad_request"),
        (f"?url={SITE}/letters/open-the-road&format=yaml", 501, "unsupported_format"),
        (f"?url={SITE}/letters/open-the-road&maxwidth=0", 400, "bad_request"),
        (f"?url={SITE}/letters/open-the-road&maxheight=x", 400, "bad_request"),
        (f"?url={SITE}/letters/nowhere", 404, "not_found"),
        (f"?url={SITE}/privacy", 404, "not_found"),
        (f"?url={SITE}/letters/open-the-road/sign", 404, "not_found"),
        (f"?url={SITE}/admin/", 404, "not_found"),
        (f"?url={SITE}/letters/%2500", 404, "not_found"),
        ("?url=http://elsewhere.example.org/letters/open-the-road", 404, "not_found"),
        ("?url=http://[", 404, "not_found"),
        ("?url=javascript:alert(1)", 404, "not_found"),
    ):
        answer = reader.get(f"/oembed{query}")
        assert (answer.status_code, answer.json["error"]["code"]) == (status, code), query
