"""What is wrong with the words that were typed: links, markup, formulas, mixed scripts, throw-away addresses, imitations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from disposable_email_domains import blocklist

from petition import addresses
from petition.signatures.screening.folding import fold_name, scripts, skeleton
from petition.signatures.screening.reasons import Flag

_LINK = re.compile(r"https?:|www\.|//", re.IGNORECASE)
# A host without any of these: a name of three letters or more before the dot, so that initials are none.
_HOST = re.compile(r"\b([\w-]{3,})(?:\.[\w-]+)*\.[^\W\d_]{2,}\b")
# What ends in a dot before a name that is a top-level domain as well: Prof.Li, Dipl.Ing.
_ABBREVIATIONS = frozenset("prof dipl mag ing mrs rev hon sen gen col maj capt lic arch eng adv dott doc tel msgr".split())  # noqa: SIM905
_MARKUP = re.compile(r"<\s*/?\s*[a-z!?]|\[/?(?:url|b|i|img)\b|\{\{|\{%|\$\{", re.IGNORECASE)
_FORMULA = re.compile(r"^[=+\-@＝＋－＠\t\r]")
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*")


def screen(texts: dict[str, str], *, mail_domain: str = "", website: str = "", lookalikes: Collection[str] = ()) -> list[Flag]:
    """The flags of a signature; `texts` are its public fields by name, `lookalikes` the names that share its skeleton."""
    flags = [flag for field, value in texts.items() if value for flag in _of_text(field, value)]
    if mail_domain and (mail_domain in blocklist or addresses.registered_domain(mail_domain) in blocklist):
        flags.append(Flag("disposable_domain", "email"))
    if website and _imitates(website):
        flags.append(Flag("look_alike_host", "website"))
    names = {fold_name(value) for field, value in texts.items() if field in ("name", "organisation")}
    # Whose name it imitates is not kept: they may withdraw, and then their name must be nowhere.
    if any(fold_name(other) not in names for other in lookalikes):
        flags.append(Flag("look_alike", "name"))
    return flags


def _of_text(field: str, value: str) -> Iterator[Flag]:
    if any(len(scripts(word)) > 1 for word in _WORD.findall(value)):
        yield Flag("mixed_scripts", field)
    if _LINK.search(value) or any(_is_host(found) for found in _HOST.finditer(value)):
        yield Flag("link", field)
    if _FORMULA.match(value):
        yield Flag("formula", field)
    if _MARKUP.search(value):
        yield Flag("markup", field)


def _is_host(found: re.Match[str]) -> bool:
    return found[1].lower() not in _ABBREVIATIONS and addresses.is_domain(found[0])


def _imitates(website: str) -> bool:
    host = urlsplit(website).hostname or ""
    labels = []
    for label in host.split("."):
        try:
            labels.append(label.encode().decode("idna") if label.startswith("xn--") else label)
        except UnicodeError:
            return True
    return any(len(scripts(label)) > 1 or (scripts(label) == {"CYRILLIC"} and skeleton(label).isascii()) for label in labels)
