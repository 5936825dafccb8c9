"""What a seizure yields is told whole: each column of the schema is accounted for, and each term is the one that holds."""

from __future__ import annotations

from datetime import timedelta

import petition.upkeep.schema  # noqa: F401 (the whole of it)
from petition.db import db
from petition.upkeep import seizure

TOLD = (*seizure.SIGNATORIES, *seizure.TEAM)


def _pairs(columns: dict[str, str]) -> set[str]:
    return {f"{table}.{column}" for table, names in columns.items() for column in names.split()}


def _said(term: timedelta) -> set[str]:
    hours, months = int(term.total_seconds() // 3600), round(term.days / 30.4)
    said = {f"{term.days} days", f"{hours} hours", f"{months} months"}
    return said | ({"six months"} if months == 6 else set())


def test_every_column_about_a_person_is_told_and_no_other_is_forgotten() -> None:
    # The number of a row tells nothing by itself.
    there = {f"{table.name}.{column.name}" for table in db.metadata.tables.values() for column in table.columns if column.name != "id"}
    told, of_nobody = set().union(*(_pairs(each.columns) for each in TOLD)), _pairs(seizure.OF_NOBODY)
    assert there - told - of_nobody == set(), "a new column belongs into petition/upkeep/seizure.py"
    assert (told | of_nobody) - there == set(), "a column that is gone"
    assert told & of_nobody == set(), "told of, and said to tell of nobody"


def test_every_term_on_the_page_is_the_one_that_holds() -> None:
    for each in TOLD:
        for term in each.terms:
            assert any(words in each.until for words in _said(term)), (each.what, term)
        named = any(word in each.until for word in (" days", "hours", "months"))
        assert named == bool(each.terms), f"{each.what}: a term that no rule is named for"
