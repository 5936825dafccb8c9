"""What a browser sends from the form in which a letter is written."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

EDIT = "/admin/letters/open-the-road/edit"


def fields(page: TestResponse | str) -> dict[str, str]:
    """Every field of the page's form with its value, as it would be sent; buttons apart."""
    text = page if isinstance(page, str) else page.text
    text = text[text.index('<main id="main"') :]
    found = {}
    for tag in re.findall(r"<input [^>]*>", text):
        name, value, kind = (re.search(rf' {each}="([^"]*)"', tag) for each in ("name", "value", "type"))
        if name and (kind is None or kind[1] not in ("radio", "checkbox") or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, value in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', text, re.DOTALL):
        found[name] = re.sub("\r?\n", "\r\n", html.unescape(value))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', options) or re.search(r'value="([^"]*)"', options)
        found[name] = chosen[1] if chosen else ""
    return found


def press(browser: FlaskClient, page: TestResponse | str, do: str, address: str = EDIT, **typed: Any) -> TestResponse:
    """Type into the page that is open and press a button."""
    shown = browser.get(page) if isinstance(page, str) else page
    values = fields(shown)
    values |= {name if name in values else name.replace("_", "-"): value for name, value in typed.items()}
    # Written out here, since the client's own would leave temporary files behind for long letters.
    part = '--part\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = "".join(part.format(name, value) for name, value in (values | {"do": do}).items()) + "--part--\r\n"
    return browser.post(address, data=body.encode(), content_type="multipart/form-data; boundary=part")


def write(browser: FlaskClient, address: str = EDIT, **typed: Any) -> TestResponse:
    """Save what is typed, having looked at what would change where that is asked."""
    answer = press(browser, address, "save", address, **typed)
    return press(browser, answer, "save", address) if answer.status_code == 200 else answer
