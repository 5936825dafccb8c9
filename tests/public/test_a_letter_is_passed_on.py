"""Passing a letter on: plain links to other programs with the right words in them, a page of its own, a picture, a short address."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask

from petition.audit import COMMAND_LINE
from petition.exports import cards, paper
from petition.letters import operations, sharing
from petition.signatures import series
from tests import factories

SHARE = "/letters/open-the-road/share"
CARD = "/letters/open-the-road/card.png"
TITLE = "Բացե՛ք ճանապարհը"


def links(page: str) -> dict[str, str]:
    """Where each way of sharing leads."""
    part = page[page.index('<ul class="ways">') : page.index("</ul>", page.index('<ul class="ways">'))]
    found = re.findall(r'<a href="([^"]+)" rel="noopener noreferrer">([^<]+)</a>', part)
    return {label: unescape(href) for href, label in found}


def test_links_carry_the_title_the_words_and_a_tag_of_their_own(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    factories.letter()
    factories.load(factories.ARMENIAN)
    page = client.get(f"/hy{SHARE}")
    found = links(page.text)
    address = "http://localhost/hy/letters/open-the-road?s="
    mail = urlsplit(next(href for href in found.values() if href.startswith("mailto:")))
    said = parse_qs(mail.query)
    assert (mail.scheme, mail.path) == ("mailto", "")
    assert said["subject"] == [TITLE]
    assert said["body"][0].startswith(TITLE + "\r\n") and said["body"][0].endswith("\r\n\r\n" + address + "mail")
    assert "+" not in mail.query, "a mail program shows a plus sign as one"
    assert not re.search(r"[^!-~]", "".join(found.values())), "no blank and no letter beyond ASCII is left to the program"
    text = parse_qs(urlsplit(found["WhatsApp"]).query)["text"][0]
    assert text.startswith(TITLE) and text.endswith("\n" + address + "whatsapp")
    telegram = parse_qs(urlsplit(found["Telegram"]).query)
    assert telegram["url"] == [address + "telegram"] and telegram["text"][0].startswith(TITLE)
    assert parse_qs(urlsplit(found["X"]).query)["url"] == [address + "x"]
    assert parse_qs(urlsplit(found["Facebook"]).query) == {"u": [address + "facebook"]}
    assert f'readonly dir="ltr" value="{address}link"' in page.text
    assert page.headers["Content-Security-Policy"].count("script-src 'self'") == 1
    script = Path(str(sqlite_app.static_folder)) / "share.js"
    assert script.stat().st_size < 2_000
    assert links(client.get("/hy/letters/open-the-road").text).keys() >= {"WhatsApp", "X"}
    factories.sign(client, **factories.ANA, s="whatsapp")
    assert series.by_source(operations.find("open-the-road")) == [("whatsapp", 1)]


def test_the_organisers_words_go_out_in_their_language_and_the_letter_file_stays_as_it_is(sqlite_app: Flask) -> None:
    client, letter = sqlite_app.test_client(), factories.letter()
    before = operations.as_document(letter, "en").digest
    long = "Read this & pass it on: 100% of us sign. " * 6 + "Thank you, all."
    sharing.save(letter, {"en": long, "ar": "اقرأوا الرسالة ووقّعوها"}, actor=COMMAND_LINE, now=factories.now())
    assert operations.as_document(letter, "en").digest == before
    text = parse_qs(urlsplit(links(client.get(SHARE).text)["WhatsApp"]).query)["text"][0]
    assert text.startswith(long + "\n")
    short = parse_qs(urlsplit(links(client.get(SHARE).text)["X"]).query)["text"][0]
    assert len(long) == 261 and len(short) == 250 and short.endswith("…"), "a post has room for the link"
    page = client.get(f"/ar{SHARE}").text
    assert '<html lang="ar" dir="rtl">' in page
    assert unquote(urlsplit(links(page)["Telegram"]).query).endswith("text=اقرأوا الرسالة ووقّعوها")
    operations.set_status(letter, "closed", actor=COMMAND_LINE, now=factories.now())
    assert "sign it" not in unquote(links(client.get(f"/fr{SHARE}").text)["WhatsApp"])


def test_after_confirming_the_buttons_are_there_and_a_draft_has_none(sqlite_app: Flask) -> None:
    client, draft = sqlite_app.test_client(), factories.letter(status="draft")
    for address in (SHARE, CARD, f"/l/{draft.id}", "/l/99999", "/letters/open-the-road/act"):
        assert client.get(address).status_code == 404
    operations.set_status(draft, "open", actor=COMMAND_LINE, now=factories.now())
    token = factories.ask(client, **factories.ANA)
    assert "pass-on" not in client.get(f"/signature/{token}").text
    page = client.post(f"/signature/{token}", data={"action": "confirm"}, follow_redirects=True)
    assert links(page.text)["WhatsApp"].endswith("%3Fs%3Dwhatsapp")
    assert token not in "".join(links(page.text).values())
    factories.letter("in-danger", more="risk: protected\n")
    page = client.get("/letters/in-danger/share")
    assert page.headers["X-Robots-Tag"] == "noindex" and "may think that you signed it" in page.text
    assert "card.png" not in client.get("/letters/in-danger").text


def test_the_short_address_leads_to_the_letter_in_its_language_and_makes_a_coarser_code(sqlite_app: Flask) -> None:
    client, letter = sqlite_app.test_client(), factories.letter()
    factories.load(factories.ARMENIAN)
    answer = client.get(f"/l/{letter.id}")
    assert (answer.status_code, answer.location) == (302, "/letters/open-the-road?s=print")
    assert "s-maxage" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers
    assert client.get(f"/hy/l/{letter.id}?s=fair").location == "/hy/letters/open-the-road?s=fair"
    config = sqlite_app.config["PETITION"]
    sheet = paper.with_code({
        "lang": "en", "title": "x", "summary": "", "address": "https://letters.example.org/letters/open-the-road",
        "short": "https://letters.example.org/l/7",
    })  # fmt: skip
    assert sheet["address"].endswith("/l/7") and len(sheet["qr"]) == 29 and "/l/7" in sheet["qr_words"]
    same = paper.with_code(sheet | {"address": "https://a.org/letters/road", "short": "https://a.org/hy/l/7"})
    assert same["address"].endswith("/letters/road"), "what makes no smaller code is not shortened"
    assert paper.short_address(letter, "hy", config) == f"http://localhost/hy/l/{letter.id}"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of the cards that were set."""
    seen: list[str] = []
    real: Callable[..., None] = cards.typeset

    def watched(template: str, data: dict[str, str], *args: object, **more: object) -> None:
        seen.append(data["title"])
        real(template, data, *args, **more)

    monkeypatch.setattr(cards, "typeset", watched)
    return seen


def age(app: Flask, seconds: float) -> None:
    for each in (app.config["PETITION"].instance / "papers").glob("*.png"):
        os.utime(each, (time.time() - seconds,) * 2)


def test_a_card_is_made_once_for_a_count_and_shows_the_title_in_its_script(sqlite_app: Flask, made: list[str]) -> None:
    client, letter = sqlite_app.test_client(), factories.letter()
    factories.load(factories.ARMENIAN)
    first = client.get(CARD)
    assert first.mimetype == "image/png" and struct.unpack(">II", first.data[16:24]) == (1200, 630)
    assert "s-maxage" in first.headers["Cache-Control"] and "Set-Cookie" not in first.headers
    assert client.get(CARD, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.get(f"/fr{CARD}").data == first.data and client.get(f"/hy{CARD}").data != first.data
    assert made == ["Open the road", TITLE]
    assert f'<meta property="og:image" content="http://localhost{CARD}">' in client.get("/letters/open-the-road").text
    factories.sign(client, **factories.ANA)
    assert client.get(CARD).data == first.data, "a count that moves makes no new card at once"
    age(sqlite_app, cards.PACE + 1)
    with (sqlite_app.config["PETITION"].instance / "papers" / "turn-cards").open("a") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        assert client.get(CARD).data == first.data, "nobody waits while another one is made"
    assert client.get(CARD).data != first.data
    assert made == ["Open the road", TITLE, "Open the road"]
    assert [cards.step(number) for number in (0, 99, 100, 109, 1_299, 12_999)] == [0, 99, 100, 100, 1_200, 12_000]
    other = sqlite_app.config["PETITION"].instance / "papers" / f"{letter.id}-card-en-Latn-0.png"
    other.touch()
    age(sqlite_app, cards.PACE + 1)
    for number in range(2):
        factories.sign(client, **factories.ANA | {"name": "Mia Sample", "email": f"mia{number}@example.org"})
    assert client.get(CARD).data and other.exists(), "the card of another language is not taken for an earlier one"
    letter.risk = "protected"
    assert cards.sheet(letter, "en", sqlite_app.config["PETITION"])["counts"] == []


def test_the_card_of_a_protected_letter_says_nothing_of_it(sqlite_app: Flask, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    client, letter = sqlite_app.test_client(), factories.letter(more="risk: protected\n")
    factories.sign(client, **factories.ANA)
    said = cards.sheet(letter, "en", sqlite_app.config["PETITION"])
    assert (said["title"], said["senders"], said["counts"]) == ("", [], [])
    answer = client.get(CARD)
    assert answer.status_code == 200 and answer.headers["X-Robots-Tag"] == "noindex" and made == [""]
    factories.letter("unwritable")
    monkeypatch.setattr(cards, "typeset", failing)
    assert [client.get("/letters/unwritable/card.png").status_code for _ in range(2)] == [500, 500]
    assert len(list((sqlite_app.config["PETITION"].instance / "papers").glob("*.failed"))) == 1


def failing(*_args: object, **_more: object) -> None:
    raise cards.NoDocument
