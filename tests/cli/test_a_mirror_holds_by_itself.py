"""`petition mirror`: a folder of files that holds by itself, names nobody unasked, and says how it is checked."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

import pytest

from petition import create_app
from petition.db import dispose
from petition.updates import writing
from tests.conftest import settings
from tests.factories import ANA, ARMENIAN, UNION, letter, load, now, sign
from tests.forked import run
from tests.newsroom import update
from tests.public.reading import Reading

SITE = "https://letters.example.org"


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a signed letter in two languages and its news, and letters in every other state."""
    here = tmp_path_factory.mktemp("site")
    shutil.copy(sqlite_template, here / "petition.sqlite3")
    app = create_app(settings(here))
    with app.app_context():
        found = letter(body="See [the other one](https://letters.example.org/letters/paused) and [a place](https://elsewhere.example/).")
        load(ARMENIAN)
        for status in ("paused", "closed", "draft"):
            letter(status, status=status)
        letter("protected", more="risk: protected\n")
        letter("upcoming", more=f"opens: {(now() + timedelta(days=3)).date()}\n")
        sign(app.test_client(), **ANA)
        sign(app.test_client(), **UNION)
        for _ in range(writing.A_PAGE + 1):
            update(found)
        dispose()
    return here


def mirror(site: Path, folder: Path, *more: str) -> CompletedProcess[str]:
    return run("mirror", str(folder), *more, PETITION_MODE="development", PETITION_INSTANCE=str(site), PETITION_BASE_URL=SITE,
               PETITION_LANGUAGES="en,hy")  # fmt: skip


@pytest.fixture(scope="module")
def made(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "copy"
    found = mirror(site, folder)
    assert found.returncode == 0, found.stderr
    assert str(folder) in found.stdout and list(folder.parent.iterdir()) == [folder]
    return folder


def pages(folder: Path) -> dict[Path, Reading]:
    return {file: Reading(file.read_text(encoding="utf-8")) for file in sorted(folder.rglob("*.html"))}


def crawl(folder: Path) -> set[str]:
    """Follow every link of every page; returns the addresses of the site itself that were found."""
    found, there = pages(folder), set()
    for file, page in found.items():
        where = file.relative_to(folder)
        assert page.html["lang"] and page.html["dir"] in ("ltr", "rtl") and page.title, where
        assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("aside") == 1, where
        assert not {"script", "form", "iframe", "input", "button"} & set(page.tags), where
        for address in page.loads + page.links:
            parts = urlsplit(address)
            if parts.scheme:
                assert address in page.links and parts.scheme in ("https", "mailto"), (where, address)
                there |= {address} if address.startswith(SITE) else set()
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.is_file() and target.is_relative_to(folder), (where, address)
            if parts.fragment and target in found:
                assert parts.fragment in found[target].ids, (where, address)
    assert {folder / "index.html", folder / "hy/index.html", folder / "hy/letters/open-the-road/updates/page-2/index.html"} <= set(found)
    return there


def test_every_link_holds_and_the_button_opens_the_site(made: Path) -> None:
    there = crawl(made)
    road = "letters/open-the-road"
    assert {f"{SITE}/{road}/sign", f"{SITE}/hy/{road}/sign", f"{SITE}/{road}/signatories"} <= there
    first = (made / "letters/open-the-road/index.html").read_text(encoding="utf-8")
    assert 'href="../paused/index.html"' in first and 'href="https://elsewhere.example/"' in first
    assert "About this site" in (made / "about/index.html").read_text(encoding="utf-8")
    assert "About this site" not in (made / "hy/about/index.html").read_text(encoding="utf-8")
    for slug in ("paused", "closed", "upcoming"):
        assert f"{SITE}/letters/{slug}/sign" not in there
    assert not (made / "letters/draft").exists()


def test_nobody_is_named_unasked_and_nobody_protected_ever(site: Path, made: Path, tmp_path: Path) -> None:
    names = ("Ana Sample", "Sample Union of Bakers", "bakers.example.org")
    everything = "".join(file.read_text(encoding="utf-8") for file in made.rglob("*.html"))
    assert not [name for name in names if name in everything]
    assert '<strong>1</strong> person' in everything
    assert mirror(site, tmp_path / "named", "--names").returncode == 0
    crawl(tmp_path / "named")
    listed = (tmp_path / "named/hy/letters/open-the-road/signatories/index.html").read_text(encoding="utf-8")
    assert "Ana Sample" in listed and 'content="noindex"' in listed
    assert not (tmp_path / "named/letters/protected/signatories").exists()


def test_each_page_says_what_it_is_and_the_text_can_be_checked(made: Path) -> None:
    said = json.loads((made / "mirror.json").read_text())
    assert (said["made_by"], said["original"], said["names"]) == ("petition mirror", SITE, False)
    for language in ("", "hy/"):
        beside = (made / f"{language}letters/open-the-road/canonical.txt").read_bytes()
        fingerprint = hashlib.sha256(beside).hexdigest()
        page = (made / f"{language}letters/open-the-road/index.html").read_text(encoding="utf-8")
        assert fingerprint in page and 'href="canonical.txt"' in page and f'href="{SITE}/{language}letters/open-the-road"' in page
        assert (made / f"letters/open-the-road/text/{fingerprint}.txt").read_bytes() == beside
        assert "Content-Security-Policy" in page.partition("<title>")[0]
    assert "ճանապարհից".encode() in (made / "hy/letters/open-the-road/canonical.txt").read_bytes()
    assert 'content="noindex"' in (made / "letters/protected/versions/index.html").read_text(encoding="utf-8")


def test_any_static_server_shows_it_under_any_path(made: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(made.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}/copy"
        for place, kind in (("/", "text/html"), ("/hy/letters/open-the-road/", "text/html"), ("/static/site.css", "text/css")):
            with urlopen(base + place) as answer:
                assert answer.status == 200 and answer.headers["Content-Type"].startswith(kind)
        server.shutdown()


def test_an_earlier_mirror_is_replaced_whole_and_nothing_else_ever(site: Path, made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    shutil.copytree(made, folder)
    (folder / "old.html").write_text("of an earlier mirror")
    shutil.copytree(made, tmp_path / ".web.999999999.part")  # of a run that was killed
    assert mirror(site, folder).returncode == 0
    assert not (folder / "old.html").exists() and (folder / "index.html").exists()
    assert list(tmp_path.iterdir()) == [folder]
    file, nowhere = site / "petition.sqlite3", tmp_path / "no" / "where"
    for target, words in ((site, "is not empty"), (file, "is a file"), (nowhere, "There is no folder")):
        refused = mirror(site, target)
        assert refused.returncode == 1 and words in refused.stderr and "Traceback" not in refused.stderr
    assert (site / "petition.sqlite3").exists()
