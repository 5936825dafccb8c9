"""A person signs, confirms from the mailbox, and appears in the list and the count."""

import re

from sqlalchemy import select

from petition.db import db
from petition.signatures.models import Signature, SigningRequest
from tests.factories import ANA, ARAM, SIGN, UNION, ask, count, last_token, letter, mails, sign


def test_a_person_who_confirms_appears_in_the_list_and_the_count(client):
    letter()
    sign(client, **ANA)
    assert count(client)["people"] == 1
    assert "Ana Sample" in client.get("/letters/open-the-road/signatories").text
    assert "Ana Sample" in client.get("/letters/open-the-road").text


def test_an_unconfirmed_signature_counts_nowhere(client):
    letter()
    ask(client, **ANA)
    assert count(client)["total"] == 0
    assert "Ana Sample" not in client.get("/letters/open-the-road/signatories").text


def test_opening_the_link_ten_times_changes_nothing(client):
    letter()
    token = ask(client, **ANA)
    pages = {client.get(f"/signature/{token}").text for _ in range(10)}
    assert len(pages) == 1
    assert count(client)["total"] == 0


def test_the_address_is_forgotten_when_a_person_confirms(client):
    letter()
    sign(client, **ANA)
    assert db.session.scalar(select(SigningRequest)) is None
    assert db.session.scalars(select(Signature)).one().email is None


def test_the_address_is_kept_for_those_who_asked_for_news_until_they_stop_them(client):
    letter()
    token = sign(client, **ANA, updates="1")
    assert db.session.scalars(select(Signature)).one().email == "ana@example.org"
    client.post(f"/signature/{token}", data={"action": "unsubscribe"})
    db.session.rollback()
    assert db.session.scalars(select(Signature)).one().email is None
    assert count(client)["people"] == 1


def test_an_organisation_waits_for_the_team_and_is_told_so(client):
    letter()
    token = sign(client, **UNION)
    assert count(client) | {"as_of": ""} == {"total": 0, "people": 0, "organisations": 0, "held": 1, "imported": 0, "as_of": ""}
    assert "Waiting for the team" in client.get(f"/signature/{token}").text
    assert "Bakers" not in client.get("/letters/open-the-road/signatories").text


def test_signing_again_gets_the_same_answer_byte_for_byte_and_one_signature(client):
    letter()
    first = client.post(SIGN, data=ANA)
    sign(client, **ANA)
    again = client.post(SIGN, data=ANA)
    assert (again.status_code, again.data, again.headers["Location"]) == (first.status_code, first.data, first.headers["Location"])
    pages = [client.get(answer.headers["Location"]).data for answer in (first, again)]
    assert pages[0] == pages[1]
    done = client.post(f"/signature/{last_token()}", data={"action": "confirm"})
    assert done.headers["Location"].endswith("done=standing")
    assert count(client)["total"] == 1


def test_the_new_link_of_a_second_attempt_manages_the_signature_that_stands(client):
    letter()
    sign(client, **ANA)
    second = ask(client, **ANA | {"name": "Ana Other"})
    client.post(f"/signature/{second}", data={"action": "confirm"})
    client.post(f"/signature/{second}", data={"action": "withdraw"})
    assert count(client)["total"] == 0


def test_the_same_submission_within_ten_minutes_is_one_request_and_one_mail(client):
    letter()
    for _ in range(3):
        client.post(SIGN, data=ANA)
    assert len(mails()) == 1
    assert len(db.session.scalars(select(SigningRequest)).all()) == 1


def test_other_fields_make_another_request_and_confirming_one_settles_both(client):
    letter()
    first = ask(client, **ANA)
    second = ask(client, **ANA | {"name": "Ana Q. Sample"})
    assert first != second
    client.post(f"/signature/{second}", data={"action": "confirm"})
    db.session.rollback()
    assert db.session.scalar(select(SigningRequest)) is None
    assert "Ana Q. Sample" in client.get(f"/signature/{first}").text


def test_one_address_may_sign_for_itself_and_for_organisations(client):
    letter()
    email = {"email": "rita@bakers.example.org"}
    sign(client, **ANA | email)
    sign(client, **UNION)
    sign(client, **UNION | {"organisation": "Sample Guild of Millers", "website": ""})
    assert count(client)["people"] == 1
    assert count(client)["held"] == 2


def test_another_representative_of_the_same_organisation_learns_only_that_it_has_an_entry(client):
    letter()
    sign(client, **UNION)
    token = ask(client, **UNION | {"email": "other@example.org", "organisation": "SAMPLE  union of “Bakers”"})
    done = client.post(f"/signature/{token}", data={"action": "confirm"})
    assert done.headers["Location"].endswith("done=taken")
    page = client.get(done.headers["Location"]).text
    assert "already has an entry" in page
    assert "rita" not in page
    assert count(client)["held"] == 1
    flags = db.session.scalars(select(Signature)).one().flags
    assert {"code": "second_claim", "field": "organisation"} in flags


def test_at_most_three_verification_mails_a_day_reach_one_address(client):
    letter()
    for number in range(6):
        answer = client.post(SIGN, data=ANA | {"name": f"Ana {number}"})
        assert answer.status_code == 303
    assert len(mails()) == 3


def test_tags_and_dots_of_one_mailbox_are_one_address(client):
    letter()
    sign(client, **ANA | {"email": "ana.sample@gmail.com"})
    sign(client, **ANA | {"email": "AnaSample+letters@googlemail.com"})
    assert count(client)["total"] == 1


def test_a_signature_records_the_text_and_the_sentence_it_agreed_to(client):
    found = letter()
    sign(client, **ARAM)
    signature = db.session.scalars(select(Signature)).one()
    assert signature.text.fingerprint == found.version.text("en").fingerprint
    assert signature.consent.version == 1
    assert "Sample Office" in signature.consent.sentence
    assert "31 December 2033" in signature.consent.sentence


def test_a_near_miss_of_a_common_mail_domain_is_asked_about_once(client):
    letter()
    typed = ANA | {"email": "ana@gmial.com"}
    first = client.post(SIGN, data=typed)
    assert first.status_code == 422
    assert "ana@gmail.com" in first.text
    assert 'name="email_checked" value="ana@gmial.com"' in first.text
    assert client.post(SIGN, data=typed | {"email_checked": "ana@gmial.com"}).status_code == 303


def test_neither_kind_publishes_what_was_typed_for_the_other_and_nothing_typed_is_lost(sqlite_app):
    lite = sqlite_app.test_client()
    letter()
    both = {"organisation": "Sample Union of Bakers", "affiliation": "baker", "website": "https://bakers.example.org"}
    sign(lite, **ANA, **both)
    found = db.session.scalars(select(Signature)).one()
    assert (found.organisation, found.website) == ("baker", "")
    sign(lite, **UNION | both)
    assert {each.organisation for each in db.session.scalars(select(Signature))} == {"baker", "Sample Union of Bakers"}
    again = lite.post(SIGN, data=both | {"kind": "person", "name": "Ana Sample", "affiliation": "x" * 201, "visibility": "initials"})
    assert again.status_code == 422
    for kept in ('value="Ana Sample"', 'value="Sample Union of Bakers"', f'value="{"x" * 201}"', 'value="initials" checked'):
        assert kept in again.text
    summary = again.text.partition('id="problem" autofocus>')[2].partition("</div>")[0]
    assert re.findall('href="#([a-z]+)"', summary) == ["email", "affiliation", "consent"]
    assert all(f' id="{name}"' in again.text for name in ("email", "affiliation", "consent")), "each fault leads to its field"
    assert again.text.count("<details open>") == 1 and 'class="for-person" open' in again.text, "what holds a fault or a choice is open"
