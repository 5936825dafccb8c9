"""Tags after a plus sign make no more mailboxes: not for the caps of mail, nor, where a provider is known for it, for the count."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from petition import addresses
from petition.db import db
from petition.outbox.models import OutboxMail
from tests.factories import ANA, SIGN, letter

KEY = b"k" * 32


def mails() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(OutboxMail)) or 0


def test_tagged_addresses_share_the_caps_of_their_mailbox(client: FlaskClient) -> None:
    letter()
    for number in range(6):
        assert client.post(SIGN, data=ANA | {"email": f"victim+{number}@example.org"}).status_code == 303
    assert mails() == 3
    client.post(SIGN, data=ANA | {"email": "other@example.org"})
    assert mails() == 4
    for number in range(5):
        client.post("/letters/open-the-road/find", data={"email": f"victim+{number}@example.org"})
    assert mails() == 4 + 3


@pytest.mark.parametrize("host", ["gmail.com", "hotmail.fr", "outlook.de", "live.co.uk", "msn.com", "posteo.de", "riseup.net"])
def test_providers_known_for_tags_give_one_identity(host: str) -> None:
    assert addresses.fold(f"Ana+letters@{host}") == addresses.fold(f"ana@{host}")


def test_elsewhere_a_tag_may_be_a_mailbox_of_its_own() -> None:
    assert addresses.fingerprint("ana+x@example.org", KEY) != addresses.fingerprint("ana@example.org", KEY)
    assert addresses.mailbox("ana+x@example.org", KEY) == addresses.mailbox("ana@example.org", KEY)
    assert addresses.mailbox('"a+b"@example.org', KEY) != addresses.mailbox('"a"@example.org', KEY)
    assert addresses.mailbox("+x@example.org", KEY) != addresses.mailbox("+y@example.org", KEY)
