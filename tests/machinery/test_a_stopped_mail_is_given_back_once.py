"""Who was surely mailed nothing is given back when mails are stopped; where nobody knows, nobody is mailed twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from petition import outbox
from petition.db import transaction
from tests.mailing import START, mail, queue_mail


@pytest.mark.parametrize(("values", "given_back"), [
    ({}, True),
    ({"attempts": 1, "last_error": "recipient 451"}, True),
    ({"attempts": 1, "leased_until": START - timedelta(seconds=1)}, False),
    ({"attempts": 2, "unknowns": 1}, False),
])  # fmt: skip
def test_a_mail_is_given_back_unless_it_may_have_been_sent(sqlite_app: Flask, values: dict[str, Any], given_back: bool) -> None:
    queue_mail()
    with transaction() as session:
        row = session.merge(mail())
        for name, value in values.items():
            setattr(row, name, value)
        session.flush()
        assert len(outbox.stop(session, "verify:1", START)) == given_back
    assert (mail().state, mail().recipient) == ("stopped", None)
