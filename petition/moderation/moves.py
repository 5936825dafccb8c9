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
    return _undone(found)


def _undone(found: Signature) -> str | None:
    """What a signature was before the team's last decision; `decided_at` is empty when its state is nobody's decision."""
    if found.state == "rejected":
        return found.state_before if found.state_before in ("held", "published") else None
    turned = (found.state, found.state_before) in (("published", "held"), ("held", "published"))
    return found.state_before if turned and found.decided_at is not None else None
