"""A table of signatures is read as people save it, or refused with a sentence that says what to do."""

from __future__ import annotations

import io

import pytest

from petition.imports import columns, reading
from petition.imports.reading import Broken, Table, Unreadable

RUSSIAN = "Имя;Организация\nИван Петров;Школа\nОльга Соколова;\n"
FRENCH = "Nom;Organisation;Pays\nHélène Béranger;École normale;France\nRené Forêt;;France\n"


def read(content: bytes, encoding: str = "") -> tuple[Table, list[tuple[int, list[str]]]]:
    table = Table(io.BytesIO(content), encoding)
    return table, list(table.rows())


@pytest.mark.parametrize(("saved_as", "found", "guessed"), [
    ("utf-8", "utf-8", False), ("utf-8-sig", "utf-8", False), ("utf-16", "utf-16", False), ("windows-1251", "windows-1251", True),
])  # fmt: skip
def test_the_encoding_is_found_out(saved_as: str, found: str, guessed: bool) -> None:
    table, rows = read(RUSSIAN.encode(saved_as))
    assert (table.encoding, table.guessed, table.separator) == (found, guessed, ";")
    assert rows == [(2, ["Иван Петров", "Школа"]), (3, ["Ольга Соколова", ""])]
    assert [columns.column(each) for each in table.header] == ["name", "organisation"]


def test_western_letters_are_told_from_others() -> None:
    table, rows = read(FRENCH.encode("windows-1252"))
    assert (table.encoding, table.guessed) == ("windows-1252", True)
    assert rows[0] == (2, ["Hélène Béranger", "École normale", "France"])
    for words, encoding in (
        ("name\nŁukasz Żółć\nMichał Wąs\n", "windows-1250"), ("name\nIşık Yıldız\n", "windows-1254"), ("name\nИван Петров\n", "koi8-r"),
        ("name\nΓιώργος Παπαδόπουλος\n", "windows-1253"), ("name\nمحمد علي\n", "windows-1256"),
    ):  # fmt: skip
        with pytest.raises(Unreadable) as refused:
            read(words.encode(encoding))
        assert refused.value.code == "unreadable_file", encoding
        assert "CSV UTF-8" in str(refused.value)
        assert read(words.encode(encoding), encoding)[1][0][1] == [words.splitlines()[1]], "named, it can be read"


@pytest.mark.parametrize(("content", "separator"), [
    ("name,role\nAna,cook\n", ","), ("name;role\nAna;cook\n", ";"), ("name\trole\nAna\tcook\n", "\t"),
    ("sep=|\nname|role\nAna|cook\n", "|"),
    ('"Full Name";"Job Title"\r\n"Ana; the elder";cook\r\n', ";"),
])  # fmt: skip
def test_the_separator_is_found_out(content: str, separator: str) -> None:
    table, rows = read(content.encode())
    assert table.separator == separator
    assert rows[0][1][1] == "cook"
    assert [columns.column(each) for each in table.header] == ["name", "role"]


def test_letters_far_down_a_long_file_tell_its_encoding_too() -> None:
    table, rows = read(("Name\n" + "Ana Anders\n" * 100_000 + "Иван Петров\n").encode("windows-1251"))
    assert (table.encoding, rows[-1][1]) == ("windows-1251", ["Иван Петров"])


@pytest.mark.parametrize("encoding", ["", "utf-16", "windows-1251"])
def test_a_file_that_is_too_large_is_not_read_whatever_its_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 2**20)
    with pytest.raises(Unreadable, match="at most 1 MB"):
        read(("name\n" + "Ana\n" * 300_000).encode(encoding or "utf-8"), encoding)


def test_names_of_columns_that_are_not_read_steer_no_terminal() -> None:
    assert columns.unknown(["name", "\x1b[31mred\x07", "b\u202ea"]) == ["�[31mred�", "b�a"]


def test_lines_are_those_of_the_file() -> None:
    _, rows = read(b'name,comment\n\nAna,"one\ntwo"\n,,\nAram,\n')
    assert rows == [(3, ["Ana", "one\ntwo"]), (6, ["Aram", ""])]


@pytest.mark.parametrize(("content", "words"), [
    (b"", "empty"), (b"PK\x03\x04rest", "spreadsheet"), (b"name\x00\x01\x02", "not a text file"),
])  # fmt: skip
def test_what_is_no_table_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(content)


@pytest.mark.parametrize(("content", "line"), [
    (b'name\nAna\n"never closed\nAram\n', 3), (b"name\nAna\n" + b"x" * 200_000 + b"\n", 3),
])  # fmt: skip
def test_a_broken_row_is_named(content: bytes, line: int) -> None:
    with pytest.raises(Broken) as broken:
        read(content)
    assert broken.value.line == line


def test_an_encoding_named_wrongly_is_told_with_its_line() -> None:
    many = b"name\n" + b"Ana\n" * 5_000 + "Hélène\n".encode("windows-1252")
    with pytest.raises(Broken) as broken:
        read(many, "utf-8")
    assert broken.value.fault.code == "encoding"
