"""The walk of `petition mirror`: every public page asked of the application itself, and written as a file beside the others."""

from __future__ import annotations

import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from datetime import datetime
from urllib.parse import parse_qsl, urljoin, urlsplit

import click
from flask import Flask, g, render_template
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from petition.cli import offline
from petition.letters import operations as letters
from petition.signatures import directory
from petition.updates import writing

# Puts bytes under a name in the folder.
Write = Callable[[str, bytes], None]

_PAGES = {"home", "about", "privacy"}
_OF_A_LETTER = {"letter", "versions", "integrity", "updates"}
_STYLE = "static/mirror.css"
_IN_A_STYLESHEET = re.compile(rb"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)")
CHUNK = 100  # updates asked for at once


class Walk:
    """One mirror being written: what belongs to it, and where each page of it lies."""

    def __init__(self, app: Flask, write: Write, *, names: bool, made_at: datetime) -> None:
        self.app, self.write, self.names, self.made_at = app, write, names, made_at
        self.config = app.config["PETITION"]
        self.client: FlaskClient = app.test_client(use_cookies=False)
        self.routes = app.url_map.bind("localhost")
        self.originals = {each.slug: each.original_language for each in letters.listed()}
        self.protected = {each.slug for each in letters.listed() if each.protected}
        self.assets: dict[str, str] = {}
        # Of the letter that is being written.
        self.slug, self.fingerprints, self.updates = "", frozenset[str](), frozenset[int]()

    @property
    def steps(self) -> int:
        """How many steps `run` takes."""
        return (len(self.originals) + 1) * len(self.config.languages)

    def run(self) -> Iterator[None]:
        """Write everything, step by step."""
        with directory.nameless() if not self.names else nullcontext():
            self._put(_STYLE, self._fetch(f"/{_STYLE}"))
            for language in self.config.languages:
                for page in ("/", "/about", "/privacy"):
                    self._chain(self._address(page, language), language)
                yield
            for slug in self.originals:
                yield from self._letter(slug)

    def _letter(self, slug: str) -> Iterator[None]:
        found = letters.find_published(slug)
        texts = {each.fingerprint: None for version in found.versions for each in version.texts}
        self.slug, self.fingerprints, self.updates = slug, frozenset(texts), frozenset(_updates(slug))
        for fingerprint in texts:
            self._exact(f"/letters/{slug}/text/{fingerprint}.txt", fingerprint)
        translated = {each.language for each in found.translations}
        shown = {each: letters.text_shown(found, each if each in translated else found.original_language).fingerprint
                 for each in {*self.config.languages, found.original_language}}  # fmt: skip
        plain = found.original_language
        for language in {plain: None} | dict.fromkeys(self.config.languages):
            pages = ["", "/versions", "/integrity", "/updates", *(f"/updates/{number}" for number in sorted(self.updates))]
            if self.names and slug not in self.protected:
                pages.append("/signatories")
            for page in pages:
                self._chain(self._address(f"/letters/{slug}{page}", language, plain), language, shown[language])
            exact = self._exact(f"/letters/{slug}/text/{shown[language]}.txt", shown[language], write=False)
            self._put(self._address(f"/letters/{slug}/canonical.txt", language, plain).lstrip("/"), exact)
            if language in self.config.languages:
                yield

    def _address(self, path: str, language: str, plain: str = "") -> str:
        return path if language == (plain or self.config.languages[0]) else f"/{language}{path}"

    def _exact(self, path: str, fingerprint: str, write: bool = True) -> bytes:
        """The bytes that a fingerprint fixes, which must be those."""
        exact = self._fetch(path)
        if hashlib.sha256(exact).hexdigest() != fingerprint:
            raise click.ClickException(f"{path} does not have the fingerprint it is named by; run `petition check`.")
        if write:
            self._put(path.lstrip("/"), exact)
        return exact

    def _chain(self, path: str, language: str, fingerprint: str = "") -> None:
        """Write a page, and where it is a list the pages that follow."""
        number, address = 1, path
        while address:
            file = posixpath.join(path.strip("/"), "" if number == 1 else f"page-{number}", "index.html")
            answer = self._get(address)
            following = posixpath.join(path.strip("/"), f"page-{number + 1}", "index.html")
            html, ahead = offline.rewrite(
                answer.text, link=self._linker(address, file, following), line=self._line(path, file, language, fingerprint),
                stylesheet=_relative(_STYLE, file), hidden="noindex" in answer.headers.get("X-Robots-Tag", ""),
            )  # fmt: skip
            self._put(file, html.encode())
            number, address = number + 1, urljoin(address, ahead) if ahead else ""

    def _line(self, path: str, file: str, language: str, fingerprint: str) -> str:
        """What the file is, when it was made, and how it is checked."""
        folder = "/" if path.startswith("/letters/") else f"/{path.split('/')[1]}/"
        beside = _relative(f"{folder}letters/{self.slug}/canonical.txt".lstrip("/"), file) if fingerprint else ""
        with self.app.app_context(), self.app.test_request_context():
            g.language = language if language in self.config.languages else self.config.languages[0]
            return render_template(
                "public/mirror_line.html", made_at=self.made_at, original=self.config.base_url + path, fingerprint=fingerprint,
                exact=beside, versions=f"{self.config.base_url}{folder}letters/{self.slug}/versions",
                nameless=bool(fingerprint) and not self.names and self.slug not in self.protected,
            )  # fmt: skip

    def _linker(self, address: str, file: str, following: str) -> offline.Link:
        def link(href: str, paging: bool) -> str:
            if paging:
                return _relative(following, file)
            if href.startswith(self.config.base_url + "/"):
                href = href.removeprefix(self.config.base_url)
            try:
                parts = urlsplit(urljoin(address, href))
            except ValueError:  # what somebody wrote into a text that is no address
                return href
            if href.startswith("#") or parts.scheme or parts.netloc:
                return href
            place = self._place(parts.path, parts.query)
            rest = f"#{parts.fragment}" if parts.fragment else ""
            if place is None:
                return f"{self.config.base_url}{parts.path}{'?' if parts.query else ''}{parts.query}{rest}"
            return _relative(place, file) + rest

        return link

    def _place(self, path: str, query: str) -> str | None:
        """The file of a page or asset of the mirror, None for what stays on the site."""
        try:
            endpoint, values = self.routes.match(path)
        except HTTPException:
            return None
        blueprint, _, page = endpoint.rpartition(".")
        if endpoint == "static" or page == "logo":
            return self._asset(path, query)
        if blueprint not in ("public", "public_in") or parse_qsl(query) or not self._holds(page, values):
            return None
        language, slug = values.get("language"), values.get("slug")
        plain = self.originals.get(slug, "") if slug else self.config.languages[0]
        if language is not None and (language == plain or page == "canonical_text"):
            path = path.removeprefix(f"/{language}")
        return path.lstrip("/") if page == "canonical_text" else posixpath.join(path.strip("/"), "index.html")

    def _holds(self, page: str, values: Mapping[str, object]) -> bool:
        slug = values.get("slug")
        if page in _PAGES:
            return True
        if page == "update":
            return slug == self.slug and values["number"] in self.updates
        if page == "canonical_text":
            return slug == self.slug and values["fingerprint"] in self.fingerprints
        if page == "signatories":
            return self.names and slug in self.originals and slug not in self.protected
        return page in _OF_A_LETTER and slug in self.originals

    def _asset(self, path: str, query: str) -> str:
        """Where a stylesheet or picture lies, fetched when it is first met."""
        if path in self.assets:
            return self.assets[path]
        answer = self._get(f"{path}?{query}" if query else path)
        place = path.lstrip("/")
        if not posixpath.splitext(place)[1]:
            place += mimetypes.guess_extension(answer.mimetype or "") or ""
        self.assets[path] = place
        if answer.mimetype == "text/css":
            for found in _IN_A_STYLESHEET.findall(answer.data):
                self._asset(urlsplit(urljoin(path, found.decode())).path, "")
        self._put(place, answer.data)
        return place

    def _put(self, place: str, content: bytes) -> None:
        self.write(place, content)

    def _fetch(self, address: str) -> bytes:
        return bytes(self._get(address).data)

    def _get(self, address: str) -> TestResponse:
        with self.app.app_context():  # of its own, or each page would be in the language of the first
            answer = self.client.get(address, buffered=True)
        if answer.status_code != 200:
            words = f"{address} answered {answer.status_code}, so nothing was written; try again, or see `petition check`."
            raise click.ClickException(words)
        return answer


def _updates(slug: str) -> Iterator[int]:
    """The numbers of a letter's updates."""
    found = letters.find_published(slug)
    rows = writing.public(found, CHUNK)
    while rows:
        yield from (int(each.number or 0) for each in rows)
        rows = writing.public(found, CHUNK, rows[-1].number)


def _relative(place: str, file: str) -> str:
    return posixpath.relpath(place, posixpath.dirname(file) or ".")
