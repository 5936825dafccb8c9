"""A field that people do not see: what fills it in is noted and never lost, and no browser fills it in by itself."""

from __future__ import annotations

import re

import pytest

from petition.config import data_folder
from tests.factories import ANA, SIGN, letter, mails
from tests.public.door import requests

# What browsers and password managers look for in a field's name, id and label, in the words of their heuristics.
AUTOFILLED = re.compile(
    r"name|nick|mail|phone|mobile|tel\b|fax|address|street|line|city|town|state|province|county|region|zip|post|code|country"
    r"|company|organi[sz]ation|business|title|job|url|web|site|homepage|user|login|pass|otp|pin|card|cc|cvc|expir|month|year"
    r"|birth|bday|age|sex|gender|language|search|query|promo|coupon|price|travel|flight|date|account|iban|comment|message",
    re.IGNORECASE,
)


def field(page):
    found = re.search(r'<div class="unseen" aria-hidden="true"><label for="(\w+)">([^<]+)</label><input ([^>]+)>', page.text)
    assert found is not None
    return found[1], found[2], dict(re.findall(r'([\w-]+)="([^"]*)"', found[3]))


@pytest.mark.parametrize("address", ["/letters/open-the-road", SIGN, "/ar/letters/open-the-road"])
def test_the_field_says_to_leave_it_empty_and_no_autofill_knows_it(client, address):
    letter()
    name, label, attributes = field(client.get(address))
    assert attributes["autocomplete"] == "off"
    assert attributes["tabindex"] == "-1"
    assert attributes["value"] == ""
    assert "type" not in attributes
    assert not AUTOFILLED.search(name)
    assert label
    if not address.startswith("/ar"):
        assert "leave this field empty" in label
        assert not AUTOFILLED.search(label)


def test_the_stylesheet_hides_it_without_taking_it_out_of_the_form():
    style = (data_folder("static") / "site.css").read_text(encoding="utf-8")
    rule = re.search(r"\.unseen \{([^}]+)\}", style)
    assert rule is not None
    assert "clip-path" in rule[1]
    assert "display" not in rule[1]


def test_whoever_fills_it_in_is_answered_as_everybody_and_noted(client):
    letter()
    plain = client.post(SIGN, data=ANA)
    caught = client.post(SIGN, data=ANA | {"email": "robot@example.org", "topic": "Cheap watches"})
    assert (caught.status_code, caught.location) == (plain.status_code, plain.location) == (303, plain.location)
    assert [each.signals for each in requests()] == [[], ["honeypot"]]
    assert len(mails()) == 2


@pytest.mark.parametrize("filled", ["", " ", "\u00a0", None])
def test_an_empty_field_or_none_at_all_is_not_noted(client, filled):
    letter()
    client.post(SIGN, data=ANA | ({} if filled is None else {"topic": filled}))
    assert requests()[0].signals == []


def test_what_stands_in_it_is_kept_nowhere_and_shown_again_like_all_that_was_typed(client):
    letter()
    again = client.post(SIGN, data=ANA | {"topic": "Cheap watches", "name": ""})
    assert again.status_code == 422
    assert field(again)[2]["value"] == "Cheap watches"
    client.post(SIGN, data=ANA | {"topic": "Cheap watches"})
    (row,) = requests()
    assert "Cheap watches" not in "".join(str(getattr(row, column.key)) for column in row.__table__.columns)
