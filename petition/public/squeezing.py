"""Answers that anybody may keep go compressed to whoever takes them so, since a bad line is slower than any processor."""

from __future__ import annotations

import functools
import gzip

from flask import Flask, Response, request

TEXT = {
    "text/html", "text/css", "text/javascript", "application/javascript", "text/plain", "application/json", "application/atom+xml",
    "image/svg+xml",
}  # fmt: skip
WORTHWHILE = 600


def init_app(app: Flask) -> None:
    """Compress what leaves the application; what is private stays as it is, so that its length tells nothing of a secret in it."""
    app.after_request(_squeeze)


def _squeeze(response: Response) -> Response:
    kept = response.headers.get("Cache-Control", "")
    if "public" not in kept or response.mimetype not in TEXT or response.status_code not in (200, 304):
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code == 304 or not request.accept_encodings["gzip"] or response.headers.get("Content-Encoding"):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) >= WORTHWHILE:
        response.set_data(_file(body) if request.endpoint == "static" else gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag:  # other bytes of the same page
            response.set_etag(tag, weak=True)
    return response


@functools.lru_cache(maxsize=16)
def _file(body: bytes) -> bytes:
    """A static file is compressed once."""
    return gzip.compress(body, 9, mtime=0)
