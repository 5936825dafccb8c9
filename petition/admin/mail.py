"""Which mails never arrived, and at which stage they failed."""

from __future__ import annotations

from flask import render_template

from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_
from petition.moderation.undelivered import undelivered

# What each message is for, in words for the team.
MESSAGES = {
    "verify": N_("the link that confirms a signature"),
    "expose": N_("the link that confirms a change"),
    "find": N_("the link to a signature, asked for again"),
    "decision": N_("what became of a held signature"),
    "takeover": N_("who answers for an organisation's entry"),
    "invitation": N_("an invitation to the team"),
    "remind": N_("the reminder to confirm a signature"),
    "follow": N_("the question whether news is wanted"),
    "update": N_("an update of a letter"),
    "update_test": N_("a test of an update"),
    "last_call": N_("the last call before a letter closes"),
}


@bp.get("/mail")
@gate("moderator")
def mail() -> str:
    """The newest failures of the member's letters."""
    return render_template("admin/mail.html", rows=undelivered(member()), messages=MESSAGES)
