"""What a document counts: signatures by kind and by what was checked, and in words what each number means."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from babel.numbers import format_decimal

from petition import i18n
from petition.errors import N_
from petition.letters.models import Letter
from petition.signatures import directory, levels
from petition.signatures.models import Signature

VERIFIED = N_(
    "Every signature was confirmed from an e-mail mailbox with a link and a button. That proves that the mailbox exists and that "
    "its holder agreed; it does not prove that people are who they say. Organisations are looked at by the team before they appear."
)
# The same words as on the site.
CHECKED = {
    "team": N_("checked by the team"),
    "dns": N_("domain shown by a DNS record"),
    "domain": N_("address at its own domain"),
    "email": N_("mailbox confirmed only"),
    "imported": N_("collected elsewhere"),
}
PEOPLE = N_("People, mailbox confirmed")
ORGANISATIONS = N_("Organisations, %(checked)s")
ANY_ORGANISATIONS = N_("Organisations")
TOTAL = N_("Verified signatures in all")
HIDDEN = N_("Of these, counted without a name: %(number)s.")
EARLIER = N_("Of these, under an earlier version of the text: %(number)s.")
HELD = N_("Not counted: %(number)s that wait to be checked.")
ELSEWHERE = N_("Counted apart: %(number)s collected elsewhere, for example on paper; their mailboxes were not confirmed.")
SIGNATURES, NUMBER = N_("Signatures"), N_("Number")


@dataclass
class Numbers:
    """The counts of one document; `total` holds neither imported nor held signatures."""

    people: int = 0
    organisations: dict[str, int] = field(default_factory=dict)  # by what was checked; '' where that was not asked
    hidden: int = 0
    earlier: int = 0
    held: int = 0
    imported: int = 0

    @property
    def total(self) -> int:
        """Verified signatures that are published, shown by name or not."""
        return self.people + sum(self.organisations.values())

    def add(self, signature: Signature, current: int) -> None:
        """Count one published signature; `current` is the version of the text that counts as today's."""
        if signature.origin == "imported":
            self.imported += 1
            return
        if signature.kind == "person":
            self.people += 1
        else:
            checked = levels.verification(signature)
            self.organisations[checked] = self.organisations.get(checked, 0) + 1
        self.hidden += signature.visibility == "counted"
        self.earlier += signature.major < current

    def as_json(self) -> dict[str, Any]:
        """The counts as they are stored."""
        return asdict(self)


def standing(letter: Letter) -> Numbers:
    """The letter's numbers as its page shows them, from the tallies."""
    found = directory.counts(letter)
    organisations = {"": found.organisations} if found.organisations else {}
    return Numbers(found.people, organisations, found.hidden, found.earlier, found.waiting, found.imported)


def together(several: list[Numbers]) -> Numbers:
    """The sum of several."""
    organisations: Counter[str] = Counter()
    for each in several:
        organisations.update(each.organisations)
    sums = {name: sum(getattr(each, name) for each in several) for name in ("people", "hidden", "earlier", "held", "imported")}
    return Numbers(organisations=dict(organisations), **sums)


def number(value: int, language: str) -> str:
    """A number as the language writes it."""
    return str(format_decimal(value, locale=i18n.locale(language)))


def lines(numbers: Numbers) -> list[tuple[str, dict[str, str], int]]:
    """Each counted line as a sentence with its places, and its number; the largest check first."""
    rows: list[tuple[str, dict[str, str], int]] = [(PEOPLE, {}, numbers.people)]
    for checked in ("team", "dns", "domain", "email"):
        if numbers.organisations.get(checked):
            rows.append((ORGANISATIONS, {"checked": CHECKED[checked]}, numbers.organisations[checked]))
    if numbers.organisations.get(""):
        rows.append((ANY_ORGANISATIONS, {}, numbers.organisations[""]))
    return rows


def sentences(numbers: Numbers) -> list[tuple[str, int]]:
    """What is said below the lines, each with its number."""
    every = ((HIDDEN, numbers.hidden), (EARLIER, numbers.earlier), (HELD, numbers.held), (ELSEWHERE, numbers.imported))
    return [(words, value) for words, value in every if value]


def as_words(numbers: Numbers, language: str) -> dict[str, Any]:
    """The counts as a document prints them."""

    def say(words: str, **places: str) -> str:
        return i18n.translate(language, words, **{name: i18n.translate(language, value) for name, value in places.items()})

    below = [i18n.translate(language, words, number=number(value, language)) for words, value in sentences(numbers)]
    return {
        "head": say(SIGNATURES), "number": say(NUMBER),
        "rows": [(say(words, **places), number(value, language)) for words, places, value in lines(numbers)],
        "total": (say(TOTAL), number(numbers.total, language)), "sentences": [*below, say(VERIFIED)],
    }  # fmt: skip
