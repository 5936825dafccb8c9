"""The columns that other programs import: CiviCRM, Action Network and Mailchimp, each of people only."""

from __future__ import annotations

from collections.abc import Callable

from petition.errors import N_, PetitionError
from petition.exports import rows
from petition.letters.models import Letter
from petition.signatures.models import Signature

Read = Callable[[Signature], str]


class NotAnOwner(PetitionError):
    """Presets carry addresses, which are for owners."""

    code = "forbidden"
    status = 403
    message = N_("Presets hold addresses, and those are for owners.")


def _column(name: str) -> Read:
    return lambda signature: rows.cells(signature, (name,), owner=True)[0]


def _first(signature: Signature) -> str:
    """Everything before the last word; who has one word has it as the first name."""
    name = _column("name")(signature)
    before, _, last = name.rpartition(" ")
    return before or last


def _last(signature: Signature) -> str:
    before, _, last = _column("name")(signature).rpartition(" ")
    return last if before else ""


def _nothing(_signature: Signature) -> str:
    # Never asked for; the column is there because the import looks for it.
    return ""


def _source(signature: Signature) -> str:
    return f"petition: {signature.letter.slug}"


_EMAIL = _column("email")
_COUNTRY = _column("country")
PRESETS: dict[str, dict[str, Read]] = {
    "civicrm": {
        "First Name": _first, "Last Name": _last, "Email": _EMAIL, "Street Address": _nothing, "City": _nothing,
        "Postal Code": _nothing, "Country": _COUNTRY, "External Identifier": _column("id"), "Contact Source": _source,
    },
    "actionnetwork": {"email": _EMAIL, "first_name": _first, "last_name": _last, "zip_code": _nothing, "country": _COUNTRY},
    "mailchimp": {
        "Email Address": _EMAIL, "First Name": _first, "Last Name": _last, "Tags": lambda signature: signature.letter.slug,
    },
}  # fmt: skip
OPTED_IN_ONLY = ("actionnetwork", "mailchimp")  # their rows are addresses: without one there is nothing to import


def preset(name: str, letter: Letter, choice: rows.Choice, owner: bool) -> tuple[dict[str, Read], rows.Choice]:
    """The columns of a preset, and the people meant; raises BadExport, and NotAnOwner since it holds addresses."""
    rows.chosen([name], tuple(PRESETS), "preset", ())
    if not owner:
        raise NotAnOwner
    versions = choice.versions
    meant = rows.choose(
        letter, states=choice.states, kinds=("person",), countries=choice.countries, versions=versions, opted_in=name in OPTED_IN_ONLY
    )
    return PRESETS[name], meant
