"""The mailed link shows, changes, hides and withdraws a signature."""

import re
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from petition.db import db, transaction
from petition.outbox.delivery import deliver_due
from petition.signatures import changes, transitions
from petition.signatures.models import LinkToken, Signature, SigningRequest
from tests.factories import ANA, ARMENIAN, SIGN, UNION, ask, config, count, last_token, letter, load, mails, now, sign


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


def test_hiding_wins_over_becoming_visible_at_the_same_moment(app, client):
    letter()
    token = sign(client, **ANA, visibility="initials")
    client.post(f"/signature/{token}", data={"action": "change", "visibility": "public", "email": "ana@example.org"})
    waiting = last_token("expose")
    db.session.rollback()
    started = threading.Event()

    def confirm() -> int:
        started.set()
        return app.test_client().post(f"/signature/{waiting}", data={"action": "confirm"}).status_code

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            held = session.scalars(select(Signature).with_for_update()).one()
            outcome = pool.submit(confirm)
            started.wait(5)
            time.sleep(0.3)  # so that it waits for this row; were it slower, it would find the request gone and pass as well
            changes.discard(session, [each.id for each in session.scalars(select(SigningRequest))])
            transitions.reshape(session, held, {"visibility": "counted"}, now=now())
        assert outcome.result(10) in (303, 404)
    assert (only().visibility, only().name) == ("counted", "")


def test_this_was_not_me_is_answered_in_the_language_of_the_mail(client):
    letter()
    load(ARMENIAN)
    client.post(f"/hy{SIGN}", data=ANA)
    answer = client.post(f"/signature/{last_token()}", data={"action": "not-me"})
    assert '<html lang="hy"' in answer.text


def test_a_form_from_another_site_is_refused_without_telling_where_it_was_sent(client):
    letter()
    answer = client.post(f"/signature/{ask(client, **ANA)}", data={"action": "confirm"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Referrer-Policy"]) == (403, "no-referrer")


def test_a_lost_link_is_mailed_and_manages_the_signature(app, client):
    letter()
    token = sign(client, **ANA)
    client.post("/letters/open-the-road/find", data={"email": "ana@example.org"})
    client.post("/letters/open-the-road/find", data={"email": "stranger@example.org"})
    deliver_due(config(), clock=now)
    links = {}
    for path in sorted(config().mailbox.glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        links[mail["To"]] = re.findall(r"http://localhost(/signature/[\w-]+)", mail.get_body(("plain",)).get_content())
    assert links["stranger@example.org"] == []
    assert links["ana@example.org"] != [f"/signature/{token}"]
    client.post(links["ana@example.org"][0], data={"action": "withdraw"})
    assert count(client)["total"] == 0


def test_handing_a_hidden_name_over_asks_the_mailbox(client):
    letter()
    token = sign(client, **ANA, visibility="counted")
    change = {"action": "change", "visibility": "counted", "name": "Ana Sample", "deliver_offered": "1", "deliver": "1"}
    assert client.post(f"/signature/{token}", data=change).status_code == 422
    assert client.post(f"/signature/{token}", data=change | {"email": "eve@example.org"}).status_code == 303
    assert (only().name, only().deliver, mails("expose")) == ("", False, [])
    client.post(f"/signature/{token}", data=change | {"email": "ana@example.org"})
    client.post(f"/signature/{last_token('expose')}", data={"action": "confirm"})
    assert (only().name, only().deliver) == ("Ana Sample", True)


def test_whose_name_is_erased_may_change_the_rest(client):
    letter()
    token = sign(client, **ANA, visibility="counted")
    saved = client.post(f"/signature/{token}", data={"action": "change", "name": "", "visibility": "counted", "country": "AM"})
    assert saved.status_code == 303
    assert only().country == "AM"
    public = {"action": "change", "name": "", "visibility": "public", "email": "ana@example.org"}
    assert client.post(f"/signature/{token}", data=public).status_code == 422


@pytest.mark.parametrize("claim", ["published", "held", "standing", "withdrawn", "renewed", "nonsense"])
def test_an_address_that_says_what_was_done_proves_nothing(client, claim):
    letter()
    pending = ask(client, **ANA)
    assert 'class="notice"' not in client.get(f"/signature/{pending}?done={claim}").text
    client.post(f"/signature/{pending}", data={"action": "confirm"})
    client.post(f"/signature/{pending}", data={"action": "withdraw"})
    page = client.get(f"/signature/{pending}?done={claim}").text
    assert ("Thank you" in page, 'class="notice"' in page) == (False, claim == "withdrawn")


def test_a_request_has_no_news_to_stop(client):
    letter()
    token = ask(client, **ANA, updates="1")
    assert client.post(f"/signature/{token}", data={"action": "unsubscribe"}).status_code == 404


def test_a_database_that_is_busy_costs_nothing_that_was_typed(sqlite_app, monkeypatch):
    monkeypatch.setattr("petition.db.LOCK_WAIT", 0.1)
    client = sqlite_app.test_client()
    letter()
    token = sign(client, **ANA)
    db.session.rollback()
    with closing(sqlite3.connect(config().instance / "petition.sqlite3", isolation_level=None)) as thief:
        thief.execute("BEGIN IMMEDIATE")
        changed = client.post(f"/signature/{token}", data={"action": "change", "comment": "Typed with care"})
        sought = client.post("/letters/open-the-road/find", data={"email": "ana@example.org"})
    for answer, typed in ((changed, "Typed with care"), (sought, "ana@example.org")):
        assert answer.status_code == 503
        assert typed in answer.text
        assert answer.headers["Retry-After"]


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
