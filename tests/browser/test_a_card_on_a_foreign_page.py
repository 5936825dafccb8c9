"""The code that is copied into somebody else's page shows the card there, and its button leads to the real letter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.browser
FOREIGN = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Elsewhere</title><link rel="icon" href="data:,">{}'


class _Foreign(BaseHTTPRequestHandler):
    """Another site, whose policy lets in frames of ours and nothing more."""

    body = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'none'; img-src data:; frame-src http://127.0.0.1:*")
        self.end_headers()
        self.wfile.write(FOREIGN.format(self.body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of another origin on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Foreign)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_copied_code_shows_the_card_and_leads_to_the_letter(phone, site, elsewhere):
    page = phone.new_page()
    page.goto(f"{site}/ar/letters/open-the-road/embed/code")
    code = page.locator("#embed-frame").input_value()
    assert unescape(code) == code  # the title has nothing that is written differently in code
    _Foreign.body = code
    for width in (240, 320, 640):
        page.set_viewport_size({"width": width + 16, "height": 700})
        page.goto(elsewhere)
        card = page.frame_locator("iframe")
        card.get_by_role("heading", level=1).wait_for()
        assert card.get_by_role("heading", level=1).inner_text() == "Open the road"
        frame = page.frames[1]
        assert frame.url == f"{site}/ar/letters/open-the-road/embed"
        assert frame.evaluate("getComputedStyle(document.querySelector('.act')).display") == "block"  # the stylesheet came
        for side in ("Width", "Height"):
            assert frame.evaluate(f"document.documentElement.scroll{side} <= document.documentElement.client{side}"), width
    with phone.expect_page() as opened:
        card.locator("a.act").click()
    letter = opened.value
    letter.wait_for_load_state()
    assert letter.url == f"{site}/ar/letters/open-the-road"
    assert letter.locator("#sign").count() == 1
    assert letter.evaluate("window.opener") is None


def test_no_other_page_of_ours_shows_in_a_frame(browser, site, elsewhere):
    context = browser.new_context()
    page = context.new_page()
    _Foreign.body = f'<iframe src="{site}/letters/open-the-road/sign"></iframe>'
    page.goto(elsewhere)
    page.wait_for_load_state()
    assert page.frames[1].url.startswith("chrome-error:")
    context.close()
