"""Updates in the admin: drafted in the letter's languages, previewed, tried out, published, mailed, corrected, taken down."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from petition.db import db
from petition.outbox.delivery import deliver_due
from petition.updates import mailing, writing
from petition.updates.models import Update
from tests import factories, newsroom
from tests.admin import people
from tests.admin.conftest import Browser
from tests.mailing import served

ROOM = "/admin/letters/open-the-road/updates"
ROAD = "/letters/open-the-road"
WORDS = {"title.en": "The council answers", "body.en": "It **opens** the road.", "title.hy": "Խորհուրդը", "body.hy": "Ճանապարհը բացվում է։"}


def update() -> Update:
    db.session.rollback()
    return db.session.scalars(select(Update).execution_options(populate_existing=True)).one()


def editor(app: Flask) -> FlaskClient:
    app.test_client_class = Browser
    return people.browser(people.member("editor"))


def press(browser: FlaskClient, step: str, **fields: str) -> TestResponse:
    page = f"{ROOM}/{update().public_id}"
    return people.post(browser, f"{page}/{step}", page, **fields)


def shown(browser: FlaskClient, address: str = "") -> str:
    """What the page says, as words."""
    return " ".join(re.sub(r"<[^>]+>", " ", browser.get(address or f"{ROOM}/{update().public_id}").text).split())


def test_from_the_draft_to_the_mailbox_and_off_the_page(sqlite_app: Flask) -> None:
    letter = factories.letter()
    factories.load(factories.ARMENIAN)
    newsroom.follower(letter, "nour@example.org")
    browser = editor(sqlite_app)
    assert "Write an update" in browser.get(ROOM).text
    made = people.post(browser, f"{ROOM}/new", f"{ROOM}/new", **WORDS, then="preview")
    assert made.location == f"{ROOM}/{update().public_id}/preview"
    preview = browser.get(made.location)
    assert "<strong>opens</strong>" in preview.text
    assert preview.headers["Cache-Control"] == "no-store"
    assert "Ճանապարհը բացվում է։" in browser.get(f"{made.location}?language=hy").text
    assert '<html lang="ar" dir="rtl">' in browser.get(f"{made.location}?language=ar").text
    assert browser.get(f"{ROAD}/updates/1").status_code == 404
    assert press(browser, "test", language="hy").status_code == 303
    assert press(browser, "publish", mail="1").status_code == 303
    assert browser.get(f"{ROAD}/updates/1").status_code == 200
    newsroom.feed(factories.now())
    assert "being sent · 0 of 1 sent · 1 wait" in shown(browser)
    with served(factories.config()) as (server, reaching):
        deliver_due(reaching, clock=factories.now)
    trial, real = server.mails
    assert trial.recipients == ["editor@team.example.org"]
    assert str(trial.message["Subject"]).endswith(": Խորհուրդը")
    assert trial.message["List-Unsubscribe"] is None
    assert real.recipients == ["nour@example.org"]
    newsroom.feed(factories.now())
    assert "done · 1 of 1 sent" in shown(browser, ROOM)
    seen = str(update().revision)
    page = f"{ROOM}/{update().public_id}"
    assert people.post(browser, page, page, **WORDS, revision=seen).status_code == 303
    assert update().texts[0].corrected_on is None, "nothing changed, so nothing was corrected"
    people.post(browser, page, page, **WORDS | {"body.en": "It opens half of the road."}, revision=seen)
    assert "half of the road" in browser.get(f"{ROAD}/updates/1").text
    assert [each.corrected_on is not None for each in update().texts] == [True, False]
    assert press(browser, "take-down").status_code == 303
    assert "half of the road" not in browser.get(f"{ROAD}/updates/1").text
    assert "half of the road" in browser.get(page).text, "for the team alone"
    actions = ("update.drafted", "update.published", "mailing.started", "mailing.done", "update.corrected", "update.taken_down")
    assert [len(people.recorded(action)) for action in actions] == [1] * len(actions)
    (entry,) = people.recorded("update.published")
    assert (entry.actor_name, entry.details["letter"]) == ("editor@team.example.org", "open-the-road")


def test_what_cannot_be_taken_comes_back_with_everything_typed(sqlite_app: Flask) -> None:
    factories.letter()
    factories.load(factories.ARMENIAN)
    browser = editor(sqlite_app)
    for wrong, words in (
        ({"title.en": ""}, "Please give the update a title."),
        ({"body.en": ""}, "Please write the text of the update."),
        ({"body.en": "One\n\n<script>x</script>"}, "Line 3 holds raw HTML"),
        ({"body.en": "![a](https://example.org/a.png)"}, "Line 1 holds raw HTML"),
        ({"body.en": "[a](javascript:x)"}, "Line 1 holds raw HTML"),
        ({"body.hy": "x\u202ey"}, "invisible characters"),
        ({"body.hy": ""}, "Please write the text of the update."),
        ({"title.en": "x" * 201}, "at most 200 characters"),
    ):  # fmt: skip
        answer = people.post(browser, f"{ROOM}/new", f"{ROOM}/new", **WORDS | wrong)
        assert answer.status_code == 422, wrong
        assert words in answer.text, wrong
        assert "Խորհուրդը" in answer.text
    assert db.session.scalars(select(Update)).all() == []


def test_two_editors_do_not_overwrite_each_other_and_each_step_has_its_time(sqlite_app: Flask) -> None:
    letter = factories.letter()
    browser = editor(sqlite_app)
    newsroom.update(letter, publish=False)
    page = f"{ROOM}/{update().public_id}"
    first = {"title.en": "First", "body.en": "x"}
    assert people.post(browser, page, page, **first, revision="1").status_code == 303
    late = people.post(browser, page, page, **first | {"title.en": "Second"}, revision="1")
    assert late.status_code == 409
    assert 'value="Second"' in late.text
    assert update().words("en").title == "First"
    assert press(browser, "mail").status_code == 409
    assert press(browser, "take-down").status_code == 409
    assert press(browser, "nonsense").status_code == 404
    press(browser, "publish")
    assert mailing.progress(update()) is None, "it was not asked for"
    assert press(browser, "publish").status_code == 409
    assert press(browser, "discard").status_code == 409
    assert press(browser, "stop").status_code == 409
    assert press(browser, "mail").status_code == 303
    assert press(browser, "mail").status_code == 409
    assert press(browser, "stop").status_code == 303
    assert "Go on with the mailing" in browser.get(page).text
    assert press(browser, "resume").status_code == 303
    drafted = newsroom.update(letter, publish=False)
    assert people.post(browser, f"{ROOM}/{drafted.public_id}/discard", ROOM + "/new").location == ROOM
    db.session.rollback()
    assert [each.number for each in writing.listed(letter)] == [1]


def test_the_last_call_is_switched_off_and_on(sqlite_app: Flask) -> None:
    factories.letter(more="closes: 2030-01-01\n")
    browser = editor(sqlite_app)
    assert "It will be sent; the letter closes on 1 January 2030." in browser.get(ROOM).text
    people.post(browser, f"{ROOM}/last-call", ROOM, last_call="off")
    assert "It is switched off." in browser.get(ROOM).text
    people.post(browser, f"{ROOM}/last-call", ROOM, last_call="on")
    assert "It will be sent" in browser.get(ROOM).text
    assert people.post(browser, f"{ROOM}/last-call", ROOM, last_call="maybe").status_code == 404


def test_an_update_of_a_draft_letter_waits_for_the_letter(sqlite_app: Flask) -> None:
    letter = factories.letter(status="draft")
    browser = editor(sqlite_app)
    newsroom.update(letter, publish=False)
    assert press(browser, "publish", mail="1").status_code == 409
    assert update().state == "draft"
    assert mailing.progress(update()) is None
