"""Every sentence of the interface is translated into every language that ships, whole, and what binds us is marked for a second reading."""

import re
from datetime import date
from pathlib import Path

import pytest

from petition import i18n
from tests import catalogues

PAGE = (Path(__file__).parents[2] / "docs" / "translating.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_no_sentence_is_missing_or_fuzzy(language):
    assert catalogues.missing(language) == []


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_translation_fits_its_sentence(language):
    """Places, plural forms, markup and margins; a lost place breaks a page, an invented one stops it."""
    assert catalogues.misfits(language) == []


def test_a_catalogue_that_does_not_fit_is_told():
    """The check above can fail: each fault that a translator makes is named."""
    from babel.messages.catalog import Message

    def faults(one: str | tuple[str, str], said: str | tuple[str, ...], language: str = "de") -> list[str]:
        return catalogues._faults(Message(one, said), language)

    assert faults("Asked on %(day)s.", "Gefragt am %(day)s.") == []
    assert faults("Asked on %(day)s.", "Gefragt.") == ["places"]
    assert faults("Asked.", "Gefragt am %(day)s.") == ["places"]
    assert faults("All", "100 %") == ["percent"]
    assert faults("A <b>b</b>", "Ein b") == ["markup"]
    assert faults(" and ", "und") == ["margins"]
    few = ("%(n)s day", "%(n)s days")
    assert faults(few, ("%(n)s Tag", "%(n)s Tage")) == []
    assert faults(few, ("ein Tag", "%(n)s Tage")) == []
    assert faults(few, ("%(n)s Tag",)) == ["1 forms of 2"]
    assert faults(few, ("%(n)s день", "%(n)s дні"), "uk") == ["2 forms of 3"]
    assert faults(few, ("%(day)s Tag", "%(n)s Tage")) == ["places"]


def test_what_binds_is_marked_for_a_native_reader():
    """The list in docs/translating.md names files and sentences that exist, and every language has its status."""
    part = PAGE.partition("## Sentences that bind")[2].partition("\n## ")[0]
    files = {path for _, where in catalogues.sentences().values() for path in where}
    for path in re.findall(r"^- all of `([^`]+)`", part, re.MULTILINE):
        assert path in files, path
    named = re.findall(r"^- “(.+)”$", part, re.MULTILINE)
    assert len(named) >= 40
    assert [each for each in named if each not in catalogues.sentences()] == []
    status = re.findall(r"^\| [^|]+ \(`(\w+)`\) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert [code for code, _ in status] == list(i18n.SHIPPED)
    assert {words for code, words in status if code != "en"} <= {"waits for a native reader", "read by a native reader"}


def test_days_numbers_and_countries_are_those_of_the_language():
    """CLDR's words, in the case that a date asks for: Ukrainian months stand in the genitive; no date brings a full stop."""
    day = date(2026, 3, 5)
    assert {code: i18n.format_day(day, code) for code in ("en", "de", "es", "uk", "fr", "ru")} == {
        "en": "5 March 2026", "de": "5. März 2026", "es": "5 de marzo de 2026", "uk": "5 березня 2026 року",
        "fr": "5 mars 2026", "ru": "5 марта 2026 года",
    }  # fmt: skip
    assert [i18n.country_name("DE", code) for code in ("de", "es", "uk")] == ["Deutschland", "Alemania", "Німеччина"]
    assert [i18n.own_name(code) for code in ("de", "es", "uk")] == ["Deutsch", "Español", "Українська"]
    assert {i18n.direction(code) for code in i18n.SHIPPED if code != "ar"} == {"ltr"}
    names = [name for _, name in i18n.countries("uk")]
    assert names.index("Данія") < names.index("Еквадор") < names.index("Єгипет") < names.index("Замбія"), "є has its place in the alphabet"
    assert names.index("Замбія") < names.index("Індія") < names.index("Йорданія") < names.index("Катар")


def test_the_number_chooses_the_form():
    """One, few and many in Ukrainian; in German and Spanish one and more."""
    one, many = "%(n)s signature", "%(n)s signatures"

    def said(language: str, *numbers: int) -> list[str]:
        return [i18n.catalogue(language).ungettext(one, many, number) % {"n": number} for number in numbers]

    assert said("uk", 1, 3, 5, 11, 21, 22) == ["1 підпис", "3 підписи", "5 підписів", "11 підписів", "21 підпис", "22 підписи"]
    assert said("de", 0, 1, 2) == ["0 Unterschriften", "1 Unterschrift", "2 Unterschriften"]
    assert said("es", 0, 1, 2) == ["0 firmas", "1 firma", "2 firmas"]
