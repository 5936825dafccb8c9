"""A real Chromium and a real server; without a browser these tests are skipped, under CI they fail."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from werkzeug.serving import make_server

from petition import create_app
from petition.db import dispose
from petition.letters import operations
from petition.upkeep import sample
from tests.conftest import CI, settings
from tests.factories import ARMENIAN, letter, load, now
from tests.serving import free_port

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if CI:
            raise AssertionError("no Chromium on this machine")
        pytest.skip("no Chromium on this machine: install the package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a served letter in English and Armenian, with forty invented signatories."""
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    port = free_port()
    app = create_app(settings(tmp_path, base_url=f"http://127.0.0.1:{port}"))
    with app.app_context():
        letter()
        load(ARMENIAN)
        sample.sign(operations.find("open-the-road"), 40, now=now(), config=app.config["PETITION"], progress=lambda _: None)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with app.app_context():
        yield f"http://127.0.0.1:{port}"
        server.shutdown()
        thread.join()
        server.server_close()
        dispose()


def _expected(words: str) -> bool:
    """A form that comes back is no fault of the page."""
    return "status of 422" in words or "status of 429" in words


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def phone(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A phone, with scripts and without; whatever its console or the content policy complains of fails the test."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=request.param == "with JavaScript")
    complaints: list[str] = []
    context.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" and not _expected(message.text) else None,
    )
    context.on("request", lambda sent: complaints.append(sent.url) if "127.0.0.1" not in sent.url else None)
    yield context
    context.close()
    assert not complaints
