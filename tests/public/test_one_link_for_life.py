"""The mailed link shows, changes, hides and withdraws a signature."""

from sqlalchemy import select

from petition.db import db
from petition.signatures.models import LinkToken, Signature, SigningRequest
from tests.factories import ANA, UNION, ask, count, last_token, letter, mails, sign


def only() -> Signature:
    db.session.rollback()
    return db.session.scalars(select(Signature)).one()


def test_withdrawing_removes_the_name_from_every_page_at_once(client):
    letter()
    token = sign(client, **ANA, comment="A comment of mine")
    client.post(f"/signature/{token}", data={"action": "withdraw"})
    for page in ("", "/signatories", "/signatories?q=ana"):
        assert "Ana Sample" not in client.get(f"/letters/open-the-road{page}").text
    assert client.get("/api/v1/letters/open-the-road/signatories").json == {"signatories": [], "next": None}
    assert count(client)["total"] == 0
    gone = only()
    assert (gone.name, gone.comment, gone.country, gone.email, gone.address_fingerprint) == ("", "", "", None, None)


def test_withdrawing_twice_is_withdrawing_once(client):
    letter()
    token = sign(client, **ANA)
    for _ in range(2):
        answer = client.post(f"/signature/{token}", data={"action": "withdraw"})
        assert answer.headers["Location"].endswith("done=withdrawn")
    assert "withdrawn" in client.get(f"/signature/{token}").text


def test_whoever_withdrew_may_sign_again(client):
    letter()
    client.post(f"/signature/{sign(client, **ANA)}", data={"action": "withdraw"})
    sign(client, **ANA | {"name": "Ana Again"})
    assert count(client)["people"] == 1


def test_initials_hide_the_name_the_affiliation_and_the_comment(client):
    letter()
    token = sign(client, **ANA, organisation="Sample University", comment="Mine")
    client.post(f"/signature/{token}", data={"action": "change", "visibility": "initials"})
    page = client.get("/letters/open-the-road/signatories").text
    assert "A. S." in page
    assert "Ana" not in page
    assert "Sample University" not in page
    assert "Mine" not in page
    assert "Ana" not in client.get("/letters/open-the-road/signatories?q=Ana").text.replace('value="Ana"', "")


def test_counted_without_a_name_erases_the_name_and_keeps_the_count(client):
    letter()
    token = sign(client, **ANA)
    client.post(f"/signature/{token}", data={"action": "change", "visibility": "counted"})
    assert only().name == ""
    assert count(client)["people"] == 1
    assert "1 more is counted without a name" in client.get("/letters/open-the-road/signatories").text


def test_a_name_that_may_be_delivered_is_kept_but_shown_to_nobody(client):
    letter()
    sign(client, **ANA, visibility="counted", deliver="1")
    assert only().name == "Ana Sample"
    assert "Ana Sample" not in client.get("/letters/open-the-road/signatories").text


def test_becoming_more_public_needs_the_mailbox(client):
    letter()
    token = sign(client, **ANA, visibility="initials")
    bare = client.post(f"/signature/{token}", data={"action": "change", "visibility": "public"})
    assert bare.status_code == 422
    wrong = client.post(f"/signature/{token}", data={"action": "change", "visibility": "public", "email": "eve@example.org"})
    right = client.post(f"/signature/{token}", data={"action": "change", "visibility": "public", "email": "ana@example.org"})
    assert wrong.headers["Location"] == right.headers["Location"]
    assert len(mails("expose")) == 1
    assert only().visibility == "initials"
    client.post(f"/signature/{last_token('expose')}", data={"action": "confirm"})
    assert only().visibility == "public"
    assert "Ana Sample" in client.get("/letters/open-the-road/signatories").text


def test_hiding_works_at_once_without_the_mailbox(client):
    letter()
    token = sign(client, **ANA)
    client.post(f"/signature/{token}", data={"action": "change", "visibility": "counted"})
    assert only().visibility == "counted"


def test_a_changed_text_is_screened_again_and_held(client):
    letter()
    token = sign(client, **ANA)
    client.post(f"/signature/{token}", data={"action": "change", "comment": "Buy at www.example.com"})
    assert only().state == "held"
    assert count(client)["total"] == 0
    assert count(client)["held"] == 1


def test_an_organisation_that_renames_itself_waits_again(client):
    letter()
    token = sign(client, **UNION)
    client.post(f"/signature/{token}", data={"action": "change", "organisation": "Sample Union of Bankers"})
    assert {"code": "changed", "field": "organisation"} in only().flags


def test_an_organisation_cannot_take_anothers_name(client):
    letter()
    sign(client, **UNION)
    token = sign(client, **UNION | {"organisation": "Sample Guild", "email": "guild@example.org"})
    answer = client.post(f"/signature/{token}", data={"action": "change", "organisation": "Sample Union of Bakers"})
    assert answer.status_code == 409
    assert "already has an entry" in answer.text


def test_not_me_before_confirming_deletes_everything_about_the_request(client):
    letter()
    token = ask(client, **ANA)
    answer = client.post(f"/signature/{token}", data={"action": "not-me"})
    assert "Nothing was signed" in answer.text
    assert db.session.scalar(select(SigningRequest)) is None
    assert db.session.scalar(select(LinkToken)) is None


def test_not_me_after_confirming_withdraws(client):
    letter()
    token = sign(client, **ANA)
    client.post(f"/signature/{token}", data={"action": "not-me"})
    assert count(client)["total"] == 0


def test_a_lost_link_can_be_asked_for_with_one_answer_for_everybody(client):
    letter()
    sign(client, **ANA)
    known = client.post("/letters/open-the-road/find", data={"email": "ana@example.org"})
    unknown = client.post("/letters/open-the-road/find", data={"email": "nobody@example.org"})
    assert known.status_code == unknown.status_code == 200
    assert known.data == unknown.data
    assert len(mails("find")) == 2


def test_an_unknown_action_changes_nothing(client):
    letter()
    token = sign(client, **ANA)
    assert client.post(f"/signature/{token}", data={"action": "explode"}).status_code == 400
    assert only().state == "published"
