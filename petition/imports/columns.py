"""Which column of somebody's table is which of ours, by the names that people and other platforms give them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from petition.errors import N_, Fault

# The names of our own exports first; the others are what spreadsheets, Action Network, CiviCRM and Mailchimp call them.
NAMES = {
    "kind": "kind type entity тип type տեսակ",
    "name": "name full_name your_name signatory signer person contact_name имя фио nom nom_complet անուն الاسم",
    "given": "first_name given_name forename first prénom prenom անունը",
    "family": "last_name family_name surname last фамилия nom_de_famille ազգանուն",
    "organisation": "organisation organization organisation_name organization_name affiliation company employer ngo"
    " организация association organisme կազմակերպություն المنظمة",
    "role": "role title job_title position function occupation должность fonction պաշտոն",
    "website": "website web_site url site homepage web сайт site_web կայք",
    "country": "country country_code nation страна pays երկիր البلد",
    "comment": "comment comments message remark reason note комментарий commentaire մեկնաբանություն",
    "visibility": "visibility shown display shown_as",
    "language": "language lang locale preferred_language язык langue լեզու",
    "signed_on": "signed_on date signed signed_at date_signed signature_date created_date created_at timestamp"
    " дата date_de_signature ամսաթիվ",
    "email": "email e_mail email_address mail mail_address courriel почта электронная_почта էլ_փոստ البريد",
    "state": "state status",
}


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


_COLUMN = {_key(word): column for column, words in reversed(NAMES.items()) for word in words.split()}


def column(name: str) -> str | None:
    """Our name of a column, or None for one that we have no use for."""
    return _COLUMN.get(_key(name))


def recognised(header: Sequence[str]) -> int:
    """How many columns of a header have names that we know."""
    return sum(column(name) is not None for name in header)


def faults(header: Sequence[str]) -> list[Fault]:
    """What is wrong with a header: a column twice, or none that says who signed."""
    found = [column(name) for name in header]
    twice = sorted({name for name in found if name is not None and found.count(name) > 1})
    problems = [Fault(name, "twice", N_("Two columns are read as %(column)s. Leave one of them out."), {"column": name}) for name in twice]
    if not {"name", "given", "family", "organisation"} & set(found):
        message = N_("The first line has to name the columns, and one of them has to be “name” or “organisation”.")
        problems.append(Fault("file", "no_name_column", message))
    return problems


def unknown(header: Sequence[str]) -> list[str]:
    """The columns that are not read, as the file names them."""
    return [printable(name.strip()[:60]) for name in header if name.strip() and column(name) is None]


def printable(name: str) -> str:
    """A name out of somebody's file without what would steer a terminal or turn the direction of a line."""
    return "".join(each if each.isprintable() else " " if each.isspace() else "\ufffd" for each in name)
