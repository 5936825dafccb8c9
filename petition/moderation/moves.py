"""Which decision leads from which state to which."""

from __future__ import annotations

from petition.signatures.models import Signature

DECISIONS = ("approve", "reject", "hold", "restore")
_LEADS = {"approve": ("held", "published"), "hold": ("published", "held")}


def leads_to(found: Signature, decision: str) -> str | None:
    """The state that a decision leads to from here, or None."""
    if decision in _LEADS:
        start, end = _LEADS[decision]
        return end if found.state == start else None
    if decision == "reject":
        return "rejected" if found.state in ("held", "published") else None
    if found.state == "rejected" and found.state_before in ("held", "published"):
        return found.state_before
    approved = found.state == "published" and found.state_before == "held" and found.decided_at is not None
    return "held" if approved else None
