"""Which mails never arrived or came back, at which stage they failed, and at which domains."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import render_template

from petition.admin import bp
from petition.admin.gates import gate, member
from petition.errors import N_
from petition.moderation.undelivered import health, undelivered

# What each message is for, in words for the team.
MESSAGES = {
    "verify": N_("the link that confirms a signature"),
    "expose": N_("the link that confirms a change"),
    "find": N_("the link to a signature, asked for again"),
    "decision": N_("what became of a held signature"),
    "takeover": N_("who answers for an organisation's entry"),
    "invitation": N_("an invitation to the team"),
    "milestone": N_("a milestone, for the team"),
    "digest": N_("a digest, for a member"),
    "remind": N_("the reminder to confirm a signature"),
    "follow": N_("the question whether news is wanted"),
    "update": N_("an update of a letter"),
    "update_test": N_("a test of an update"),
    "last_call": N_("the last call before a letter closes"),
    "webhook": N_("that a webhook was switched off"),
}

# What becomes of mails, in the order of the tables; whatever else is counted comes after it by its own word.
STATES = {
    "sent": N_("sent"), "delayed": N_("delayed at first"), "failed": N_("failed"), "bounced": N_("bounced"), "dropped": N_("too late"),
    "complained": N_("complained"), "stopped": N_("stopped"),
}  # fmt: skip


@bp.get("/mail")
@gate("moderator")
def mail() -> str:
    """The newest failures of the member's letters."""
    return render_template(
        "admin/mail.html", rows=undelivered(member()), messages=MESSAGES, health=health(member(), datetime.now(UTC)), states=STATES
    )
