"""Public pages: no cookie, the same bytes for everybody, cacheable, nothing from elsewhere, and light."""

import gzip
import hashlib
import json
import re

import pytest

from petition.config import data_folder
from tests.factories import ANA, ARMENIAN, letter, load, sign

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
PRIVATE = (
    "/letters/open-the-road/check-your-inbox", "/code", "/letters/open-the-road/find", "/letters/open-the-road/follow",
    "/healthz", "/readyz",
)  # fmt: skip


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
    digest = hashlib.sha256((data_folder("static") / "count.js").read_bytes()).hexdigest()[:12]
    for address in CACHED + PRIVATE:
        page = client.get(address)
        if page.mimetype != "text/html":
            continue
        assert not re.findall(r'(?:src|action)="(?:https?:)?//', page.text)
        scripts = re.findall(r"<script ([^>]*)>", page.text)
        counting = f'src="/static/count.js?v={digest}" defer'
        if address in SCRIPTED:
            assert len(scripts) == 1
            assert scripts[0].startswith('src="/static/share.js?v=')
        else:
            assert scripts == (['type="application/ld+json"', counting] if re.fullmatch("(/hy)?/letters/[^/]+", address) else []), address
        assert ("script-src" in page.headers["Content-Security-Policy"]) == (counting in scripts or address in SCRIPTED)
    assert "http" not in (data_folder("static") / "site.css").read_text(encoding="utf-8")


def test_the_head_says_where_the_page_is_and_what_it_is(sqlite_app):
    reader = sqlite_app.test_client()
    letter()
    load(ARMENIAN.replace("Օրինակելի միություն", "Միություն </script>"))
    sign(reader, **ANA)
    base = "http://localhost"
    for path, own in (("/letters/open-the-road", "en"), ("/hy/letters/open-the-road", "hy"), ("/ar/letters/open-the-road", "en")):
        page = reader.get(path).text
        address = base + {"en": "", "hy": "/hy"}[own] + "/letters/open-the-road"
        assert f'<link rel="canonical" href="{address}">' in page, "one address for one text"
        assert f'<meta property="og:url" content="{address}">' in page
        spoken = dict(re.findall(r'rel="alternate" hreflang="([^"]+)" href="([^"]+)"', page))
        assert spoken == {
            "en": f"{base}/letters/open-the-road", "hy": f"{base}/hy/letters/open-the-road", "x-default": f"{base}/letters/open-the-road"
        }, "languages that the letter speaks"  # fmt: skip
        found = json.loads(re.search(r'<script type="application/ld\+json">(.+?)</script>', page)[1])
        assert (found["inLanguage"], found["url"]) == (own, address)
        assert found["interactionStatistic"]["userInteractionCount"] == 1
        assert found["author"] == [{"@type": "Organization", "name": "Sample Union" if own == "en" else "Միություն </script>"}]
    letter("in-danger", more="risk: protected\n")
    page = reader.get("/letters/in-danger").text
    assert "ld+json" not in page and "og:" not in page, "a letter whose signatories are in danger is not passed around by machines"


def test_what_anybody_may_keep_is_sent_compressed_and_what_is_private_is_not(sqlite_app):
    letter()
    reader, takes = sqlite_app.test_client(), {"Accept-Encoding": "gzip, br"}
    for address in ("/letters/open-the-road", "/letters/open-the-road/sign", "/static/site.css", "/static/count.js"):
        plain, sent = reader.get(address), reader.get(address, headers=takes)
        assert sent.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
        assert gzip.decompress(sent.data) == plain.data and int(sent.headers["Content-Length"]) == len(sent.data)
        assert "Accept-Encoding" in plain.headers["Vary"] and "Accept-Encoding" in sent.headers["Vary"], "caches keep both apart"
        again = reader.get(address, headers=takes | {"If-None-Match": sent.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        for answer in (plain, sent, again):
            answer.close()
    private = f"/signature/{sign(reader, **ANA)}"
    for address in (private, "/letters/open-the-road/find", "/nothing-here"):
        assert "Content-Encoding" not in reader.get(address, headers=takes).headers, address


def test_the_letter_page_with_all_that_it_loads_is_under_thirty_kilobytes(client):
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
    loaded = [len(gzip.compress((data_folder("static") / name).read_bytes())) for name in ("site.css", "count.js", "favicon.svg")]
    assert loaded[0] < 12_000
    for address in ("/letters/artsakh-ngos", "/hy/letters/artsakh-ngos"):
        page = client.get(address).data
        assert len(gzip.compress(page)) + sum(loaded) < 30_000
        assert page.count(b'rel="stylesheet"') == 1


def test_every_language_has_its_address_and_its_direction(client):
    letter()
    page = client.get("/ar/letters/open-the-road").text
    assert '<html lang="ar" dir="rtl">' in page
    assert '<article class="letter" lang="en" dir="ltr">' in page
    assert client.get("/xx/letters/open-the-road").status_code == 404
