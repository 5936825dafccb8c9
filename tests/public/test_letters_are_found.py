"""Search engines and feed readers are led to published letters in all their languages, and to nothing that is to stay quiet."""

from __future__ import annotations

from xml.etree import ElementTree

from petition.public import crawlers
from tests import factories
from tests.factories import ARMENIAN, letter

SITE = "http://localhost"
MAP, XHTML, ATOM = ("{http://www.sitemaps.org/schemas/sitemap/0.9}", "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2005/Atom}")


def read(client, address: str, kind: str) -> ElementTree.Element:
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert "stale-if-error" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    return ElementTree.fromstring(answer.data)


def test_the_sitemap_names_every_language_of_what_may_be_found(sqlite_app, monkeypatch):
    client = sqlite_app.test_client()
    letter()
    factories.load(ARMENIAN)
    letter("quiet", more="risk: protected\n")
    letter("not-yet", status="draft")
    assert f"Sitemap: {SITE}/sitemap.xml" in client.get("/robots.txt").text
    urls = {each.findtext(f"{MAP}loc"): each for each in read(client, "/sitemap.xml", "application/xml").findall(f"{MAP}url")}
    plain, armenian = f"{SITE}/letters/open-the-road", f"{SITE}/hy/letters/open-the-road"
    assert {address for address in urls if "letters/" in address} == {plain, armenian}
    assert {f"{SITE}/", f"{SITE}/hy/", f"{SITE}/ar/about"} <= urls.keys()
    for address in urls:
        assert client.get(address.removeprefix(SITE)).status_code == 200
    for address in (plain, armenian):
        links = {each.get("hreflang"): each.get("href") for each in urls[address].findall(f"{XHTML}link")}
        assert links == {"en": plain, "hy": armenian, "x-default": plain}
        assert urls[address].findtext(f"{MAP}lastmod")
    letter("another")
    monkeypatch.setattr(crawlers, "LETTERS_A_FILE", 1)
    files = [each.text for each in read(client, "/sitemap.xml", "application/xml").iter(f"{MAP}loc")]
    assert files == [f"{SITE}/sitemap-1.xml", f"{SITE}/sitemap-2.xml"]
    named = [each.text for file in files for each in read(client, file.removeprefix(SITE), "application/xml").iter(f"{MAP}loc")]
    assert sorted(named) == sorted([*urls, f"{SITE}/letters/another"])
    for number in (0, 3):
        assert client.get(f"/sitemap-{number}.xml").status_code == 404


def test_the_feed_of_letters_speaks_the_language_of_its_address(sqlite_app):
    client = sqlite_app.test_client()
    assert not read(client, "/letters.atom", "application/atom+xml").findall(f"{ATOM}entry")
    letter()
    factories.load(ARMENIAN)
    letter("second")
    letter("quiet", more="risk: protected\n")
    letter("not-yet", status="draft")
    for prefix, title in (("", "Open the road"), ("/hy", "Բացե՛ք ճանապարհը")):
        entries = read(client, f"{prefix}/letters.atom", "application/atom+xml").findall(f"{ATOM}entry")
        addresses = [each.find(f"{ATOM}link").get("href") for each in entries]
        assert addresses == [f"{SITE}{prefix}/letters/second", f"{SITE}{prefix}/letters/open-the-road"]
        assert entries[1].findtext(f"{ATOM}title") == title
        assert entries[1].findtext(f"{ATOM}id").startswith("urn:uuid:")
        assert entries[1].findtext(f"{ATOM}updated").endswith("Z")
    assert f'href="{SITE}/letters.atom"' in client.get("/").text
