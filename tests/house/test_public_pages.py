"""Public pages: no cookie, the same bytes for everybody, cacheable, nothing from elsewhere, and light."""

import gzip
import re

import pytest

from petition.config import data_folder
from tests.factories import ANA, letter, sign

CACHED = (
    "/",
    "/hy/",
    "/letters/open-the-road",
    "/hy/letters/open-the-road",
    "/letters/open-the-road/sign",
    "/letters/open-the-road/signatories",
    "/letters/open-the-road/integrity",
    "/letters/open-the-road/updates",
    "/letters/open-the-road/updates.atom",
    "/letters/open-the-road/share",
    "/letters/open-the-road/card.png",
    "/about",
    "/privacy",
    "/api/v1/letters",
    "/api/v1/letters/open-the-road",
)
SCRIPTED = ("/letters/open-the-road/share",)  # a file of our own, for what only a script can do
PRIVATE = ("/letters/open-the-road/check-your-inbox", "/letters/open-the-road/find", "/letters/open-the-road/follow", "/healthz", "/readyz")


@pytest.mark.parametrize("address", CACHED)
def test_a_page_for_readers_is_the_same_bytes_for_everybody_and_cacheable(client, address):
    letter()
    first = client.get(address)
    second = client.get(address, headers={"Cookie": "a=b", "Accept-Language": "ru", "User-Agent": "another"})
    assert first.status_code == 200
    assert first.data == second.data
    assert "public" in first.headers["Cache-Control"]
    assert "s-maxage" in first.headers["Cache-Control"]
    assert "stale-if-error" in first.headers["Cache-Control"]
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("address", CACHED + PRIVATE)
def test_no_public_page_sets_a_cookie_or_varies_by_one(client, address):
    letter()
    answer = client.get(address)
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("address", PRIVATE)
def test_pages_of_the_moment_are_not_stored(client, address):
    letter()
    assert client.get(address).headers["Cache-Control"] == "no-store"


def test_signing_sets_no_cookie(client):
    letter()
    token = sign(client, **ANA)
    answer = client.get(f"/signature/{token}")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_no_page_asks_another_site_for_anything(client):
    letter()
    for address in CACHED + PRIVATE:
        page = client.get(address)
        if page.mimetype != "text/html":
            continue
        assert not re.findall(r'(?:src|action)="(?:https?:)?//', page.text)
        assert page.text.count("<script") == (address in SCRIPTED)
    assert "http" not in (data_folder("static") / "site.css").read_text(encoding="utf-8")


def test_the_letter_page_and_its_stylesheet_are_under_forty_kilobytes(client):
    from petition.audit import COMMAND_LINE
    from petition.letters import document, operations
    from petition.signatures import directory
    from tests.factories import now

    for language in ("en", "hy"):
        path = data_folder("letters") / f"artsakh-ngos.{language}.md"
        operations.load(
            document.read(path.read_text(encoding="utf-8"), path.name),
            file=path.name,
            signed=directory.anybody,
            actor=COMMAND_LINE,
            now=now(),
        )
    operations.set_status(operations.find("artsakh-ngos"), "open", actor=COMMAND_LINE, now=now())
    style = gzip.compress((data_folder("static") / "site.css").read_bytes())
    for address in ("/letters/artsakh-ngos", "/hy/letters/artsakh-ngos"):
        page = client.get(address).data
        assert len(gzip.compress(page)) + len(style) < 40_000
        assert page.count(b'rel="stylesheet"') == 1


def test_every_language_has_its_address_and_its_direction(client):
    letter()
    page = client.get("/ar/letters/open-the-road").text
    assert '<html lang="ar" dir="rtl">' in page
    assert '<article class="letter" lang="en" dir="ltr">' in page
    assert client.get("/xx/letters/open-the-road").status_code == 404
