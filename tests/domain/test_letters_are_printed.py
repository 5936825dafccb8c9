"""The PDF: every signatory once in its own script or honestly listed, the numbers of the site, tagged, and nothing typed is code."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from petition.db import transaction
from petition.exports import choose, documents, fonts, paper, prose, typesetting
from petition.exports.numbers import standing
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.signatures import directory, transitions
from petition.signatures.models import Signature
from tests import factories
from tests.sampled import NOW, signed_letter


@pytest.fixture
def printed(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets a letter, and hands over the files with the data that each was made of."""
    made: list[dict[str, Any]] = []
    real = typesetting.typeset

    def watched(template: str, data: dict[str, Any], output: Path, **more: Any) -> None:
        made.append(data)
        real(template, data, output, **more)

    monkeypatch.setattr(documents, "typeset", watched)

    def make(letter: Letter, language: str = "en", **choices: Any) -> tuple[list[bytes], list[dict[str, Any]]]:
        found = documents.signed_letter(
            letter, tmp_path, language=language, choice=choose(letter, **choices), config=sqlite_app.config["PETITION"], now=NOW
        )
        return [each.read_bytes() for each in found], made

    return make


def objects(pdf: bytes) -> bytes:
    """The PDF with its streams unpacked, as far as they can be."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(found[1]))
        except zlib.error:
            continue
    return b"\n".join(parts)


def test_everybody_is_in_it_once_and_the_numbers_are_the_sites(sqlite_app: Flask, printed: Any) -> None:
    letter = signed_letter(sqlite_app, 400)
    (file,), (data,) = printed(letter)
    counts = directory.counts(letter)
    entries = [entry for section in data["sections"] for entry in section["entries"]]
    assert len(entries) == counts.total - counts.hidden
    assert [section["title"] for section in data["sections"]][:2] == ["Organisations", "People"]
    assert data["counts"]["total"] == ("Verified signatures in all", str(counts.total))
    assert f"Of these, counted without a name: {counts.hidden}." in data["counts"]["sentences"]
    assert "it does not prove that people are who they say" in data["counts"]["sentences"][-1]
    assert letters.text_shown(letter, "en").fingerprint in json.dumps(data["facts"])
    whole = objects(file)
    assert b"/StructTreeRoot" in whole and b"pdfuaid" in whole and re.search(rb"/Lang ?\(en\)", whole)
    assert counts.held and "An Invented Representative" not in json.dumps(data)


def test_a_name_in_a_script_without_a_font_is_listed_and_never_a_box(sqlite_app: Flask, printed: Any) -> None:
    letter = signed_letter(sqlite_app, 200)
    (_,), (data,) = printed(letter)
    unset = data["sections"][-1]
    assert unset["title"] == "Names in scripts that this document has no font for"
    rows = {row.public_id: row.name for row in letter_rows(letter)}
    assert {script for _, script in unset["entries"]} <= {"Han", "Korean", "Japanese"}
    assert all(fonts.missing(rows[public_id], None) for public_id, _ in unset["entries"])
    assert not any(fonts.missing(name, None) for section in data["sections"][:-1] for name, _ in section["entries"])
    for spoken in ("Արամ", "Анна", "أحمد", "דוד", "ნინო", "Ελένη", "Nguyễn", "आरव", "አበበ"):
        assert fonts.missing(spoken, None) == ""


def letter_rows(letter: Letter) -> list[Signature]:
    with transaction() as session:
        return list(session.query(Signature).filter_by(letter_id=letter.id))


def test_volumes_carry_one_number_through(sqlite_app: Flask, printed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "VOLUME", 100)
    letter = signed_letter(sqlite_app, 230)
    files, data = printed(letter)
    assert len(files) == len(data) == 3
    placed = [(section["first"], len(section["entries"])) for each in data for section in each["sections"]]
    assert [first for first, _ in placed] == [1 + sum(number for _, number in placed[:place]) for place in range(len(placed))]
    assert [each["kicker"].partition(" · ")[2] for each in data] == ["Volume 1 of 3", "Volume 2 of 3", "Volume 3 of 3"]


def test_what_was_typed_is_text_and_never_code(sqlite_app: Flask, printed: Any) -> None:
    parts = ("#import *b* $x$ [link](https://example.org/) `#let`", "1. one\n2. two", "> quoted", "```\n#panic()\n```", "---", "## Head")
    letter = factories.letter(body="\n\n".join(parts))
    factories.sign(sqlite_app.test_client(), **factories.ANA | {"name": "Ana [Sample] *b*", "organisation": "Sample #panic()"})
    found = letter_rows(letter)[0]
    if found.state != "published":
        with transaction() as session:
            transitions.move(session, session.merge(found), "published", actor=factories.COMMAND_LINE, now=NOW)
    (file,), (data,) = printed(letter)
    assert file.startswith(b"%PDF-")
    assert data["sections"][0]["entries"] == [("Ana [Sample] *b*", "Sample #panic()")]
    kinds = [block["kind"] for block in data["body"]]
    assert kinds == ["par", "list", "quote", "code", "rule", "head"]
    assert prose.blocks("a **b _c_ d** e")[0]["runs"][2] == {"text": "c", "code": False, "strong": True, "em": True}


def test_a_protected_letter_is_printed_without_a_name(sqlite_app: Flask, printed: Any) -> None:
    letter = factories.letter(more="risk: protected\n")
    client = sqlite_app.test_client()
    factories.sign(client, **factories.ANA | {"visibility": "public"})
    (_,), (data,) = printed(letter)
    assert data["sections"] == [] and data["counts"]["total"][1] == "1"


def test_the_fixed_words_follow_the_letters_language(sqlite_app: Flask) -> None:
    letter = factories.letter()
    factories.load(factories.ARMENIAN)
    data = paper.sheet(letter, "hy", standing(letter), config=sqlite_app.config["PETITION"], now=NOW)
    assert (data["lang"], data["kicker"], data["address"]) == ("hy", "Բաց նամակ", "http://localhost/hy/letters/open-the-road")
    assert paper.sheet(letter, "ru", standing(letter), config=sqlite_app.config["PETITION"], now=NOW)["lang"] == "en"


def test_a_document_that_takes_too_much_is_given_up(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = factories.letter()
    monkeypatch.setattr(typesetting, "MEMORY", 60 * 1024**2)
    with pytest.raises(typesetting.NoDocument):
        documents.sheet_of(letter, "letter", tmp_path / "x.pdf", language="en", config=sqlite_app.config["PETITION"], now=NOW)
