"""What goes wrong is logged by place and sort: no token, name or address is in any log."""

import logging

from sqlalchemy import text

from petition.db import db
from tests.factories import ANA, SIGN, ask, letter


def unplug() -> None:
    """Take away a table that every page about a letter needs."""
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE link_token RENAME TO gone"))


def test_a_broken_page_logs_neither_the_token_nor_the_address(app, client, caplog):
    letter()
    token = ask(client, **ANA)
    unplug()
    app.testing = False
    caplog.set_level(logging.DEBUG)
    assert client.get(f"/signature/{token}").status_code >= 500
    assert client.post(SIGN, data=ANA | {"name": "Zara Secret", "email": "zara@example.org"}).status_code >= 500
    assert "public.signature" in caplog.text
    for private in (token, "Zara", "zara@"):
        assert private not in caplog.text
