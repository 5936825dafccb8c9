"""A test mail of an update, to the member who writes it."""

from __future__ import annotations

from datetime import datetime

from petition import addresses, outbox
from petition.accounts import Member
from petition.config import Config
from petition.db import transaction
from petition.errors import N_, Conflict
from petition.signatures.operations import letter_values
from petition.updates.feeding import said
from petition.updates.models import Mailing, Update


class EnoughTests(Conflict):
    """A member asked for more test mails than anybody needs."""

    code = "enough_tests"
    message = N_("You have had twenty test mails today. Please look at those.")


def try_out(update: Update, language: str, *, member: Member, config: Config, now: datetime) -> None:
    """Queue the mail as a reader of this language would get it; raises EnoughTests."""
    letter = update.letter
    values = letter_values(letter, language, config) | said(Mailing(letter=letter, update=update, kind="update"), language, config)
    mailbox = addresses.fingerprint(member.email, config.fingerprint_bytes)
    with transaction() as session:
        session.refresh(update)
        queued = outbox.queue(
            session, "update_test", to=member.email, fingerprint=mailbox, language=language, values=values, now=now,
            scope=f"update_test:{letter.id}", cap=outbox.TEST_CAP,
        )  # fmt: skip
    if not queued:
        raise EnoughTests
