"""`letter.pdf` and `poster.pdf`: made once for everybody, fresh within the hour, without a name, and safe from a flood."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.exports import documents, published
from tests import factories

LETTER = "/letters/open-the-road/letter.pdf"


@pytest.fixture
def made(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made, document by document."""
    seen: list[str] = []
    real = documents.sheet_of

    def watched(letter, template, file, **more):  # type: ignore[no-untyped-def]
        seen.append(f"{template}-{more['language']}")
        real(letter, template, file, **more)

    monkeypatch.setattr(published.documents, "sheet_of", watched)
    return seen


def copies(app: Flask) -> list[Path]:
    return sorted((app.config["PETITION"].instance / "papers").glob("*.pdf"))


def test_one_copy_serves_everybody(sqlite_app: Flask, made: list[str]) -> None:
    letter = factories.letter()
    factories.load(factories.ARMENIAN)
    client: FlaskClient = sqlite_app.test_client()
    factories.sign(client, **factories.ANA)
    first = client.get(LETTER, buffered=True)
    assert first.mimetype == "application/pdf" and first.data.startswith(b"%PDF-")
    assert "Set-Cookie" not in first.headers and "s-maxage" in first.headers["Cache-Control"]
    assert client.get(LETTER, headers={"If-None-Match": first.headers["ETag"]}, buffered=True).status_code == 304
    assert client.get("/fr" + LETTER, buffered=True).data == first.data  # no French text: the original, and no copy of its own
    assert client.get("/hy" + LETTER, buffered=True).data != first.data
    assert client.get("/letters/open-the-road/poster.pdf", buffered=True).status_code == 200
    assert made == ["letter-en", "letter-hy", "poster-en"]
    old = time.time() - published.FRESH - 1
    os.utime(copies(sqlite_app)[0], (old, old))
    client.get(LETTER, buffered=True)
    assert made[3:] == ["letter-en"]
    factories.load(factories.ORIGINAL.format(slug=letter.slug, body="Other words.", more=""), correction=True)
    client.get(LETTER, buffered=True)
    assert len(made) == 5 and len(copies(sqlite_app)) == 3


def test_a_flood_waits_for_one_and_gets_the_earlier_copy(sqlite_app: Flask, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    factories.letter()
    client = sqlite_app.test_client()
    folder = sqlite_app.config["PETITION"].instance / "papers"
    folder.mkdir()
    monkeypatch.setattr(published, "WAIT", 0.0)
    with (folder / "turn").open("a") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        answer = client.get(LETTER, buffered=True)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    client.get(LETTER, buffered=True)
    old = time.time() - published.FRESH - 1
    os.utime(copies(sqlite_app)[0], (old, old))
    with (folder / "turn").open("a") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        assert client.get(LETTER, buffered=True).status_code == 200
    assert made == ["letter-en"]


def test_what_could_not_be_made_is_not_tried_by_everybody(sqlite_app: Flask, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    factories.letter()
    monkeypatch.setattr(documents, "typeset", failing)
    client = sqlite_app.test_client()
    assert [client.get(LETTER, buffered=True).status_code for _ in range(3)] == [500, 500, 500]
    assert made == ["letter-en"]


def failing(*_args: object, **_more: object) -> None:
    raise published.NoDocument


def test_a_draft_has_no_pdf(sqlite_app: Flask) -> None:
    factories.letter(status="draft")
    assert sqlite_app.test_client().get(LETTER).status_code == 404
