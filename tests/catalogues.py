"""What is missing in the catalogues or does not fit the sentences of code and templates; `python -m tests.catalogues` says it."""

from __future__ import annotations

import re
import sys
from functools import cache
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from petition import i18n
from petition.config import data_folder

METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
OPTIONS = {"**.html": {"trimmed": "true"}, "**.txt": {"trimmed": "true"}}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
TRANSLATED = [language for language in i18n.SHIPPED if language != "en"]

PLACE = re.compile(r"%\((\w+)\)s|(\{\w+\})")
TAG = re.compile(r"</?\w[^>]*>")
NUMBER = {"n", "num", "number"}  # what a form that speaks the number in words may leave out


@cache
def sentences() -> dict[str, tuple[str, set[str]]]:
    """What stands in code and templates: the singular of each, its plural where it has one, and the files that say it."""
    found: dict[str, tuple[str, set[str]]] = {}
    for name, folder in (("templates", data_folder("templates")), ("petition", i18n.CATALOGUES.parent)):
        for path, _, message, _, _ in extract_from_dir(str(folder), METHODS, OPTIONS, KEYWORDS):
            one, many = message if isinstance(message, tuple) else (message, "")
            known = found.setdefault(one, (many, set()))
            found[one] = (known[0] or many, known[1] | {f"{name}/{path}"})
    found.pop("", None)
    return found


@cache
def catalogue(language: str) -> Catalog:
    """The readable catalogue of a language."""
    path = i18n.CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=language)


def missing(language: str) -> list[str]:
    """The sentences that the catalogue has not, or has empty, half or fuzzy."""
    known = {_ids(message)[0]: message for message in catalogue(language) if message.id}
    return sorted(one for one in sentences() if one not in known or known[one].fuzzy or not all(_forms(known[one])))


def misfits(language: str) -> list[str]:
    """The translations that would break a page or tell another thing than the sentence: places, forms, markup, margins."""
    return [f"{fault}: {_ids(message)[0]}" for message in catalogue(language) if message.id for fault in _faults(message, language)]


def _faults(message: Message, language: str) -> list[str]:
    ids, forms = _ids(message), _forms(message)
    wanted = get_plural(language).num_plurals if len(ids) == 2 else 1
    plural = sentences().get(ids[0], ("", set()))[0]
    checks = {
        f"{len(forms)} forms of {wanted}": len(forms) != wanted,
        "plural": bool(plural) and plural != ids[-1],
        "places": not all(_fits(ids, form) for form in forms),
        "percent": not all(_is_formatted(form) for form in forms) and _is_formatted(ids[0]),
        "markup": any(sorted(TAG.findall(form)) != sorted(TAG.findall(ids[-1])) for form in forms),
        "margins": any(_margins(form) != _margins(ids[-1]) for form in forms if form),
    }
    return [name for name, wrong in checks.items() if wrong]


def _ids(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,)


def _forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string or "",)


def _places(text: str) -> list[str]:
    return sorted(name or brace for name, brace in PLACE.findall(text))


def _fits(ids: tuple[str, ...], form: str) -> bool:
    if len(ids) == 1:
        return _places(ids[0]) == _places(form)
    needed = set(_places(ids[1])) - NUMBER
    # "num" is there in every call of ngettext, whatever the sentence names.
    return needed <= set(_places(form)) <= set(_places(ids[0])) | set(_places(ids[1])) | {"num"}


def _is_formatted(text: str) -> bool:
    try:
        text % dict.fromkeys(_places(text), "")
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _margins(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def main() -> int:
    """Say of each language what its catalogue lacks; the number of languages that lack something."""
    faulty = 0
    for language in TRANSLATED:
        absent, wrong = missing(language), misfits(language)
        faulty += bool(absent or wrong)
        print(f"{language}: {len(absent)} of {len(sentences())} sentences missing, {len(wrong)} not fitting")
        for line in [f"  missing: {one}" for one in absent] + [f"  {fault}" for fault in wrong]:
            print(line)
    return faulty


if __name__ == "__main__":
    sys.exit(bool(main()))
