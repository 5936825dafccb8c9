"""In the admin: criteria, preview, confirmation, a second person, progress, stopping and reversing; and the switch under attack."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from petition.audit import AuditEntry
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.moderation.models import BulkDecision
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people
from tests.admin.conftest import Browser
from tests.waves import faults, states, sweep, wave

NEW = "/admin/letters/open-the-road/bulk/new"
REJECT = {"domain": "catchall.example", "decision": "reject", "reason": "One machine sent them.", "reason_class": "fake"}


@pytest.fixture
def letter(sqlite_app: Flask) -> Letter:
    """A letter with twelve honest signatures and thirty fakes."""
    sqlite_app.test_client_class = Browser
    found = factories.letter()
    hour = factories.now().replace(minute=0, second=0, microsecond=0)
    wave(found, 12, start=1_000, mail_domain="honest.example", name=lambda number: f"Honest {number}", hour=hour - timedelta(hours=30))
    wave(found, 30, hour=hour, name_shape="Aa Aa 0", signed_on=hour.date())
    return found


def newest() -> str:
    db.session.rollback()
    return db.session.scalars(select(BulkDecision.public_id).order_by(BulkDecision.id.desc()).limit(1)).one()


def press(browser: FlaskClient, step: str, **fields: str) -> TestResponse:
    """Press a button of the newest bulk decision, with what its page carries."""
    page = browser.get(f"/admin/bulk/{newest()}")
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    carried = {"csrf_token": people.token(page), **({"seen": seen[1]} if seen else {})}
    return browser.post(f"/admin/bulk/{newest()}/{step}", data=carried | fields)


def test_the_preview_counts_shows_some_and_changes_nothing(letter: Letter) -> None:
    page = people.browser(people.member()).get(NEW + "?domain=catchall.example&state=published&shape=Aa+Aa+0").text
    assert "Fake Person" in page
    assert "Honest" not in page
    assert "71.4%" in page
    assert page.count("/admin/signatures/") == 20
    assert "Hold <strong>30</strong>" in page
    assert "Approve <strong>" not in page
    assert db.session.scalars(select(BulkDecision)).all() == []


def test_without_criteria_there_is_no_preview(letter: Letter) -> None:
    page = people.browser(people.member()).get(NEW)
    assert page.status_code == 200
    assert "What this matches" not in page.text


def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(letter: Letter) -> None:
    answer = people.browser(people.member()).get(NEW + "?domain=two+words&name=Johnny*")
    assert answer.status_code == 422
    assert 'id="fault-domain"' in answer.text
    assert 'value="two words"' in answer.text
    assert 'value="Johnny*"' in answer.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "person", "decision": "hold"}, "match every signature"),
        ({"decision": "hold"}, "at least one thing"),
        ({"name": "nobody of this name", "decision": "hold"}, "No signature meets"),
        ({**REJECT, "reason": ""}, "Please give a reason"),
        ({**REJECT, "reason_class": ""}, "sort of reason"),
        ({**REJECT, "decision": "forget"}, "one of the decisions"),
    ],
)
def test_what_cannot_be_prepared_says_why(letter: Letter, fields: dict[str, str], words: str) -> None:
    answer = people.post(people.browser(people.member()), NEW, NEW, **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.scalars(select(BulkDecision)).all() == []


def test_two_people_reject_many_and_one_brings_them_back(letter: Letter) -> None:
    one, two = people.browser(people.member()), people.browser(people.member("owner"))
    assert people.post(one, NEW, NEW, **REJECT).status_code == 303
    assert "another member of the team has to confirm" in one.get(f"/admin/bulk/{newest()}").text
    press(one, "confirm")
    assert "You confirmed it." in one.get(f"/admin/bulk/{newest()}").text
    assert press(one, "second", seen="30").status_code == 409
    assert states(letter) == {"published": 42}
    assert press(two, "second").status_code == 303
    running = one.get(f"/admin/bulk/{newest()}")
    assert running.headers["Refresh"] == "5"
    sweep(factories.now)
    done = one.get(f"/admin/bulk/{newest()}")
    assert "Refresh" not in done.headers
    assert "30 of 30 done." in done.text
    assert states(letter) == {"published": 12, "rejected": 30}
    press(one, "reverse")
    sweep(factories.now)
    assert "30 of 30 are back" in one.get(f"/admin/bulk/{newest()}").text
    assert states(letter) == {"published": 42}
    assert faults() == []


def test_the_only_moderator_confirms_twice_and_is_told_why(letter: Letter) -> None:
    one = people.browser(people.member())
    people.post(one, NEW, NEW, **REJECT)
    assert "Nobody else in the team can confirm it" in one.get(f"/admin/bulk/{newest()}").text
    press(one, "confirm")
    assert "your own second confirmation is enough" in one.get(f"/admin/bulk/{newest()}").text
    assert press(one, "second").status_code == 303
    sweep(factories.now)
    assert states(letter)["rejected"] == 30


def test_a_count_that_changed_is_shown_before_anything_happens(letter: Letter) -> None:
    one = people.browser(people.member())
    people.post(one, NEW, NEW, **(REJECT | {"decision": "hold"}))
    answer = press(one, "confirm", seen="3")
    assert answer.status_code == 409
    assert "from 3 to 30" in answer.text
    sweep(factories.now)
    assert states(letter) == {"published": 42}


def test_mailing_the_decision_is_proposed_up_to_a_thousand_and_never_for_a_hold(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    one = people.browser(people.member())
    people.post(one, NEW, NEW, **REJECT)
    assert 'name="tell" value="yes" checked' in one.get(f"/admin/bulk/{newest()}").text
    monkeypatch.setattr("petition.moderation.bulk.TELL_UP_TO", 29)
    page = one.get(f"/admin/bulk/{newest()}").text
    assert 'name="tell" value="yes">' in page
    assert "more than a thousand mails" in page
    people.post(one, NEW, NEW, **(REJECT | {"decision": "hold"}))
    assert 'name="tell"' not in one.get(f"/admin/bulk/{newest()}").text


def test_buttons_of_another_state_and_unknown_ones_do_nothing(letter: Letter) -> None:
    one = people.browser(people.member())
    people.post(one, NEW, NEW, **(REJECT | {"decision": "hold"}))
    assert press(one, "reverse").status_code == 409
    assert press(one, "second").status_code == 409
    assert press(one, "delete").status_code == 404
    assert press(one, "confirm", seen="nonsense").status_code == 409
    assert press(one, "cancel").status_code == 303
    assert press(one, "confirm", seen="30").status_code == 409
    sweep(factories.now)
    assert states(letter) == {"published": 42}


def test_a_page_says_when_no_worker_is_at_it(letter: Letter) -> None:
    one = people.browser(people.member())
    people.post(one, NEW, NEW, **(REJECT | {"decision": "hold"}))
    press(one, "confirm")
    assert "Nothing has moved" not in one.get(f"/admin/bulk/{newest()}").text
    with transaction() as session:
        session.scalars(select(BulkDecision)).one().leased_until = factories.now() - timedelta(minutes=3)
    assert "Nothing has moved" in one.get(f"/admin/bulk/{newest()}").text


def test_the_list_shows_each_with_its_criteria_and_state(letter: Letter) -> None:
    one = people.browser(people.member())
    people.post(one, NEW, NEW, **REJECT)
    page = one.get("/admin/letters/open-the-road/bulk").text
    assert "catchall.example" in page
    assert "prepared" in page


@pytest.mark.parametrize(("hours", "held"), [("0", 0), ("1", 30), ("24", 30)])
def test_one_button_lets_everything_new_wait_and_holds_what_came_lately(letter: Letter, hours: str, held: int) -> None:
    one = people.browser(people.member())
    page = "/admin/letters/open-the-road"
    assert people.post(one, f"{page}/holding", page, state="on", hours=hours).status_code == 303
    sweep(factories.now)
    assert states(letter).get("held", 0) == held
    assert "Everything new waits" in one.get(page).text
    factories.sign(one, **factories.ANA)
    ana = people.signature("Ana Sample")
    assert (ana.state, ana.flags[0]["code"]) == ("held", "holding")
    people.post(one, f"{page}/holding", page, state="off")
    factories.sign(one, **factories.ARAM)
    assert people.signature(factories.ARAM["name"]).state == "published"
    actions = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "letter.holding").order_by(AuditEntry.id)).all()
    assert [each.details["after"] for each in actions] == ["on", "off"]


def test_the_switch_may_hold_all_there_is(letter: Letter) -> None:
    one = people.browser(people.member())
    page = "/admin/letters/open-the-road"
    with transaction() as session:
        session.execute(update(Signature).values(hour=factories.now()))
    people.post(one, f"{page}/holding", page, state="on", hours="24")
    sweep(factories.now)
    assert states(letter) == {"held": 42}
    press(one, "reverse")
    sweep(factories.now)
    assert states(letter) == {"published": 42}
