"""Whose words are kept from whom: the one rule for the team's pages, its search and every export."""

from __future__ import annotations

from typing import Any, Literal

# Whoever gets a file of the list, the team's members, and an owner among them.
Audience = Literal["export", "team", "owner"]


def hides(found: Any, audience: Audience) -> Any:
    """Whether name, affiliation, role and comment are kept from these readers: of a signature a bool, of `Signature` a condition.

    A person who chose to be counted only is named to nobody, and one with initials to owners only. While they wait for
    the first time the team has to see whom it decides about; once they appeared hidden, holding them again shows nothing.
    No export ever says more than the public list.
    """
    veiled = found.visibility == "counted" if audience == "owner" else found.visibility != "public"
    hidden = (found.kind == "person") & veiled
    return hidden if audience == "export" else hidden & ((found.state == "published") | found.appeared)
