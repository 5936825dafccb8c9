"""Every sentence of the interface is translated into every language that ships, with its placeholders whole."""

import re
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from petition import i18n
from petition.config import data_folder

PLACE = re.compile(r"%\((\w+)\)s")
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
OPTIONS = {"**.html": {"trimmed": "true"}, "**.txt": {"trimmed": "true"}}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    """What stands in code and templates, the singular of each."""
    found: set[str] = set()
    for folder in (data_folder("templates"), i18n.CATALOGUES.parent):
        for _, _, message, _, _ in extract_from_dir(str(folder), METHODS, OPTIONS, KEYWORDS):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found - {""}


def catalogue(language: str) -> Catalog:
    path = i18n.CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=language)


TRANSLATED = [language for language in i18n.SHIPPED if language != "en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_is_missing_or_fuzzy(language, sentences):
    known = {message.id[0] if isinstance(message.id, tuple) else message.id: message for message in catalogue(language) if message.id}
    assert sorted(sentences - set(known)) == []
    empty = [key for key in sentences if not known[key].string or (isinstance(known[key].string, tuple) and not all(known[key].string))]
    assert empty == []
    assert [key for key in sentences if known[key].fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_placeholder_is_lost_or_invented(language):
    for message in catalogue(language):
        if isinstance(message.id, str) and message.id:
            assert set(PLACE.findall(message.id)) == set(PLACE.findall(message.string)), message.id
