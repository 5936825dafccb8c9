"""The export page: formats, filters and columns at once or in the background, addresses for owners, all on record."""

from __future__ import annotations

import csv
import io
import json
import threading
import xml.etree.ElementTree as ET
import zipfile

import pytest
from flask.testing import FlaskClient

from petition import accounts
from petition.admin import exports as desk
from petition.db import db
from petition.deliveries import preparing
from petition.deliveries.models import PreparedFile
from tests import factories
from tests.admin import people

DESK = "/admin/letters/open-the-road/exports"
FORMULA = factories.ANA | {"name": "=Ana Sample", "email": "calc@example.org", "country": "AM", "updates": "1"}


@pytest.fixture
def signed(sqlite_client: FlaskClient) -> FlaskClient:
    """A letter with a person who asked for news, and an organisation that waits."""
    people.held_union(sqlite_client)
    factories.sign(sqlite_client, **FORMULA)
    people.decision(people.browser(people.member("moderator")), people.signature("=Ana Sample").public_id, "approve")
    return sqlite_client


def as_rows(whole: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(whole.removeprefix("\ufeff"))))


def sheet(file: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return archive.read("xl/worksheets/sheet1.xml").decode()


def test_a_small_list_comes_at_once_in_the_columns_and_of_those_that_were_chosen(signed: FlaskClient) -> None:
    viewer = people.browser(people.member("viewer"))
    answer = people.post(viewer, DESK, DESK, format="json", state=["published", "held"], columns=["id", "organisation", "email"])
    rows = json.loads(answer.data)
    assert [(list(row), row["email"]) for row in rows] == [(["id", "organisation", "email"], "")] * 2
    answer = people.post(viewer, DESK, DESK, format="csv", state=["published", "held"], country="AM", kind="person")
    assert [row["name"] for row in as_rows(answer.text)] == ["'=Ana Sample"]
    entry = people.recorded("letter.exported")[-1].details
    assert entry["filters"] == {"states": ["published", "held"], "kinds": ["person"], "countries": ["AM"]}
    assert (entry["count"], entry["format"], entry["addresses"]) == (1, "csv", False)
    assert people.post(viewer, DESK, DESK, format="csv", state="withdrawn").status_code == 400
    assert people.post(viewer, DESK, DESK, format="csv", version="7").status_code == 400


def test_a_spreadsheet_holds_strings_only(signed: FlaskClient) -> None:
    answer = people.post(people.browser(people.member("viewer")), DESK, DESK, format="xlsx", state=["published", "held"])
    cells = ET.fromstring(sheet(answer.data)).iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}c")
    assert {cell.get("t") for cell in cells} <= {"s", "inlineStr"}
    assert "<f>" not in sheet(answer.data) and "hyperlink" not in sheet(answer.data)
    assert "=Ana Sample" in sheet(answer.data)


def test_addresses_and_presets_are_for_owners_who_prove_who_they_are(signed: FlaskClient) -> None:
    editor = people.browser(people.member("editor"))
    for given in ({"addresses": "yes"}, {"preset": "mailchimp"}):
        assert people.post(editor, DESK, DESK, format="csv", **given).status_code == 403
    owner = people.browser(people.member("owner"))
    assert as_rows(people.post(owner, DESK, DESK, format="csv").text)[1]["email"] == ""
    assert as_rows(people.post(owner, DESK, DESK, format="csv", addresses="yes").text)[1]["email"] == "calc@example.org"
    with owner.session_transaction("/admin/") as session:
        session["fs_paa"] = 0
    asked = people.post(owner, DESK, DESK, format="csv", preset="mailchimp")
    assert asked.status_code == 403 and "present_password" in asked.text
    proved = people.post(owner, DESK, DESK, format="csv", preset="mailchimp", present_password=people.PASSWORD)
    assert as_rows(proved.text) == [
        {"Email Address": "calc@example.org", "First Name": "'=Ana", "Last Name": "Sample", "Tags": "open-the-road"}
    ]
    civicrm = as_rows(people.post(owner, DESK, DESK, format="csv", preset="civicrm").text)
    assert [row["Country"] for row in civicrm] == ["AM"]
    assert people.post(owner, DESK, DESK, format="csv", preset="nonsense").status_code == 400


def test_what_takes_long_is_made_in_the_background_for_one_member(signed: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "AT_ONCE", 1)
    viewer = people.browser(people.member("viewer"))
    page = people.post(viewer, DESK, DESK, format="csv", state=["published", "held"]).location
    waiting = viewer.get(page)
    assert 'http-equiv="refresh"' in waiting.text and "0 of 2 signatures read" in waiting.text
    assert viewer.get(f"{page}/file").status_code == 404
    db.session.rollback()
    preparing.work(factories.config(), clock=factories.now, stop=threading.Event())
    assert 'http-equiv="refresh"' not in viewer.get(page).text
    assert len(as_rows(viewer.get(f"{page}/file").text)) == 2
    assert people.browser(people.member("owner")).get(page).status_code == 404
    assert people.browser(people.member("owner")).get(f"{page}/file").status_code == 404


def test_who_withdraws_is_in_no_prepared_file(signed: FlaskClient) -> None:
    token = factories.sign(signed, **factories.ARAM)
    viewer = people.browser(people.member("viewer"))
    page = people.post(viewer, DESK, DESK, format="pdf", language="en").location
    db.session.rollback()
    preparing.work(factories.config(), clock=factories.now, stop=threading.Event())
    assert viewer.get(f"{page}/file").data.startswith(b"%PDF-")
    signed.post(f"/signature/{token}", data={"action": "withdraw"})
    assert viewer.get(f"{page}/file").status_code == 409
    preparing.sweep(factories.config(), factories.now())
    assert list((factories.config().instance / "prepared").iterdir()) == []


def prepared(browser: FlaskClient, **fields: object) -> str:
    """The page of a file that was made in the background."""
    page = people.post(browser, DESK, DESK, **fields).location
    db.session.rollback()
    assert preparing.work(factories.config(), clock=factories.now, stop=threading.Event()) == 1
    return str(page)


def test_a_prepared_file_follows_what_somebody_changes(signed: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "AT_ONCE", -1)
    token, folder = factories.sign(signed, **factories.ARAM | {"updates": "1"}), factories.config().instance / "prepared"
    viewer, owner = people.browser(people.member("viewer")), people.browser(people.member("owner"))
    moderator, aram = people.browser(people.member("moderator")), people.signature("Արամ Օրինակյան").public_id

    def change(**fields: str) -> None:
        assert signed.post(f"/signature/{token}", data={"action": "change", "country": "AM", **fields}).status_code in (200, 303)

    plain = prepared(viewer, format="csv", columns=["id", "country"])
    named, addressed = prepared(viewer, format="csv"), prepared(owner, format="csv", addresses="yes")
    signed.post(f"/signature/{token}", data={"action": "unsubscribe"})
    assert owner.get(f"{addressed}/file").status_code == 409 and viewer.get(f"{named}/file").status_code == 200
    change(name="Արամ", visibility="public")  # shortened
    answer = viewer.get(f"{named}/file")
    assert answer.status_code == 409 and "please prepare it again" in answer.text
    assert [each.name for each in folder.iterdir()] == [plain.rpartition("/")[2]]  # no hour passes before the others are gone
    assert viewer.get(f"{plain}/file").status_code == 200
    again = prepared(viewer, format="json")
    change(name="Արամ", visibility="initials")
    assert "please prepare it again" in viewer.get(again).text and viewer.get(f"{plain}/file").status_code == 409
    preparing.sweep(factories.config(), factories.now())
    assert list(folder.iterdir()) == []
    again = prepared(viewer, format="csv")
    people.decision(moderator, aram, "reject", template="other")
    assert viewer.get(f"{again}/file").status_code == 409


def test_a_withdrawal_while_a_file_is_made_has_it_made_again(signed: FlaskClient) -> None:
    token = factories.sign(signed, **factories.ARAM)
    viewer = people.browser(people.member("viewer"))
    page = people.post(viewer, DESK, DESK, format="pdf", language="en").location
    db.session.rollback()
    moments = iter((factories.now, lambda: signed.post(f"/signature/{token}", data={"action": "withdraw"}) and factories.now()))

    def clock():  # type: ignore[no-untyped-def]
        return next(moments, factories.now)()

    assert preparing.work(factories.config(), clock=clock, stop=threading.Event()) == 2
    row = db.session.query(PreparedFile).one()
    assert (row.state, row.tries) == ("ready", 1)
    assert viewer.get(f"{page}/file").status_code == 200


def test_a_file_that_cannot_be_made_is_given_up(signed: FlaskClient) -> None:
    viewer = people.browser(people.member("viewer"))
    page = people.post(viewer, DESK, DESK, format="pdf", language="en").location
    db.session.rollback()
    row = db.session.query(PreparedFile).one()
    with preparing.transaction():
        row.tries = preparing.TRIES
    assert preparing.work(factories.config(), clock=factories.now, stop=threading.Event()) == 1
    assert "could not be made" in viewer.get(page).text
    assert preparing.of(accounts.find_member(people.ADDRESSES["viewer"]), row.letter)[0].state == "failed"
