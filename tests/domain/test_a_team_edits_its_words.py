"""Word lists: a team adds words and takes shipped ones off, a letter protects names of its own, and the trail has it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from petition.accounts import Member
from petition.audit import AuditEntry
from petition.db import db
from petition.errors import Forbidden, Invalid, NotFound
from petition.letters.models import Letter
from petition.signatures import checking, wordlists
from petition.signatures.screening import wordset
from petition.signatures.wordlists import WordList
from tests import factories
from tests.admin import people


@pytest.fixture
def letter(sqlite_app: Flask) -> Letter:
    return factories.letter()


@pytest.fixture
def editor(letter: Letter) -> Member:
    return people.member("editor")


def codes(letter: Letter, name: str, **more: str) -> set[str]:
    said = {"kind": "person", "name": name, "organisation": "", "role": "", "website": "", "comment": ""} | more
    return {flag.code for flag in checking.screen(db.session(), letter, said)}


def save(editor: Member, letter: Letter, language: str = "en", **lists: str) -> None:
    wordlists.save(editor, letter.team_id, language, lists, now=factories.now())


def test_a_team_adds_words_to_each_list(letter: Letter, editor: Member) -> None:
    assert codes(letter, "Tess Quirk", comment="you turnip") == set()
    save(editor, letter, slur="turnip\nabsolute spoon", joke="Tess Quirk", protected="Ruth Example")
    assert codes(letter, "quirk, tess") == {"joke_name"}
    assert codes(letter, "Ana Sample", comment="an Absolute  Spoon!") == {"slur"}
    assert codes(letter, "Ana Sample", comment="turnips are fine") == set()
    assert codes(letter, "Example Ruth") == {"protected_name"}
    assert codes(letter, "Dr Ruth Exаmple") >= {"protected_name"}


def test_a_hyphen_takes_a_shipped_word_off_in_whatever_language(letter: Letter, editor: Member) -> None:
    assert codes(letter, "Harry Potter") == {"joke_name"}
    save(editor, letter, "hy", joke="-potter HARRY", protected='-Emmanuel Macron\n- "Charles III"', slur="- fuck you\n-fuck")
    assert codes(letter, "Harry Potter") == codes(letter, "Emmanuel Macron") == codes(letter, "Charles III") == set()
    assert codes(letter, "Ana Sample", comment="fuck you") == set()
    assert codes(letter, "Mickey Mouse") == {"joke_name"}


def test_a_name_in_quotation_marks_and_a_title_with_one_name_count_in_this_order_only(letter: Letter, editor: Member) -> None:
    save(editor, letter, protected='“Rita May”\nAbbess Hilda\nPrince Otto')
    assert codes(letter, "Rita May") == codes(letter, "Prince Otto") == {"protected_name"}
    assert codes(letter, "May Rita") == codes(letter, "Otto") == codes(letter, "Otto Prince") == set()


def test_the_words_of_one_team_are_not_anothers(letter: Letter, editor: Member) -> None:
    other = factories.letter("another-road", team_name="Another team")
    save(editor, letter, joke="Tess Quirk")
    assert codes(other, "Tess Quirk") == set()


def test_a_letter_protects_names_and_frees_some(letter: Letter, editor: Member) -> None:
    other = factories.letter("another-road")
    wordlists.protect(editor, letter, "Ruth Example\n\n-Emmanuel Macron\n", now=factories.now())
    assert codes(letter, "EXAMPLE Ruth") == {"protected_name"}
    assert codes(letter, "Emmanuel Macron") == codes(other, "Ruth Example") == set()
    assert codes(other, "Emmanuel Macron") == {"protected_name"}


def test_saving_tidies_and_what_has_no_word_is_a_fault(letter: Letter, editor: Member) -> None:
    save(editor, letter, joke="  Tess   Quirk \r\n\r\nTess Quirk\n# a remark\n")
    assert wordlists.added(editor, letter.team_id, "en") == {"slur": "", "joke": "Tess Quirk\n# a remark", "protected": ""}
    for wrong, code in (("Tess\n!!", "no_word"), ("x" * 121, "too_long"), ("\n".join(f"w{n}" for n in range(2001)), "too_many")):
        with pytest.raises(Invalid) as refused:
            save(editor, letter, slur=wrong)
        assert [(fault.field, fault.code) for fault in refused.value.faults] == [("slur", code)]
    assert wordlists.added(editor, letter.team_id, "en")["joke"] == "Tess Quirk\n# a remark"


def test_every_change_is_in_the_trail_and_no_change_is_not(letter: Letter, editor: Member) -> None:
    save(editor, letter, joke="Tess Quirk\nJo King")
    save(editor, letter, joke="Tess Quirk\nPat Pending")
    save(editor, letter, joke="Tess Quirk\nPat Pending")
    wordlists.protect(editor, letter, "Ruth Example", now=factories.now())
    entries = list(db.session.scalars(select(AuditEntry).where(AuditEntry.action.in_(("words.changed", "letter.protected_names")))))
    assert [each.details["changes"] for each in entries] == [
        {"added": ["Tess Quirk", "Jo King"], "removed": []},
        {"added": ["Pat Pending"], "removed": ["Jo King"]},
        {"added": ["Ruth Example"], "removed": []},
    ]
    assert {(each.actor_name, each.team_id) for each in entries} == {(editor.email, letter.team_id)}


@pytest.mark.parametrize("role", ["viewer", "moderator"])
def test_only_an_editor_of_the_team_may(letter: Letter, role: str) -> None:
    for who, refused in ((people.member(role), Forbidden), (people.member("owner", "x@example.org", team="Elsewhere"), NotFound)):
        acts: list[Any] = [
            lambda who=who: save(who, letter, joke="Tess Quirk"),
            lambda who=who: wordlists.added(who, letter.team_id, "en"),
            lambda who=who: wordlists.protect(who, letter, "Tess Quirk", now=factories.now()),
        ]
        for act in acts:
            with pytest.raises(refused):
                act()
    assert db.session.scalar(select(WordList)) is None


def test_there_are_lists_only_in_the_languages_that_ship(letter: Letter, editor: Member) -> None:
    with pytest.raises(NotFound):
        save(editor, letter, "xx", joke="Tess Quirk")


def test_the_same_lists_are_made_ready_once(letter: Letter, editor: Member) -> None:
    save(editor, letter, joke="Tess Quirk")
    wordset.compiled.cache_clear()
    first = wordlists.of(db.session(), letter)
    assert wordlists.of(db.session(), letter) is first
    save(editor, letter, joke="Jo King")
    assert wordlists.of(db.session(), letter) is not first
