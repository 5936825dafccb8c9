"""What the API takes and gives, said once: its parameters read by it, its answers checked against it, its OpenAPI made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from petition.errors import PetitionError
from petition.letters import listing
from petition.letters.models import WHO_MAY_SIGN
from petition.signatures import directory

LARGEST_LIMIT = 999_999_999


class BadParameter(PetitionError):
    """A parameter of the address with a value that it cannot have."""

    code = "bad_parameter"
    message = "The parameter “%(name)s” cannot be taken like this. %(words)s"


class Given(Protocol):
    """The parameters of an address, each with all the values it was given."""

    def getlist(self, key: str) -> list[str]:
        """All values of one."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the address: what it may be, as a schema and as the pattern of its text."""

    name: str
    schema: dict[str, Any]
    pattern: str
    words: str

    def read(self, given: Given) -> str:
        """Its value, '' where it was left out; raises BadParameter."""
        values = given.getlist(self.name)
        if not values:
            return ""
        if len(values) > 1 or not re.fullmatch(self.pattern, values[0]):
            raise BadParameter(name=self.name, words=self.words)
        return values[0]


@dataclass(frozen=True)
class Operation:
    """One address of the API: what it tells, what it takes, which schema its answer has."""

    summary: str
    answer: str
    parameters: tuple[Parameter, ...] = ()
    open_to_all: bool = False  # whether scripts of other sites may read it (CORS)
    words: str = ""


def _limit(page: int, largest: int) -> Parameter:
    return Parameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": page}, "[1-9][0-9]{0,8}",
        f"A whole number from 1 to {LARGEST_LIMIT}: how many at most; more than {largest} is as {largest}.",
    )  # fmt: skip


def _after(most: int) -> Parameter:
    return Parameter(
        "after", {"type": "string", "maxLength": most, "pattern": "^[A-Za-z0-9-]*$"}, f"[A-Za-z0-9-]{{0,{most}}}",
        "The cursor that the page before gave as `next`; empty or left out for the first page.",
    )  # fmt: skip


LETTERS_AFTER, LETTERS_LIMIT = _after(80), _limit(listing.PAGE, listing.LARGEST_PAGE)
AFTER, LIMIT = _after(36), _limit(directory.PAGE, directory.LARGEST_PAGE)
KIND = Parameter(
    "kind", {"type": "string", "enum": ["person", "organisation", ""]}, "(person|organisation)?",
    "Either person or organisation; empty or left out for both.",
)  # fmt: skip
COUNTRY = Parameter(
    "country", {"type": "string", "pattern": "^([A-Z]{2}|other)?$"}, "([A-Z]{2}|other)?",
    f"Two letters of ISO 3166, or other for the countries with fewer than {directory.SMALLEST_CELL} entries, which cannot be asked for by "
    "themselves; empty or left out for all.",
)  # fmt: skip

# By the name of the view.
OPERATIONS = {
    "index": Operation("The published letters, the newest first, page by page", "Letters", (LETTERS_AFTER, LETTERS_LIMIT)),
    "letter": Operation("One published letter", "Letter"),
    "count": Operation(
        "The numbers of one letter", "Count", open_to_all=True,
        words="The same bytes as long as no number changes, at most for a day. Scripts of every site may read it.",
    ),
    "signatories": Operation(
        "Who signed, page by page, the newest first", "Signatories", (KIND, COUNTRY, AFTER, LIMIT),
        words="Only those who chose to be shown, as they chose. Of a protected letter the list is empty.",
    ),
    "openapi": Operation("This description", "Description"),
}  # fmt: skip


def _object(words: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": words, "properties": properties, "required": list(properties), "additionalProperties": False}


def _text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": words, **more}


def _number(words: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": words}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _by_language(schema: Mapping[str, Any], words: str) -> dict[str, Any]:
    return {"type": "object", "description": words, "additionalProperties": dict(schema)}


def _list(noun: str, of: str) -> dict[str, Any]:
    cursor = _or_null(_text("The cursor of the next page, to be given as `after`; null on the last."))
    return _object(f"One page of {noun}", **{noun: {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}, "next": cursor})


# The schemas of the answers.
LETTER = _object(
    "A published letter",
    slug=_text("Its name in addresses"), title=_text("Its title, in its original language"),
    summary=_text("What it is about in a sentence or two, in its original language; may be empty"),
    language=_text("Its original language (BCP 47)"),
    languages={"type": "array", "items": {"type": "string"}, "description": "The languages it can be read in, the original first"},
    titles=_by_language({"type": "string"}, "Its title by language"),
    state=_text("Whether it takes signatures now", enum=["open", "upcoming", "paused", "closed"]),
    address=_text("Where it is read and signed", format="uri"),
    version=_text("The version that is signed now: 1, 2, ...; 1.1 is a correction of 1", pattern=r"^[0-9]+(\.[0-9]+)?$"),
    goal=_or_null(_number("How many signatures the team hopes for; null without a goal")),
    signatories=_text("Who may sign it", enum=list(WHO_MAY_SIGN)),
    opens=_or_null(_text("When it takes signatures from, where that was set", format="date-time")),
    closes=_or_null(_text("When it takes none any more, where that was announced", format="date-time")),
    protected={"type": "boolean", "description": "Whether being known as a signatory is dangerous: then there are numbers only"},
    fingerprints=_by_language(
        {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "SHA-256 of the text that is signed now, by language",
    ),
)  # fmt: skip
COUNT = _object(
    "A letter's numbers",
    total=_number("Verified signatures that are published: people and organisations"),
    people=_number("Of the total, people"), organisations=_number("Of the total, organisations"),
    held=_number("Confirmed ones that wait for the team's decision; not in the total"),
    imported=_number("Signatures collected on paper or elsewhere; not in the total"),
    as_of=_text("The day (UTC) for which this is said. The moment is in the header Date, less Age.", format="date"),
)  # fmt: skip
SIGNATORY = _object(
    "One entry of the public list",
    id=_text("Random, and the same for as long as the entry stands", format="uuid"),
    kind=_text("What signed", enum=["person", "organisation"]),
    name=_text("The person's name, or their initials; empty for an organisation"),
    organisation=_text("The organisation's name; for a person what they belong to, as they wrote it"),
    role=_text("As written by the signatory; may be empty"), website=_text("Of an organisation; may be empty"),
    country=_text("Two letters of ISO 3166; empty where none was given or few share it", pattern="^([A-Z]{2})?$"),
    comment=_text("As written by the signatory; may be empty"),
    signed_on=_or_null(_text("The day of signing; no finer moment is kept", format="date")),
    verification=_text(
        "What was checked: a mailbox (email), a mailbox at the organisation's own domain (domain), a DNS record (dns), by the team "
        "(team), or nothing here (imported)",
        enum=["email", "domain", "dns", "team", "imported"],
    ),
    verified_on=_or_null(_text("The day on which that was checked", format="date")),
)  # fmt: skip
ERROR = _object(
    "Why there is no such answer",
    error=_object(
        "The error", code=_text("A word for programs", pattern="^[a-z0-9_]+$"), message=_text("A sentence for people, in English"),
    ),
)  # fmt: skip

SCHEMAS: dict[str, dict[str, Any]] = {
    "Letter": LETTER,
    "Letters": _list("letters", "Letter"),
    "Count": COUNT,
    "Signatory": SIGNATORY,
    "Signatories": _list("signatories", "Signatory"),
    "Error": ERROR,
    "Description": {"type": "object", "description": "An OpenAPI document", "required": ["openapi", "info", "paths"]},
}
