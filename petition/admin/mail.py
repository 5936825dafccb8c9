"""Which mails never arrived or came back, at which stage they failed, and at which domains."""

from __future__ import annotations

from flask import render_template

from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_
from petition.moderation.undelivered import by_domain, undelivered

# What each message is for, in words for the team.
MESSAGES = {
    "verify": N_("the link that confirms a signature"),
    "expose": N_("the link that confirms a change"),
    "find": N_("the link to a signature, asked for again"),
    "decision": N_("what became of a held signature"),
    "takeover": N_("who answers for an organisation's entry"),
    "invitation": N_("an invitation to the team"),
    "webhook": N_("that a webhook was switched off"),
}


@bp.get("/mail")
@gate("moderator")
def mail() -> str:
    """The newest failures of the member's letters."""
    rows = undelivered(member())
    return render_template("admin/mail.html", rows=rows, domains=by_domain(rows), messages=MESSAGES)
