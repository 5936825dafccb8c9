"""A letter is written in forms: nothing typed is lost, lists are put in order, and what was read or signed changes only as it was shown."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from petition.db import db
from petition.letters import document
from petition.letters import operations as letters
from tests import factories
from tests.admin import people
from tests.admin.writing import EDIT, fields, press, write

NEW = "/admin/letters/new"
SETTINGS = "/admin/letters/open-the-road/settings"


@pytest.fixture
def editor(sqlite_client: FlaskClient) -> FlaskClient:
    """An editor's browser; the letter is a draft."""
    factories.letter(status="draft")
    return people.browser(people.member("editor"))


def standing() -> document.LetterDocument:
    db.session.rollback()
    db.session.expire_all()
    return letters.as_document(letters.find("open-the-road"), "en")


def faults(page: str) -> list[str]:
    """The fields named in the list at the top, each of which is on the page with its fault beside it."""
    found = re.findall(r'<li><a href="#([^"]+)">', page)
    for name in found:
        assert f'id="{name}"' in page, name
        assert f'id="{name}-fault"' in page, name
        assert f'aria-describedby="{name}' in page or f"{name}-fault" in page, name
    return found


def test_a_title_and_a_text_make_a_draft_at_an_address_of_the_title(sqlite_client: FlaskClient) -> None:
    browser = people.browser(people.member("editor"))
    answer = press(browser, NEW, "", NEW, title="Բացե՛ք ճանապարհը", language="hy", body="Գրում ենք։\r\n\r\nԵրկրորդ։")
    assert answer.location == "/admin/letters/batsek-chanaparhy"
    found = letters.find("batsek-chanaparhy")
    assert (found.status, found.original_language, found.translation("hy").body) == ("draft", "hy", "Գրում ենք։\n\nԵրկրորդ։\n")
    assert people.recorded("letter.created")[-1].details["source"] == "admin"
    again = press(browser, NEW, "", NEW, title="Բացե՛ք ճանապարհը", language="hy", body="Նույնը։")
    assert again.location == "/admin/letters/batsek-chanaparhy-2"
    taken = press(browser, NEW, "", NEW, title="Another", slug="batsek-chanaparhy", body="Words.")
    assert (taken.status_code, faults(taken.text)) == (422, ["slug"])
    asked = press(browser, NEW, "", NEW, title="افتحوا الطريق", language="ar", body="نكتب.")
    assert (asked.status_code, faults(asked.text)) == (422, ["slug"])
    assert press(browser, asked, "", NEW).location == "/admin/letters/" + fields(asked)["slug"]


def test_what_is_wrong_with_a_new_letter_is_said_beside_it_and_everything_is_kept(sqlite_client: FlaskClient) -> None:
    browser = people.browser(people.member("editor"))
    answer = press(browser, NEW, "", NEW, slug="No Address!", body="Fine.\r\n\r\n<b>bold</b>", language="xx")
    assert answer.status_code == 422
    assert faults(answer.text) == ["title", "body", "language", "slug"]
    assert "Line 3: HTML is not allowed (&lt;b&gt;)." in answer.text
    assert fields(answer)["body"] == "Fine.\r\n\r\n<b>bold</b>"
    assert fields(answer)["slug"] == "No Address!"
    assert not letters.listed(drafts=True)


def test_buttons_put_a_list_in_order_and_save_nothing(editor: FlaskClient) -> None:
    page = press(editor, EDIT, "add:demands", title="Typed and not saved")
    assert 'name="demands-2" rows="2" lang="en" dir="ltr" autofocus' in page.text.replace(' aria-describedby=""', "")
    page = press(editor, page, "up:demands:2", demands_2="Tell us when.")
    page = press(editor, page, "up:demands:1")
    page = press(editor, page, "remove:demands:1")
    page = press(editor, page, "add:addressees")
    sent = fields(page)
    assert [sent[f"demands-{number}"] for number in range(2)] == ["Tell us when.", "Keep it open."]
    assert (sent["title"], sent["addressees-0-name"], sent["addressees-1-name"]) == ("Typed and not saved", "The Sample Council", "")
    assert standing().demands == ["Open the road.", "Keep it open."]
    moved = press(editor, page, "down:demands:0")
    assert re.search(r'value="up:demands:1"[^>]* autofocus', moved.text), "the moved entry's other button, at the end of the list"
    assert len(re.findall("autofocus", moved.text)) == 1


def test_a_draft_is_saved_by_one_click_and_empty_entries_are_left_out(editor: FlaskClient) -> None:
    page = press(editor, EDIT, "add:demands")
    page = press(editor, page, "add:events")
    answer = press(
        editor, page, "save", title="Open every road", body="One.\r\n\r\nTwo.", events_1_date="2026-01-05", events_1_text="Still closed.",
        addressees_0_email="council@EXAMPLE.org", action_label="Write", action_text="Dear Sir\r\n\r\nYours",
    )  # fmt: skip
    assert (answer.status_code, answer.location) == (303, f"{EDIT}/en")
    found = standing()
    assert (found.title, found.body, found.demands) == ("Open every road", "One.\n\nTwo.\n", ["Open the road.", "Keep it open."])
    assert found.events[1] == {"date": "2026-01-05", "text": "Still closed."}
    assert found.addressees[0]["email"] == "council@example.org"
    assert found.action == {"label": "Write", "text": "Dear Sir\n\nYours"}
    assert (found.goal, found.keep_until) == (100, standing().keep_until), "the settings stay"


def test_every_fault_is_said_at_its_entry(editor: FlaskClient) -> None:
    page = press(editor, EDIT, "add:events")
    answer = press(
        editor, page, "save", title="", events_1_text="When?", addressees_0_email="nobody", demands_0="Right\u202eleft",
        action_label="Write",
    )  # fmt: skip
    assert answer.status_code == 422
    assert faults(answer.text) == ["title", "addressees-0-email", "demands-0", "events-1-date", "action-text"]
    assert fields(answer)["events-1-text"] == "When?"
    assert standing().title == "Open the road"


def test_the_preview_is_the_published_rendering_and_saves_nothing(editor: FlaskClient) -> None:
    page = press(editor, EDIT, "preview", title="Not yet saved", body="A *new* text.", events_0_date="2026-13-45").text
    for part in ("<h1>Not yet saved</h1>", "<p>A <em>new</em> text.</p>", "site.css", 'class="demands"', "Open the road."):
        assert part in page, part
    assert "Event 1, Day: Please give a day" in page
    assert standing().title == "Open the road"


def test_published_words_change_as_they_were_shown_and_no_other_way(sqlite_client: FlaskClient) -> None:
    factories.letter()
    editor = people.browser(people.member("editor"))
    looked = press(editor, EDIT, "save", demands_1="Keep it open for all.")
    assert looked.status_code == 200
    assert re.search("<ins>open for all.</ins>", looked.text)
    assert "People have signed" not in looked.text
    retyped = press(editor, looked, "save", demands_1="Something that was not shown.")
    assert retyped.status_code == 200
    assert standing().demands[1] == "Keep it open."
    assert press(editor, retyped, "save").status_code == 303
    assert standing().demands[1] == "Something that was not shown."


def test_after_the_first_signature_the_form_asks_correction_or_version(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA)
    editor = people.browser(people.member("editor"))
    looked = press(editor, EDIT, "save", title="Open the roads")
    assert "People have signed" in looked.text
    assert press(editor, looked, "save", **{"as": "correction"}).status_code == 303
    assert letters.find("open-the-road").version.label == "1.1"
    assert write(editor, title="Open all roads").status_code == 303
    db.session.rollback()
    assert letters.find("open-the-road").version.label == "2"
    settled = write(editor, SETTINGS, date="2026-01-16")
    assert settled.status_code == 303
    db.session.rollback()
    assert letters.find("open-the-road").version.label == "3", "the date is part of the text"


def test_two_who_write_do_not_overwrite_each_other(editor: FlaskClient) -> None:
    page = editor.get(EDIT)
    assert write(editor, title="The first one's title").status_code == 303
    page = press(editor, page, "add:demands", title="The second one's title")
    answer = press(editor, page, "save")
    assert answer.status_code == 409
    assert fields(answer)["title"] == "The second one's title"
    assert "<del>first</del>" in answer.text.replace(" </del>", "</del>"), "what stands there by now is shown beside"
    assert standing().title == "The first one's title"
    assert press(editor, answer, "save").status_code == 303


def test_the_settings_are_a_form_with_the_same_rules(editor: FlaskClient) -> None:
    answer = press(
        editor, SETTINGS, "save", SETTINGS, goal="many", opens="2026-05-01T12:00", closes="2026-04-01T12:00", contact="ask us",
        keep_until="2020-01-01", review="nonsense",
    )  # fmt: skip
    assert answer.status_code == 422
    assert set(re.findall(r'<li><a href="#([^"]+)">', answer.text)) == {"goal", "closes", "contact", "review"}
    over = press(editor, answer, "save", SETTINGS, goal="10 000", closes="", contact="https://example.org/data", review="all")
    assert faults(over.text) == ["keep_until"]
    assert press(editor, over, "save", SETTINGS, keep_until="2035-01-01", risk="protected").status_code == 303
    found = standing()
    assert (found.goal, found.review, found.risk, found.contact) == (10000, "all", "protected", "https://example.org/data")
    assert found.opens.isoformat() == "2026-05-01T12:00:00+00:00"
    assert fields(editor.get(SETTINGS))["opens"] == "2026-05-01T12:00"
    assert found.demands == ["Open the road.", "Keep it open."]


def test_a_letter_that_was_signed_in_danger_stays_protected(sqlite_client: FlaskClient) -> None:
    factories.letter(more="risk: protected\n")
    factories.sign(sqlite_client, **factories.ANA)
    editor = people.browser(people.member("editor"))
    answer = write(editor, SETTINGS, risk="normal")
    assert (answer.status_code, re.findall(r'<li><a href="#([^"]+)">', answer.text)) == (422, ["risk"])


def test_a_letter_as_long_as_letters_may_be_gets_through(editor: FlaskClient) -> None:
    longest = ("Բառ " * 250_000).strip()
    assert press(editor, EDIT, "save", body=longest).status_code == 303
    assert len(standing().body) == len(longest) + 1
    assert press(editor, EDIT, "save", body=longest + " բառեր").status_code == 422
    assert editor.post("/admin/letters/open-the-road/duplicate", data={"to": "x" * 300_000}).status_code == 413
    assert editor.application.test_client().post(EDIT, data={"body": "x" * 300_000}).status_code in (303, 400, 413)


def test_what_was_typed_for_too_long_is_given_back_to_be_copied(editor: FlaskClient) -> None:
    late = editor.application.test_client()
    sent = {"title": "Typed for an hour", "body": "Every <word>.", "csrf_token": "old"}
    answer = late.post(EDIT, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 400
    assert "Typed for an hour" in answer.text
    assert "Every &lt;word&gt;." in answer.text
    assert "Typed for an hour" not in late.post(EDIT, data=sent, headers={"Sec-Fetch-Site": "cross-site"}).text


def test_three_hundred_senders_survive_a_change_of_the_title(sqlite_client: FlaskClient) -> None:
    source = factories.ORIGINAL.format(slug="open-the-road", body="Words.", more="")
    factories.load(source.replace("[Sample Union]", "[" + ", ".join(f"Sender {number}" for number in range(300)) + "]"))
    browser = people.browser(people.member("editor"))
    assert write(browser, title="Another title").status_code == 303
    db.session.rollback()
    words = letters.find("open-the-road").translation("en")
    assert words is not None
    assert (words.title, len(words.senders)) == ("Another title", 300)
