"""Whose words are kept from whom: the one rule for the team's pages, its search and every export."""

from __future__ import annotations

from typing import Any, Literal

# Whoever gets a file of the list; the team's viewers, its moderators and editors, and an owner among them.
Audience = Literal["export", "viewer", "team", "owner"]


def hides(found: Any, audience: Audience, protected: bool) -> Any:
    """Whether the words of a signature are kept from these readers: of a signature a bool, of `Signature` a condition.

    A person who chose to be counted only is named to nobody, and one with initials to owners only. Under a protected
    letter an owner alone is told any name; moderators go on with organisations, whose checks do not end when they appear.
    While somebody waits for the first time the team has to see whom it decides about; once they appeared hidden, holding
    them again shows nothing. No export ever says more than the public list of a letter that is not protected; an owner's
    export of one that is asks without `protected`.
    """
    veiled = found.visibility == "counted" if audience == "owner" else found.visibility != "public"
    hidden = (found.kind == "person") & veiled
    if protected and audience == "team":
        hidden = found.kind == "person"
    elif protected and audience in ("export", "viewer"):
        hidden = found.kind != ""
    return hidden if audience == "export" else hidden & ((found.state == "published") | found.appeared)
