"""A walk from `/` over every public page: each link holds, nothing is loaded from elsewhere, and no page forgets what it owes."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient

from petition import create_app
from petition.db import dispose
from petition.updates import writing
from tests.conftest import settings
from tests.factories import ANA, ARMENIAN, UNION, letter, load, now, sign
from tests.newsroom import update
from tests.public.reading import Reading

SITE = "http://localhost"
OWN_POLICY = "default-src 'none'"
FEW = 400  # pages; a walk that does not end is a list that leads into itself


def site(folder: Path, template: Path) -> Flask:
    """Letters in every state a reader can meet, one of them signed, in two languages and with news."""
    shutil.copy(template, folder / "petition.sqlite3")
    app = create_app(settings(folder, languages="en,hy"))
    with app.app_context():
        found = letter()
        load(ARMENIAN)
        for status in ("paused", "closed", "draft"):
            letter(status, status=status)
        letter("protected", more="risk: protected\n")
        letter("upcoming", more=f"opens: {(now() + timedelta(days=3)).date()}\n")
        for _ in range(writing.A_PAGE + 1):
            update(found)
        for who in (ANA, UNION):
            sign(app.test_client(), **who)
        dispose()
    return app


def fetch(app: Flask, client: FlaskClient, address: str) -> Reading | None:
    """Ask for a page and judge it by itself."""
    answer = client.get(address, buffered=True)
    assert answer.status_code == 200, (address, answer.status_code)
    assert "Set-Cookie" not in answer.headers, address
    assert answer.headers["Content-Security-Policy"].startswith(OWN_POLICY), address
    if answer.mimetype == "text/css":
        assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", answer.text), address
    if answer.mimetype != "text/html":
        return None
    page = Reading(answer.text)
    assert page.html.get("lang") and page.html.get("dir") in ("ltr", "rtl") and page.title.strip(), address
    assert page.tags.count("h1") == page.tags.count("main") == 1, address
    return page


def test_every_link_from_the_first_page_holds(sqlite_template: Path, tmp_path: Path) -> None:
    app = site(tmp_path, sqlite_template)
    client = app.test_client()
    waiting, seen, pages = ["/"], {"/"}, dict[str, Reading]()
    while waiting:
        address = waiting.pop()
        page = fetch(app, client, address)
        if page is None:
            continue
        pages[address] = page
        for found in page.loads + page.links + [form.get("action", "") for form in page.forms]:
            parts = urlsplit(urljoin(SITE + address, found))
            inside = f"{parts.scheme}://{parts.netloc}" == SITE
            assert inside or (found in page.links and parts.scheme in ("https", "http", "mailto")), (address, found)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            if not inside or path in seen:
                continue
            seen.add(path)
            assert len(seen) < FEW, path
            if parts.path.endswith(".pdf"):  # made by the letter, and shown by tests of its own
                app.url_map.bind("localhost").match(parts.path)
            else:
                waiting.append(path)
    assert {"/hy/letters/open-the-road", "/letters/protected", "/letters/upcoming/versions", "/hy/letters/closed/integrity"} <= set(pages)
    assert not [path for path in seen if "draft" in path]
    for address, page in pages.items():
        for found in page.links:
            where, _, fragment = found.partition("#")
            target = pages.get(where or address)
            assert not fragment or target is None or fragment in target.ids, (address, found)
