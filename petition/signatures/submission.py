"""What a signatory typed, checked and brought to one spelling; shape only, nothing is looked up here."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from petition import addresses, i18n
from petition.errors import N_, Fault, Invalid
from petition.signatures import screening
from petition.signatures.models import KINDS, VISIBILITIES

LONGEST = {
    "name": 120, "organisation": 200, "latin_name": 200, "role": 120, "comment": 1000, "website": 300, "email": 254,
    "words": 500, "evidence": 1000, "reason": 1000,
}  # fmt: skip
# Characters that are drawn as nothing and only hide; the Hangul fillers among them even count as letters. The two joiners
# and the variation selectors stay: Persian, the scripts of India and Japanese names are spelled with them.
_INVISIBLE = dict.fromkeys((
    0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x200B, 0x200E, 0x200F, *range(0x2060, 0x2065), *range(0x206A, 0x2070),
    0x2800, 0x3164, 0xFEFF, 0xFFA0,
))  # fmt: skip
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{2,})", re.IGNORECASE)
_TAG = re.compile("[a-z0-9-]{1,30}")
UNTICKED = {"", "0", "off", "no", "false"}


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One signatory's statement, checked; `email` is normalised, all text NFC."""

    kind: str = "person"
    name: str
    email: str
    organisation: str = ""
    latin_name: str = ""
    website: str = ""
    role: str = ""
    country: str = ""
    comment: str = ""
    visibility: str = "public"
    updates: bool = False
    deliver: bool = False
    language: str = "en"
    version: str = ""  # the label of the version the form was shown with; empty means the current one
    text: str = ""  # the first 16 digits of the fingerprint of the text that was shown; empty means the current one
    consent: str = "yes"  # 'yes', or the digest of the sentence that was shown
    source: str = ""  # the tag of the address at which the form was opened; says nothing of who signs


def ticked(value: str | None) -> bool:
    """Whether a box's value means yes."""
    return (value or "").strip().lower() not in UNTICKED


def check(typed: Mapping[str, str], *, language: str) -> Submission:
    """Check everything at once; raises Invalid with every fault, each naming its field."""
    faults: list[Fault] = []

    def checked(field: str, rule: Callable[[str], str]) -> str:
        try:
            return rule(typed.get(field) or "")
        except Invalid as error:
            faults.extend(error.faults)
            return ""

    kind = checked("kind", lambda value: _one_of("kind", value or "person", KINDS))
    found = Submission(
        kind=kind or "person",
        name=checked("name", lambda value: line("name", value, required=True)),
        email=checked("email", email),
        organisation=checked("organisation", lambda value: line("organisation", value, required=kind == "organisation")),
        latin_name=checked("latin_name", latin) if kind == "organisation" else "",
        website=checked("website", website) if kind == "organisation" else "",
        role=checked("role", lambda value: line("role", value)),
        country=checked("country", country),
        comment=checked("comment", comment),
        visibility=checked("visibility", lambda value: _one_of("visibility", value or "public", VISIBILITIES)) or "public",
        updates=ticked(typed.get("updates")),
        deliver=ticked(typed.get("deliver")),
        language=language,
        version=(typed.get("version") or "").strip()[:20],
        text=(typed.get("text") or "").strip()[:16],
        consent=(typed.get("consent") or "").strip()[:64],
        source=tag(typed.get("s")),
    )
    if not ticked(found.consent):
        faults.append(Fault("consent", "no_consent", N_("Please tick this box: without your agreement nothing may be published.")))
    if faults:
        raise Invalid(faults)
    # An organisation's entry is public by nature, its representative never is.
    return replace(found, visibility="public", deliver=False) if kind == "organisation" else found


def tag(value: str | None) -> str:
    """The tag of a letter's address (`?s=newsletter`), or nothing where it is none."""
    return value if value and _TAG.fullmatch(value) else ""


def line(field: str, value: str, required: bool = False) -> str:
    """One line of text, NFC, inner spaces single; raises Invalid when empty though required, too long, or harmful."""
    text = unicodedata.normalize("NFC", value.translate(_INVISIBLE))
    if _CONTROL.search(text.strip(" \t\r\n") if field != "name" else text):
        raise Invalid([Fault(field, "control", N_("Please leave out line breaks and control characters."))])
    text = " ".join(text.split())
    _harmless(field, text, LONGEST[field])
    if required and not any(letter.isalnum() for letter in text):
        raise Invalid([Fault(field, "missing", _MISSING[field])])
    return text


_MISSING = {"name": N_("Please enter your name."), "organisation": N_("Please enter the organisation's name.")}


def latin(value: str) -> str:
    """A name in Latin letters, or nothing; raises Invalid for one without them or with letters of another script."""
    text = line("latin_name", value)
    foreign = any(unicodedata.category(each)[0] == "M" and not unicodedata.name(each, "").startswith("COMBINING") for each in text)
    if text and (foreign or screening.scripts(text) != {"LATIN"}):
        raise Invalid([Fault("latin_name", "not_latin", N_("Please write this name in Latin letters only, or leave it empty."))])
    return text


def comment(value: str) -> str:
    """A comment of several lines, NFC; raises Invalid when too long or harmful."""
    return paragraphs("comment", value, LONGEST["comment"])


def paragraphs(field: str, value: str, longest: int) -> str:
    """Text of several lines, NFC; raises Invalid when too long or harmful."""
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)).strip()
    if _CONTROL_BUT_LINES.search(text):
        raise Invalid([Fault(field, "control", N_("Please leave out line breaks and control characters."))])
    _harmless(field, text, longest)
    return re.sub(r"\n{3,}", "\n\n", text)


def _harmless(field: str, text: str, longest: int) -> None:
    if _BIDI.search(text):
        message = N_("This text contains invisible characters that change the reading direction. Please type it again without them.")
        raise Invalid([Fault(field, "direction", message)])
    if len(text) > longest:
        raise Invalid([Fault(field, "too_long", N_("Please use at most %(limit)s characters."), {"limit": longest})])


def email(value: str) -> str:
    """A deliverable address in its normalised spelling; raises Invalid."""
    text = value.strip(" \t")
    if not text:
        raise Invalid([Fault("email", "missing", N_("Please enter your e-mail address."))])
    if len(text) > LONGEST["email"]:
        raise Invalid([addresses.not_an_address()])
    return addresses.normalise(text)


def country(value: str) -> str:
    """A two-letter code in upper case, or nothing; raises Invalid."""
    code = value.strip().upper()
    if code and code not in i18n.country_codes():
        raise Invalid([Fault("country", "unknown", N_("Please choose a country from the list."))])
    return code


def _one_of(field: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise Invalid([Fault(field, "unknown", N_("Please choose one of the options offered."))])
    return value


def website(value: str) -> str:
    """An http or https address of a public host, or nothing; `example.org` becomes `https://example.org`; raises Invalid."""
    text = value.strip()
    if not text:
        return ""
    fault = Fault("website", "not_a_website", N_("Enter the website's full address, like https://example.org."))
    if _CONTROL.search(text) or _BIDI.search(text) or " " in text:
        raise Invalid([fault])
    if _HOST.fullmatch(text.partition("/")[0]) and "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
        refused = parts.scheme.lower() not in ("http", "https") or parts.username is not None or parts.password is not None
        refused = refused or parts.port == 0 or "\\" in text or "@" in parts.netloc
    except ValueError as error:
        raise Invalid([fault]) from error
    if len(text) > LONGEST["website"] or len(host) > 253:
        raise Invalid([fault])
    if refused or not _HOST.fullmatch(host) or _is_literal(host) or host.endswith((".localhost", ".local", ".internal")):
        raise Invalid([fault])
    return text


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def visibility(value: str) -> str:
    """How a signatory appears; raises Invalid."""
    return _one_of("visibility", value, VISIBILITIES)
