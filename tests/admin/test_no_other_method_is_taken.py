"""Every address of the admin takes the methods it is made for and no others, whoever asks; reading changes nothing."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from petition.accounts import ROLES
from petition.db import db
from tests.admin import people
from tests.admin.test_every_role_on_every_route import FORMS, PAGES, filled

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
# What a look leaves behind: when the member was last seen, and that a list was taken away.
LEFT = {"team_session", "audit_entry"}


@pytest.mark.parametrize("role", [None, *ROLES])
def test_an_address_takes_no_method_but_its_own(sqlite_client: FlaskClient, role: str | None) -> None:
    names = filled(sqlite_client)
    browser = people.browser(people.member(role)) if role else sqlite_client.application.test_client()
    addresses = {page.partition("?")[0].format(**names) for page in (*PAGES, *FORMS)}
    adapter = sqlite_client.application.url_map.bind("localhost")
    for address in addresses:
        for method in METHODS - set(adapter.allowed_methods(address)):
            assert browser.open(address, method=method).status_code == 405, (method, address)


def everything() -> dict[str, list[tuple[object, ...]]]:
    db.session.rollback()
    return {
        table.name: sorted((tuple(row) for row in db.session.execute(select(table))), key=str)
        for table in db.metadata.sorted_tables
        if table.name not in LEFT
    }


def test_reading_changes_nothing(sqlite_client: FlaskClient) -> None:
    names = filled(sqlite_client)
    browser = people.browser(people.member("owner"))
    before = everything()
    for page in PAGES:
        assert browser.get(page.format(**names)).status_code == 200, page
    assert everything() == before
