"""Pictures of the public pages in every state, to be looked at: `python -m tests.pictures FOLDER`; no part of the suite."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from petition import create_app
from petition.letters import operations
from petition.upkeep import sample
from tests import factories
from tests.conftest import settings
from tests.serving import free_port

WIDTHS, SCHEMES, LANGUAGES = (360, 768, 1440), ("light", "dark"), ("", "/hy", "/ar")
LONG = {
    "name": "María del Carmen Hernández-Rodríguez de la Santísima Trinidad y Todos los Santos von und zu Hohenlohe",
    "organisation": "Wissenschaftskommunikationsarbeitsgemeinschaftsvorsitzendenkonferenz",
}
PLAIN = ("/", "/about", "/privacy", "/nothing-here", "/signature/nothing")
ABOUT = ("sign", "signatories", "integrity", "versions", "updates", "follow", "find", "check-your-inbox")


def states(app: Flask) -> dict[str, str]:
    """A letter in every state and a signature in every state; returns their addresses by name."""
    found = {}
    opens = f"opens: {factories.now() + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}\n"
    risk = "risk: protected\n"
    for name, status, more in (
        ("empty", "open", ""), ("one", "open", ""), ("near", "open", ""), ("paused", "paused", ""), ("closed", "closed", ""),
        ("upcoming", "open", opens), ("protected", "open", risk),
    ):  # fmt: skip
        factories.letter(name, status=status, more=more)
        found[f"letter-{name}"] = f"/letters/{name}"
    factories.load(factories.ARMENIAN.replace("open-the-road", "near"))
    sample.sign(operations.find("near"), 97, now=factories.now(), config=app.config["PETITION"], progress=lambda _: None)
    for name, fields in (("thanks", factories.ANA), ("held", factories.UNION), ("long", factories.ARAM | LONG)):
        found[name] = sign(app, "one", fields)
    found["withdrawn"] = sign(app, "one", factories.ANA | {"email": "another@example.org"}, then="withdraw")
    found["confirm"] = sign(app, "one", factories.ANA | {"email": "third@example.org"}, press=False)
    found["standing"] = sign(app, "one", factories.ANA)
    found["protected-form"] = "/letters/protected/sign"
    return found | {f"near-{each}": f"/letters/near/{each}" for each in ABOUT} | {each.strip("/") or "home": each for each in PLAIN}


def sign(app: Flask, slug: str, fields: dict[str, str], *, press: bool = True, then: str = "") -> str:
    """Sign a letter; returns the address that the signatory lands at."""
    reader = app.test_client()
    reader.post(f"/letters/{slug}/sign", data=fields)
    link = f"/signature/{factories.last_token()}"
    for action in ("confirm", then) if press else ():
        if action:
            link = str(reader.post(link.partition("?")[0], data={"action": action}).location)
    return link


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A site with all of it; gives its address and the pages by name."""
    base = f"http://127.0.0.1:{free_port()}"
    app = create_app(settings(folder, base_url=base))
    with app.app_context():
        upgrade()
        pages = states(app)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", int(base.rpartition(":")[2]), app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield base, pages
    server.shutdown()


def faults(page: Page, base: str) -> None:
    """The form as it comes back."""
    page.goto(f"{base}/letters/near/sign")
    page.locator("#name").fill("Ana Sample")
    page.locator(".sign-form button").click()


def look(browser: Browser, base: str, pages: dict[str, str], folder: Path) -> None:
    """Every page at every width, in both schemes and three languages."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            for language in LANGUAGES:
                for name, path in pages.items():
                    page.goto(base + language + path)
                    page.screenshot(path=folder / f"{name}{language.replace('/', '-')}-{width}-{scheme}.png", full_page=True)
            faults(page, base)
            page.screenshot(path=folder / f"faults-{width}-{scheme}.png", full_page=True)
            page.close()


def main() -> None:
    """Write the pictures."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as data, served(Path(data)) as (base, pages), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        look(browser, base, pages, folder)
        browser.close()


if __name__ == "__main__":
    main()
