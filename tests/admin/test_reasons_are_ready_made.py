"""A rejection takes a ready-made reason or one's own words, and always has a class; a team writes reasons of its own."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from petition.db import db
from petition.errors import NotFound
from petition.moderation import reasons
from petition.moderation.models import ReasonTemplate
from petition.signatures.models import REASON_CLASSES, Correction
from tests import factories
from tests.admin import people


def only() -> ReasonTemplate:
    db.session.rollback()
    return db.session.scalars(select(ReasonTemplate)).one()


@pytest.mark.parametrize(
    ("given", "words", "reason_class"),
    [
        ({"template": "joke"}, "The name reads like a joke, not like one that somebody goes by.", "joke"),
        ({"template": "joke", "reason": "Bananas sign nothing."}, "Bananas sign nothing.", "joke"),
        ({"reason": "Bananas sign nothing."}, "Bananas sign nothing.", "other"),
        ({"reason": "Bananas sign nothing.", "reason_class": "fake"}, "Bananas sign nothing.", "fake"),
    ],
)
def test_a_rejection_has_words_and_a_class(sqlite_client: FlaskClient, given: dict[str, str], words: str, reason_class: str) -> None:
    found = people.held_union(sqlite_client)
    assert people.decision(people.browser(people.member()), found, "reject", **given).status_code == 303
    decided = people.signature()
    assert (decided.reason, decided.reason_class) == (words, reason_class)
    assert (factories.mails("decision")[-1].values or {})["reason"] == words


def test_a_reason_that_is_not_offered_is_refused(sqlite_client: FlaskClient) -> None:
    found, team = people.held_union(sqlite_client), people.browser(people.member())
    given: dict[str, str]
    for given in ({}, {"template": "own-99"}, {"template": "nonsense"}, {"reason": "No.", "reason_class": "secret"}):
        answer = people.decision(team, found, "reject", **given)
        assert answer.status_code == 422, given
        assert 'class="fault"' in answer.text, given
    assert people.signature().state == "held"


def test_a_ready_made_reason_is_ignored_by_an_approval(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    people.decision(people.browser(people.member()), found, "approve", template="fake")
    assert (people.signature().reason, people.signature().reason_class) == ("", "")


def test_the_class_of_a_published_entrys_rejection_is_on_the_ledger(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA)
    people.decision(people.browser(people.member()), people.signature().public_id, "reject", template="duplicate")
    db.session.rollback()
    assert [(each.reason_class, each.count) for each in db.session.scalars(select(Correction))] == [("duplicate", 1)]


def test_there_is_a_shipped_reason_for_every_class() -> None:
    assert {each.reason_class for each in reasons.shipped()} == set(REASON_CLASSES) == set(reasons.CLASSES)


def test_a_shipped_reason_speaks_the_signatorys_language(sqlite_client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(sqlite_client, **factories.UNION)
    people.decision(people.browser(people.member()), people.signature().public_id, "reject", template="fake")
    assert people.signature().reason in sqlite_client.get(f"/signature/{token}").text


def test_words_with_a_percent_sign_or_markup_are_shown_as_typed(sqlite_client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(sqlite_client, **factories.UNION)
    team = people.browser(people.member())
    people.decision(team, people.signature().public_id, "reject", reason="100% <b>sure</b> %(n)s")
    for page in (sqlite_client.get(f"/signature/{token}"), team.get(f"/admin/signatures/{people.signature().public_id}")):
        assert "100% &lt;b&gt;sure&lt;/b&gt; %(n)s" in page.text


def test_an_editor_writes_changes_and_removes_a_teams_own_reason(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    editor = people.member("editor")
    browser, team_id = people.browser(editor), editor.memberships[0].team_id
    people.post(browser, f"/admin/reasons/of/{team_id}", "/admin/reasons", words="Not one of ours.", reason_class="impersonation")
    key = f"own-{only().id}"
    assert f'value="{key}"' in people.browser(people.member()).get("/admin/").text
    people.post(browser, f"/admin/reasons/{only().id}", "/admin/reasons", words="Nobody of ours.", reason_class="fake")
    people.decision(people.browser(people.member()), found, "reject", template=key)
    assert (people.signature().reason, people.signature().reason_class) == ("Nobody of ours.", "fake")
    people.post(browser, f"/admin/reasons/{only().id}", "/admin/reasons", action="remove")
    db.session.rollback()
    assert db.session.scalar(select(ReasonTemplate)) is None
    assert people.signature().reason == "Nobody of ours."


def test_a_reason_that_cannot_be_sent_is_not_kept(sqlite_client: FlaskClient) -> None:
    factories.letter()
    editor = people.member("editor")
    browser, address = people.browser(editor), f"/admin/reasons/of/{editor.memberships[0].team_id}"
    for given in ({"words": " "}, {"words": "x" * 1001}, {"words": "a\x00b"}, {"reason_class": "secret"}):
        fields = {"words": "Not one of ours.", "reason_class": "fake"} | given
        answer = people.post(browser, address, "/admin/reasons", **fields)
        assert answer.status_code == 422, given
        assert 'class="fault"' in answer.text, given
    db.session.rollback()
    assert db.session.scalar(select(ReasonTemplate)) is None


def test_a_teams_list_stays_short_enough_to_choose_from(sqlite_client: FlaskClient) -> None:
    factories.letter()
    editor = people.member("editor")
    team_id = editor.memberships[0].team_id
    for number in range(reasons.MOST):
        reasons.add(editor, team_id, words=f"Reason {number}", reason_class="other", now=factories.now())
    with pytest.raises(reasons.TooManyReasons):
        reasons.add(editor, team_id, words="One more", reason_class="other", now=factories.now())


def test_another_teams_reasons_are_neither_offered_nor_changed(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    editor = people.member("editor")
    reasons.add(editor, editor.memberships[0].team_id, words="Not one of ours.", reason_class="fake", now=factories.now())
    number = only().id
    stranger = people.member("owner", "stranger@elsewhere.example.org", team="Another team")
    assert "Not one of ours." not in people.browser(stranger).get("/admin/reasons").text
    with pytest.raises(NotFound):
        reasons.remove(stranger, number, now=factories.now())
    with pytest.raises(NotFound):
        reasons.add(stranger, editor.memberships[0].team_id, words="x", reason_class="fake", now=factories.now())
    assert found
    assert only().words == "Not one of ours."


@pytest.mark.parametrize("page", ["/admin/words/9223372036854775808", "/admin/words/99999999999999999999999999"])
def test_a_number_that_no_database_holds_is_not_there(sqlite_client: FlaskClient, page: str) -> None:
    browser = people.browser(people.member("editor"))
    assert browser.get(page).status_code == 404
    assert people.post(browser, "/admin/reasons/99999999999999999999999999", action="remove").status_code == 404
