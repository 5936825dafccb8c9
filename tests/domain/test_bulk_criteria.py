"""What bulk criteria match, on both databases, and what they refuse to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from petition.db import db
from petition.errors import Invalid
from petition.letters.models import Letter
from petition.moderation.criteria import LIVE, Criteria, parse
from petition.signatures.models import Signature
from tests import factories
from tests.waves import NOON, wave

HOUR = timedelta(hours=1)


def matched(letter: Letter, criteria: Criteria, states: tuple[str, ...] = LIVE) -> list[str]:
    """The names of those that meet the criteria."""
    db.session.rollback()
    query = select(Signature).where(criteria.condition(letter.id, states)).order_by(Signature.id)
    return [each.organisation if each.kind == "organisation" else each.name for each in db.session.scalars(query)]


def people(letter: Letter, *names: str, **values: object) -> None:
    """One signature a name."""
    start = db.session.query(Signature).count() + 1
    wave(letter, len(names), start=start, name=lambda number: names[number - start], **values)


def test_each_criterion_narrows_to_what_it_names(app: Flask) -> None:
    letter = factories.letter()
    link, linked, burst = ({"code": code, "field": "name"} for code in ("link", "linked", "burst"))
    people(letter, "Ana", mail_domain="a-example.org", network="aa11", name_shape="Aa", country="AM", flags=[link, burst])
    people(letter, "Ben", mail_domain="b-example.org", network="bb22", name_shape="Aa Aa", country="FR", flags=[linked])
    people(letter, "Cem", mail_domain="example.net", state="held", hour=NOON + HOUR)
    people(letter, "Rita", kind="organisation", organisation="Union", mail_domain="bakers.example.com", state="held")
    for given, names in {
        "domain=a-example.org": ["Ana"], "domain=*-example.org": ["Ana", "Ben"], "domain=?-example.org": ["Ana", "Ben"],
        "domain=%-example.org": [], "domain=mx.a-example.org": ["Ana"],
        "network=bb22": ["Ben"], "shape=Aa": ["Ana"], "country=am": ["Ana"], "flag=link": ["Ana"],
        "kind=organisation": ["Union"], "state=held": ["Cem", "Union"], "hour=2026-07-01T12:30": ["Ana", "Ben", "Union"],
        "state=held&kind=person": ["Cem"], "since=2026-07-01T13:00": ["Cem"], "until=2026-07-01T13:00": ["Ana", "Ben", "Union"],
    }.items():  # fmt: skip
        fields: dict[str, list[str]] = {}
        for pair in given.split("&"):
            fields.setdefault(pair.partition("=")[0], []).append(pair.partition("=")[2])
        criteria = parse(fields)
        assert matched(letter, criteria, criteria.states or LIVE) == names, given
        assert Criteria.from_json(criteria.as_json()) == criteria


def test_another_letters_signatures_never_match(app: Flask) -> None:
    letter, other = factories.letter(), factories.letter("another-letter")
    people(letter, "Ana")
    people(other, "Ben")
    assert matched(letter, Criteria(domain="catchall.example")) == ["Ana"]


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("dr johnny *", ["DR  JOHNNY BANANAS", "Dr Johnny Mango"]),
        ("*BANANAS", ["DR  JOHNNY BANANAS"]),
        ("անի *", ["ԱՆԻ Օրինակյան"]),
        ("straße*", ["STRASSE Nord"]),
        ("100%", ["100%"]),
        ("a_b", ["a_b"]),
        ("back\\slash", ["back\\slash"]),
        ("fictive univers?ty", ["Somebody"]),
    ],
)
def test_a_name_pattern_knows_two_wildcards_and_no_case(app: Flask, glob: str, names: list[str]) -> None:
    letter = factories.letter()
    people(letter, "DR  JOHNNY BANANAS", "Dr Johnny Mango", "ԱՆԻ Օրինակյան", "STRASSE Nord", "100%", "1000", "a_b", "axb", "back\\slash")
    people(letter, "Somebody", organisation="Fictive University")
    assert matched(letter, Criteria(name=glob)) == names


def test_nobody_published_is_found_by_a_name_they_hide(app: Flask) -> None:
    letter = factories.letter()
    for visibility in ("public", "initials", "counted"):
        people(letter, f"Hidden {visibility}", visibility=visibility, deliver=True)
        people(letter, f"Hidden held {visibility}", visibility=visibility, deliver=True, state="held")
    found = matched(letter, Criteria(name="hidden*"))
    assert found == ["Hidden public", "Hidden held public", "Hidden held initials", "Hidden held counted"]


def test_the_window_falls_back_to_the_day_where_the_hour_is_forgotten(app: Flask) -> None:
    letter = factories.letter()
    people(letter, "Old", hour=None, mail_domain=None, signed_on=(NOON - timedelta(days=9)).date())
    people(letter, "Day", hour=None, mail_domain=None)
    people(letter, "Hour")
    day = parse({"since": ["2026-07-01"], "until": ["2026-07-01"]})
    assert matched(letter, day) == ["Day", "Hour"]
    assert matched(letter, parse({"since": ["2026-07-01T13:00"]})) == ["Day"]
    assert matched(letter, parse({"until": ["2026-07-01T00:00"]})) == ["Old"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "withdrawn"), ("kind", "robot"), ("flag", "Link!"), ("domain", "two words"), ("domain", "*.*"), ("network", "10.0.0.1"),
        ("hour", "yesterday"), ("since", "2026-13-01"), ("until", "9999-12-31"), ("until", "0001-01-01T00:00"),
        ("since", "0001-01-01"), ("name", "***"), ("name", "x" * 101),
        ("name", "a\x00b"), ("shape", "x" * 61), ("country", "XX"), ("domain", "é" * 250),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_beside_its_field(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse({field: [value]})
    assert [fault.field for fault in refused.value.faults] == [field]


def test_a_window_ends_after_it_begins() -> None:
    with pytest.raises(Invalid) as refused:
        parse({"since": ["2026-07-02"], "until": ["2026-07-01"]})
    assert refused.value.faults[0].field == "until"


def test_domains_are_compared_in_punycode_and_moments_in_utc() -> None:
    assert parse({"domain": ["@Exämple.ORG"]}).domain == "xn--exmple-cua.org"
    assert parse({"domain": ["*.exämple.org"]}).domain == "xn--exmple-cua.org", "sub-domains are kept as the domain they are of"
    assert parse({"domain": ["*.ex*mple.org"]}).domain == "*.ex*mple.org"
    assert parse({"hour": ["2026-07-01T14:30+02:00"]}).hour == datetime(2026, 7, 1, 12, tzinfo=UTC)
