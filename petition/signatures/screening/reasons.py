"""Every reason to look at a signature: its code, the sentence that says it, and how much it weighs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from petition.errors import N_

LONGEST_CODES = 398
HOLDS_AT = 100  # a signature waits for the team when its reasons weigh this much together

# What was typed, whose name it is, or what the team asked for: each is enough.
_CONTENT = {
    "mixed_scripts": (100, N_("One word mixes letters of different scripts.")),
    "link": (100, N_("There is a web address where none belongs.")),
    "formula": (100, N_("The text begins like a spreadsheet formula.")),
    "markup": (100, N_("The text contains markup or template code.")),
    "slur": (100, N_("It contains a word from the lists of insults.")),
    "protected_name": (100, N_("The name is on the list of protected names, or looks like one that is.")),
    "office": (100, N_("It claims a high public office.")),
    "joke_name": (100, N_("The name is on the list of joke names.")),
    "look_alike": (100, N_("It looks like another signatory's name, written with other letters.")),
    "look_alike_host": (100, N_("The website's address imitates another with similar letters.")),
    "disposable_domain": (100, N_("The address belongs to a service for throw-away mailboxes.")),
    "same_website": (100, N_("Another entry has the same website.")),
    "same_organisation": (100, N_("Another entry has the same domain: perhaps one organisation under two names.")),
    "organisation": (100, N_("Organisations are checked by the team before they appear.")),
    "review_all": (100, N_("The team looks at every signature of this letter before it appears.")),
    "holding": (100, N_("The team is looking at everything new on this letter at the moment.")),
    "changed": (100, N_("A checked entry was changed.")),
    "second_claim": (100, N_("Another representative asked for the same organisation.")),
    "contested": (100, N_("Another entry of the same organisation stands; this letter tells nobody so.")),
    "imported_entry": (100, N_("An entry of the same organisation was collected elsewhere; it gives way when this one is published.")),
    "reported": (100, N_("Readers reported it.")),
    "blocked": (100, N_("A block list names its address, mail domain or network.")),
    "honeypot": (100, N_("A field was filled in that people do not see.")),
}
# What many honest people do as well: together, or with something else, it may be enough.
_SHAPES = {
    "keyboard_run": (60, N_("The name follows a row of the keyboard.")),
    "repeated_letter": (40, N_("One letter of the name is repeated three times or more.")),
    "digits": (40, N_("There are digits in the name.")),
    "no_vowels": (30, N_("A long word of the name has no vowel.")),
    "all_caps": (25, N_("The whole name is in capital letters.")),
}
_DOOR = {
    "came_by_ticket": (30, N_("It came with a waiting ticket, after its network had sent too much.")),
    "new_domain": (10, N_("This mail domain was not seen on this letter before today.")),
    "came_by_proof": (0, N_("Its browser solved the puzzle that a busy letter asks for.")),
}
# How it arrived; what the limits are about, so these only mark where the limits are switched off.
_TIMING = {
    "domain_cap": (100, N_("Many signatures came from this mail domain at once; it waits so that the count cannot be pushed up.")),
    "domain_burst": (35, N_("Many signatures came from this mail domain within an hour.")),
    "network_burst": (25, N_("Many signatures came from this network within an hour.")),
    "too_quick": (25, N_("It was confirmed within two seconds of being asked for.")),
    "other_network": (10, N_("It was confirmed from another network than it was asked from.")),
    "letter_load": (5, N_("It came while very many signed this letter at once.")),
}

_ALL = _CONTENT | _SHAPES | _DOOR | _TIMING
REASONS = {code: sentence for code, (_, sentence) in _ALL.items()}
WEIGHTS = {code: weight for code, (weight, _) in _ALL.items()}
SHAPES = frozenset(_SHAPES)
TIMING = frozenset(_TIMING)
# What is true of how a signature came, whatever its words become later.
ARRIVAL = frozenset(_DOOR) | TIMING | {"honeypot", "blocked", "disposable_domain"}
# What an allow rule for a mail domain, an address or a network answers for; what was typed is still looked at.
ANSWERED_FOR = frozenset({"disposable_domain", "new_domain", "domain_burst", "network_burst", "letter_load", "domain_cap"})


@dataclass(frozen=True)
class Flag:
    """One reason to look, the field it is about, and what it points at; `code` is a key of REASONS."""

    code: str
    field: str = ""
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        """The flag as it is stored."""
        plain = {"code": self.code, "field": self.field}
        return plain | {"detail": self.detail} if self.detail else plain


def holds(codes: Collection[str], *, limits: bool = True) -> bool:
    """Whether these reasons together are enough to wait for the team; each counts once."""
    return sum(WEIGHTS.get(code, 0) for code in set(codes) if limits or code not in TIMING) >= HOLDS_AT


def heaviest_first(flags: Collection[dict[str, str]]) -> list[dict[str, str]]:
    """Stored flags in the order in which they are shown, none twice."""
    once = [flag for number, flag in enumerate(flags) if flag not in list(flags)[:number]]
    return sorted(once, key=lambda flag: -WEIGHTS.get(flag["code"], 0))


def codes_of(flags: Collection[dict[str, str]]) -> str:
    """The codes of stored flags as '|link|markup|', each once and as many as a column holds; empty for none."""
    codes = ""
    for code in dict.fromkeys(flag["code"] for flag in flags):
        if len(codes) + len(code) < LONGEST_CODES:
            codes += f"|{code}"
    return f"{codes}|" if codes else ""
