"""A change overtakes what waited for the mailbox, reviewed entries wait again, and a protected letter stays protected."""

import pytest
from sqlalchemy import select

from petition.audit import Actor
from petition.db import db, transaction
from petition.errors import BadFile
from petition.signatures import transitions
from petition.signatures.models import Signature, SigningRequest
from tests.factories import ANA, ORIGINAL, SIGN, UNION, count, last_token, letter, load, now, sign


def only() -> Signature:
    db.session.rollback()
    return db.session.scalars(select(Signature)).one()


def approve() -> None:
    found = only()
    with transaction() as session:
        transitions.move(session, found, "published", actor=Actor("member", "m@example.org", 1), now=now())


def test_a_waiting_change_is_forgotten_when_its_owner_hides(client):
    letter()
    token = sign(client, **ANA, visibility="initials", comment="An old comment")
    client.post(f"/signature/{token}", data={"action": "change", "visibility": "public", "email": "ana@example.org"})
    waiting = last_token("expose")
    client.post(f"/signature/{token}", data={"action": "change", "visibility": "counted", "comment": ""})
    assert db.session.scalar(select(SigningRequest)) is None
    assert client.post(f"/signature/{waiting}", data={"action": "confirm"}).status_code == 404
    assert (only().visibility, only().comment) == ("counted", "")


def test_new_words_under_a_letter_that_reviews_everybody_wait_again(client):
    letter(more="review: all\n")
    token = sign(client, **ANA)
    approve()
    client.post(f"/signature/{token}", data={"action": "change", "comment": "Words that nobody has seen"})
    assert only().state == "held"


def test_an_organisation_stays_public_and_named(client):
    letter()
    token = sign(client, **UNION)
    approve()
    client.post(f"/signature/{token}", data={"action": "change", "visibility": "counted"})
    assert only().visibility == "public"
    assert client.post(f"/signature/{token}", data={"action": "change", "organisation": ""}).status_code == 422
    assert only().organisation == "Sample Union of Bakers"
    client.post(f"/signature/{token}", data={"action": "change", "comment": "Words that nobody has seen"})
    assert only().state == "held"


def test_a_file_that_forgets_the_risk_exposes_nobody(client):
    letter(more="risk: protected\n")
    sign(client, **ANA, visibility="public")
    assert load(ORIGINAL.format(slug="open-the-road", body="We write from a closed road.", more="")).outcome == "unchanged"
    with pytest.raises(BadFile, match="protected"):
        load(ORIGINAL.format(slug="open-the-road", body="We write from a closed road.", more="risk: normal\n"))
    assert client.get("/api/v1/letters/open-the-road/signatories").json["signatories"] == []
    assert count(client)["people"] == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/letters/%00", 404),
        ("/letters/a%00b/sign", 404),
        ("/api/v1/letters/%00/count", 404),
        ("/letters/open-the-road/signatories?after=%00", 400),
        ("/letters/open-the-road/text/%00.txt", 404),
        ("/teams/99999999999999999999/logo", 404),
    ],
)
def test_a_nul_or_a_giant_number_in_an_address_is_a_clear_no(client, address, status):
    letter()
    assert client.get(address).status_code == status


@pytest.mark.parametrize("website", ["example.org/" + "a" * 288, "https://" + "b" * 20 + "." + ".".join(["a" * 60] * 4) + ".example.org"])
def test_a_website_too_long_to_keep_is_refused_at_the_form(client, website):
    letter()
    assert client.post(SIGN, data=UNION | {"website": website}).status_code == 422
