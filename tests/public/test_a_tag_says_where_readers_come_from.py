"""A tag of a letter's address (`?s=newsletter`) goes with the form, and with nothing else."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.conftest import _Checking

LETTER = "/letters/open-the-road"
FIELD = '<input type="hidden" name="s" value="newsletter">'


@pytest.fixture
def reader(sqlite_app: Flask) -> FlaskClient:
    sqlite_app.test_client_class = _Checking
    factories.letter()
    return sqlite_app.test_client()


@pytest.mark.parametrize("page", [LETTER, f"{LETTER}/sign", f"/ar{LETTER}"])
def test_a_tag_is_in_the_form_and_not_in_the_canonical_address(reader: FlaskClient, page: str) -> None:
    answer = reader.get(f"{page}?s=newsletter")
    assert answer.text.count(FIELD) == 1
    assert "Set-Cookie" not in answer.headers
    assert answer.data == reader.get(f"{page}?s=newsletter", headers={"Cookie": "a=b", "Referer": "https://example.org"}).data
    for link in re.findall(r'<link rel="(?:canonical|alternate)"[^>]+>', answer.text):
        assert "s=" not in link.partition("href=")[2]


def test_a_reader_who_changes_the_language_keeps_the_tag(reader: FlaskClient) -> None:
    page = reader.get(f"{LETTER}?s=newsletter").text
    assert f'href="/hy{LETTER}?s=newsletter"' in page
    assert f'href="/hy{LETTER}"' in reader.get(LETTER).text


def test_what_is_no_tag_is_ignored_byte_by_byte(reader: FlaskClient) -> None:
    plain = reader.get(LETTER)
    for wrong in ("", "News", "a b", "a" * 31, "x%22%3E%3Cscript%3E", "a%0A", "%D0%B0"):
        answer = reader.get(f"{LETTER}?s={wrong}")
        assert answer.data == plain.data
        assert answer.headers["Cache-Control"] == plain.headers["Cache-Control"]


def test_caches_keep_a_made_up_tag_for_two_seconds_and_never_stale(reader: FlaskClient) -> None:
    assert reader.get(f"{LETTER}?s=made-up").headers["Cache-Control"] == "public, max-age=0, s-maxage=2"
    assert "stale-if-error" in reader.get(LETTER).headers["Cache-Control"]


def test_a_form_that_comes_back_keeps_its_tag_and_the_address_does_not_count(reader: FlaskClient) -> None:
    wrong = factories.ANA | {"name": ""}
    assert FIELD in reader.post(factories.SIGN, data=wrong | {"s": "newsletter"}).text
    assert 'name="s"' not in reader.post(factories.SIGN, data=wrong | {"s": "<b>"}).text
    assert 'name="s"' not in reader.post(f"{factories.SIGN}?s=newsletter", data=wrong).text
