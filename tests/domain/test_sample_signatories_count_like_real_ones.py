"""The demo's invented signatories: in step with the tallies, the same every time, and visibly made up."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from petition.db import db
from petition.signatures import directory
from petition.signatures.models import LEVELS, Signature
from petition.upkeep import invariants
from tests.sampled import NOW, signed_letter


def test_every_invariant_holds_afterwards(app: Flask) -> None:
    letter = signed_letter(app, 400)
    results = invariants.check(app.config["PETITION"], NOW)
    assert [each for each in results if not each.ok and not each.warning] == []
    counts = directory.counts(letter)
    assert counts.total + counts.held == 400
    assert counts.organisations > 15
    assert counts.held > 3
    assert counts.hidden > 5


def test_no_address_is_kept_and_names_are_varied(app: Flask) -> None:
    signed_letter(app, 400)
    rows = list(db.session.scalars(select(Signature).where(Signature.kind == "person", Signature.name != "")))
    assert {row.email for row in rows} == {None}
    assert len({row.name for row in rows}) > len(rows) * 0.8
    scripts = "".join(row.name for row in rows)
    assert all(letter in scripts for letter in "նვаمαד样")
    assert db.session.scalar(select(func.count(func.distinct(Signature.signed_on)))) > 15


def test_the_invented_organisations_show_every_level_of_verification(app: Flask) -> None:
    signed_letter(app, 1000)
    rows = list(db.session.scalars(select(Signature).where(Signature.kind == "organisation", Signature.state == "published")))
    assert {row.level for row in rows} == set(LEVELS)
    assert all((row.level_at is None) == (row.level == "unverified") for row in rows)
    assert sum(row.level == "team" for row in rows) > len(rows) / 2


def test_the_list_begins_with_people_who_are_shown(sqlite_app: Flask) -> None:
    newest = directory.signatories(signed_letter(sqlite_app, 40), kind="person").entries
    assert len(newest) > 20
    assert all(each.name for each in newest)
