"""A translation is written beside the original: half of one reaches no reader, and it is marked when the original moves on."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from petition.db import db, transaction
from petition.letters import copies, translating, typed
from petition.letters import operations as letters
from petition.letters.translating import State
from tests import factories
from tests.admin import people
from tests.admin.writing import EDIT, fields, press, write

PAGE = "/admin/letters/open-the-road"
ARABIC = f"{EDIT}/ar"
WHOLE = {
    "title": "افتحوا الطريق", "summary": "رسالة.", "place": "المدينة", "body": "نكتب من طريق مغلق.", "demands_0": "افتحوا الطريق.",
    "demands_1": "أبقوه مفتوحا.", "events_0_text": "أُغلق الطريق.", "addressees_0_name": "المجلس", "addressees_0_role": "الذي يقرر",
    "senders_0": "الاتحاد",
}  # fmt: skip


@pytest.fixture
def editor(sqlite_client: FlaskClient) -> FlaskClient:
    """An editor's browser; the letter is a draft in English."""
    factories.letter(status="draft")
    return people.browser(people.member("editor"))


def state(language: str = "ar") -> State:
    db.session.rollback()
    db.session.expire_all()
    return next(each for each in translating.states(letters.find("open-the-road")) if each.language == language)


def publish() -> None:
    with transaction():
        letters.find("open-the-road").status = "open"


def test_a_language_is_chosen_from_those_of_the_site(editor: FlaskClient) -> None:
    page = editor.get(f"{PAGE}/translate").text
    assert re.findall(r'<option value="(\w+)"', page) == ["hy", "ru", "fr", "de", "es", "uk", "ar"]
    assert editor.get(f"{PAGE}/translate?language=ar").location == ARABIC
    assert editor.get(f"{PAGE}/translate?language=pl").status_code == 200
    assert editor.get(f"{EDIT}/pl").status_code == 404
    page = editor.get(ARABIC).text
    assert "Open the road." in page
    assert 'name="title" lang="ar" dir="rtl"' in page
    assert "Move up" not in page


def test_half_a_translation_is_kept_for_the_team_and_a_whole_one_is_for_readers(client: FlaskClient) -> None:
    factories.letter()
    editor = people.browser(people.member("editor"))
    kept = press(editor, ARABIC, "save", ARABIC, title=WHOLE["title"], demands_1=WHOLE["demands_1"])
    assert kept.status_code == 303
    found = state()
    assert (found.public, found.unfinished is not None, "body" in found.missing) == (False, True, True)
    assert WHOLE["title"] not in client.get("/ar/letters/open-the-road").text
    assert "open-the-road.ar.md" not in dict(copies.files(letters.find("open-the-road")))
    page = editor.get(ARABIC)
    assert fields(page)["demands-1"] == WHOLE["demands_1"]
    assert page.text.count(">missing</span>") == len(WHOLE) - 2
    assert "unfinished" in editor.get(PAGE).text
    looked = press(editor, page, "save", ARABIC, **WHOLE)
    assert "What would change" in looked.text, "the letter is public, so the change is shown first"
    assert press(editor, looked, "save", ARABIC).status_code == 303
    assert state() == State("ar", False, True, None, (), False)
    assert WHOLE["title"] in client.get("/ar/letters/open-the-road").text
    words = letters.find("open-the-road").translation("ar")
    assert words is not None
    assert words.events == [{"date": "2026-01-02", "text": WHOLE["events_0_text"]}], "the day is the original's"


def test_work_on_what_readers_have_already_is_kept_beside_it(sqlite_client: FlaskClient, editor: FlaskClient) -> None:
    write(editor, ARABIC, **WHOLE)
    publish()
    assert press(editor, ARABIC, "keep", ARABIC, title="عنوان آخر").status_code == 303
    assert state().unfinished
    assert WHOLE["title"] in sqlite_client.get("/ar/letters/open-the-road").text
    page = editor.get(ARABIC)
    assert fields(page)["title"] == "عنوان آخر"
    assert "Readers still get the translation" in page.text
    assert press(editor, page, "discard", ARABIC).status_code == 303
    assert fields(editor.get(ARABIC))["title"] == WHOLE["title"]
    assert [each.details["language"] for each in people.recorded("letter.translation_discarded")] == ["ar"]


def test_what_no_letter_may_hold_is_a_fault_of_a_translation_too(editor: FlaskClient) -> None:
    answer = press(editor, ARABIC, "save", ARABIC, **WHOLE | {"body": "![x](https://example.org/x.png)"})
    assert answer.status_code == 422
    assert "a letter has no pictures" in answer.text
    assert fields(answer)["title"] == WHOLE["title"]


def test_a_translation_is_outdated_once_the_original_changed_and_shows_what_changed(editor: FlaskClient) -> None:
    write(editor, ARABIC, **WHOLE)
    assert not state().outdated
    page = press(editor, EDIT, "add:demands")
    page = press(editor, page, "up:demands:2", demands_2="Tell us when.")
    page = press(editor, page, "up:demands:1")
    assert press(editor, page, "save", title="Open every road").status_code == 303
    found = state()
    assert (found.outdated, found.public, found.missing) == (True, True, ("demands",))
    shown = editor.get(ARABIC)
    assert re.search(r"Open <del>the </del><ins>every </ins>road|<ins>every </ins>", shown.text.replace("\n", ""))
    assert "<ins>Tell us when.</ins>" in shown.text
    sent = fields(shown)
    assert [sent[f"demands-{number}"] for number in range(3)] == ["", WHOLE["demands_0"], WHOLE["demands_1"]], "moved along"
    assert 'class="notice"' in editor.get(PAGE).text
    assert press(editor, shown, "save", ARABIC, demands_0="قولوا لنا متى.").status_code == 303
    assert state() == State("ar", False, True, None, (), False)


def test_saving_without_a_change_says_that_the_translation_still_holds(editor: FlaskClient) -> None:
    write(editor, ARABIC, **WHOLE)
    write(editor, body="We write from a closed road!")
    assert state().outdated
    assert press(editor, ARABIC, "save", ARABIC).status_code == 303
    assert not state().outdated
    assert people.recorded("letter.updated")[-1].details == {"language": "ar", "source": "admin", "words": "unchanged"}


def test_translations_of_before_count_as_made_from_what_stood_then(editor: FlaskClient) -> None:
    factories.load(factories.ARMENIAN)
    with transaction():
        words = letters.find("open-the-road").translation("hy")
        assert words is not None
        words.made_from = None
    assert not state("hy").outdated
    write(editor, title="Open every road")
    assert state("hy").outdated


def test_an_original_that_moves_under_the_translator_is_told_and_nothing_is_lost(editor: FlaskClient) -> None:
    page = editor.get(ARABIC)
    press(editor, press(editor, EDIT, "remove:demands:1"), "save")
    answer = press(editor, page, "save", ARABIC, **WHOLE)
    assert answer.status_code == 409
    assert fields(answer)["demands-0"] == WHOLE["demands_0"]
    assert WHOLE["demands_1"] in answer.text, "what has no place any more is still there to be copied"
    assert press(editor, answer, "save", ARABIC).status_code == 303
    assert state().public


def test_texts_stay_beside_their_entries_when_the_original_loses_or_gains_one(editor: FlaskClient) -> None:
    page = editor.get(ARABIC)
    original = press(editor, press(editor, EDIT, "remove:demands:0"), "add:events")
    original = press(editor, original, "up:events:1", events_1_date="2026-01-01", events_1_text="A gate was built.")
    assert press(editor, original, "save", title="Open every road").status_code == 303
    previewed = press(editor, page, "preview", ARABIC, **WHOLE).text
    assert WHOLE["demands_1"] in previewed
    assert WHOLE["demands_0"] not in previewed
    answer = press(editor, page, "save", ARABIC, **WHOLE)
    sent = fields(answer)
    assert answer.status_code == 409
    assert (sent["demands-0"], "demands-1" in sent) == (WHOLE["demands_1"], False), "beside the demand that it translates"
    assert (sent["events-0-text"], sent["events-1-text"]) == ("", WHOLE["events_0_text"])
    assert "<ins>A gate was built.</ins>" in answer.text
    assert "<ins>Open every road</ins>" in answer.text, "what was reworded under the translator is marked too"
    assert "<ins>We write from a closed road.</ins>" not in answer.text
    answer = press(editor, answer, "look", ARABIC, title="")
    assert answer.status_code == 422
    assert f'<li dir="auto">{WHOLE["demands_0"]}' in answer.text, "what has no place any more is there until it is saved"
    assert press(editor, answer, "save", ARABIC, title=WHOLE["title"], events_0_text="بُنيت بوابة.").status_code == 303
    assert state() == State("ar", False, True, None, (), False)
    junk = press(editor, ARABIC, "save", ARABIC, source="demands: :x title:1 nothing")
    assert (junk.status_code, fields(junk)["body"]) == (409, WHOLE["body"])


def test_an_original_that_moves_while_the_translation_is_being_saved_is_noticed(editor: FlaskClient) -> None:
    found = letters.find("open-the-road")
    desk = translating.opened(found, "ar")
    write(editor, demands_0="Open every road.")
    terms = {"kept": "", "source": translating.marks(desk.source), "actor": people.member("owner").actor, "now": factories.now()}
    with pytest.raises(translating.OriginalChanged):
        translating.keep(found, "ar", typed.Typed(), **terms)
    with pytest.raises(translating.OriginalChanged):
        translating.finish(found, letters.as_document(found, "en"), standing="", signed=lambda _: False, **terms)


def test_two_who_translate_do_not_overwrite_each_other(editor: FlaskClient) -> None:
    first, second = editor.get(ARABIC), editor.get(ARABIC)
    assert press(editor, first, "keep", ARABIC, title="الأول").status_code == 303
    answer = press(editor, second, "keep", ARABIC, title="الثاني")
    assert (answer.status_code, fields(answer)["title"]) == (409, "الثاني")
    assert fields(editor.get(ARABIC))["title"] == "الأول"
    with pytest.raises(letters.Overtaken):  # also where both pass the page's own look at once
        translating.keep(
            letters.find("open-the-road"), "ar", typed.Typed(), kept="", actor=people.member("owner").actor, now=factories.now()
        )


def test_a_copy_takes_the_work_along(editor: FlaskClient) -> None:
    press(editor, ARABIC, "keep", ARABIC, title=WHOLE["title"])
    factories.load(factories.ARMENIAN)
    press(editor, press(editor, EDIT, "remove:demands:1"), "save")
    assert people.post(editor, f"{PAGE}/duplicate", PAGE, to="again").status_code == 303
    found = {each.language: each for each in translating.states(letters.find("again"))}
    assert (found["ar"].public, found["hy"].public) == (False, False), "the Armenian one has a demand too many"
    assert fields(editor.get("/admin/letters/again/edit/ar"))["title"] == WHOLE["title"]
    assert found["hy"].outdated
