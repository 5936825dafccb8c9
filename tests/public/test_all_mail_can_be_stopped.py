"""The line at the foot of every mail: its page changes nothing until a button is pressed, then nothing more is mailed until allowed."""

import dataclasses
import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
import time_machine

from petition import outbox
from petition.addresses import fingerprint
from petition.audit import AuditEntry
from petition.db import db, transaction
from petition.outbox import suppression
from petition.outbox.delivery import deliver_due, waiting
from petition.outbox.models import OutboxMail
from petition.outbox.suppression import Suppression
from tests.conftest import _Checking
from tests.factories import ANA, ARMENIAN, SIGN, UNION, config, letter, load, mails, now, sign


@pytest.fixture
def lite(sqlite_app):
    """A browser where no database decides."""
    sqlite_app.test_client_class = _Checking
    return sqlite_app.test_client()


def link(address="ana@example.org", prefix=""):
    return f"{prefix}/mail/stop/{suppression.token(fingerprint(address, config().fingerprint_bytes), config())}"


def press(client, action, path=""):
    return client.post(path or link(), data={"action": action})


def stopped():
    db.session.rollback()
    return [each.fingerprint for each in db.session.query(Suppression)]


def states():
    db.session.rollback()
    return [(each.message, each.state, each.recipient) for each in db.session.query(OutboxMail).order_by(OutboxMail.id)]


def test_the_link_in_the_mail_stops_all_mail_and_allows_it_again(client):
    letter()
    client.post(SIGN, data=ANA)
    deliver_due(config(), clock=now)
    (path,) = config().mailbox.glob("*.eml")
    words = message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",)).get_content()
    (address,) = re.findall(r"http://localhost(/mail/stop/[\w-]+)", words)
    assert address == link()
    assert press(client, "stop", address).location == address
    assert "is stopped" in client.get(address).text
    client.post(SIGN, data=ANA | {"name": "Ana Again"})
    assert len(mails()) == 1
    press(client, "allow", address)
    assert "is allowed" in client.get(address).text
    client.post(SIGN, data=ANA | {"name": "Ana Again"})
    assert len(mails()) == 2


def test_opening_the_page_changes_nothing(lite):
    for _ in range(2):
        assert "is allowed" in lite.get(link()).text
    assert stopped() == []
    press(lite, "stop")
    for _ in range(2):
        assert "is stopped" in lite.get(link()).text
    assert len(stopped()) == 1


def test_the_page_is_private_and_says_nothing_of_signatures(lite):
    letter()
    stranger = lite.get(link("nobody@example.org"))
    sign(lite, **ANA)
    page = lite.get(link())
    assert page.text == stranger.text
    assert "ana@example.org" not in page.text
    for name, value in (("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex"), ("Referrer-Policy", "no-referrer")):
        assert page.headers[name] == value
    assert "Set-Cookie" not in page.headers
    assert press(lite, "stop").headers["Referrer-Policy"] == "no-referrer"


def test_the_page_speaks_the_language_of_the_mail(lite):
    assert '<html lang="ar" dir="rtl">' in lite.get(link(prefix="/ar")).text
    assert press(lite, "stop", link(prefix="/ar")).location == link(prefix="/ar")


@pytest.mark.parametrize("harm", [lambda good: good[:-1], lambda good: good + "A", lambda good: "A" * 64, lambda good: "A" + good[1:]])
def test_a_link_that_this_site_did_not_make_opens_nothing(lite, harm):
    good = suppression.token(fingerprint("nobody@example.org", config().fingerprint_bytes), config())
    for answer in (lite.get(f"/mail/stop/{harm(good)}"), press(lite, "stop", f"/mail/stop/{harm(good)}")):
        assert answer.status_code == 404
        assert "Check that the whole address was copied" in answer.text
    assert stopped() == []


def test_what_mail_programs_leave_at_the_end_of_a_link_is_forgiven(lite):
    for end in (".", ">", ">)"):
        assert lite.get(link() + end).status_code == 200


def test_a_link_is_good_for_one_site_and_one_purpose(lite):
    letter()
    sign(lite, **ANA)
    token = link().rpartition("/")[2]
    assert lite.get(f"/signature/{token}").status_code == 404
    other = dataclasses.replace(config(), secret_key="another secret key of thirty-two")
    assert suppression.token("ab" * 32, other) != suppression.token("ab" * 32, config())


@pytest.mark.parametrize("action", ["", "explode", "confirm"])
def test_an_unknown_action_changes_nothing(lite, action):
    assert press(lite, action).status_code == 400
    assert press(lite, "stop", link() + "?action=stop").status_code == 303
    assert press(lite, action).status_code == 400
    assert len(stopped()) == 1


def test_another_site_cannot_press_the_button(lite):
    answer = lite.post(link(), data={"action": "stop"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Referrer-Policy"]) == (403, "no-referrer")
    assert stopped() == []


def test_nobody_learns_from_a_form_that_mail_is_stopped(client):
    letter()
    sign(client, **ANA)
    press(client, "stop")
    for path, fields in ((SIGN, ANA | {"name": "Ana Again"}), ("/letters/open-the-road/find", {"email": "ana@example.org"})):
        one = client.post(path, data=fields)
        other = client.post(path, data=fields | {"email": "ben@example.org"})
        assert (one.status_code, one.location, one.data) == (other.status_code, other.location, other.data)
    assert [each.recipient for each in mails("find")] == ["ben@example.org"]


def test_what_waits_in_the_queue_is_dropped_and_forgotten_and_no_other_mail_is(client):
    letter()
    client.post(SIGN, data=ANA)
    client.post(SIGN, data=UNION)
    client.post("/letters/open-the-road/find", data={"email": "ana@example.org"})
    press(client, "stop")
    assert states() == [("verify", "stopped", None), ("verify", "queued", "rita@bakers.example.org"), ("find", "stopped", None)]
    assert deliver_due(config(), clock=now).sent == 1
    assert waiting(now()).failed_count == 0, "nothing failed"
    press(client, "allow")
    assert deliver_due(config(), clock=now).sent == 0


def test_a_mail_that_was_queued_at_the_same_moment_is_not_sent(client):
    letter()
    with transaction() as session:
        session.add(Suppression(fingerprint=fingerprint("ana@example.org", config().fingerprint_bytes), since=now()))
        session.add(OutboxMail(
            message_id="m", message="find", language="en", recipient="ana@example.org", values={"letter_id": 1}, scope="find:1",
            recipient_fingerprint=fingerprint("ana@example.org", config().fingerprint_bytes), queued_at=now(), due_at=now(),
            expires_at=now() + timedelta(days=1),
        ))  # fmt: skip
    assert deliver_due(config(), clock=now).sent == 0
    assert states() == [("find", "stopped", None)]


def test_the_caps_are_not_reset_by_stopping_and_allowing(lite):
    letter()
    for name in ("Ana A", "Ana B", "Ana C", "Ana D"):
        lite.post(SIGN, data=ANA | {"name": name})
        press(lite, "stop")
        press(lite, "allow")
    assert len(mails()) == 3


def test_whoever_allows_mail_again_need_not_wait_to_ask_again(client):
    letter()
    press(client, "stop")
    client.post(SIGN, data=ANA)
    press(client, "allow")
    client.post(SIGN, data=ANA)
    assert [each.recipient for each in mails()] == ["ana@example.org"]
    client.post(SIGN, data=ANA)
    assert len(mails()) == 1


def test_the_teams_own_mail_is_not_stopped(app):
    mine = fingerprint("ana@example.org", config().fingerprint_bytes)
    about = {"to": "ana@example.org", "fingerprint": mine, "language": "en", "values": {}, "scope": "x", "now": now()}
    with transaction() as session:
        assert outbox.queue(session, "spike", **about)
    suppression.stop(suppression.token(mine, config()), config=config(), now=now())
    with transaction() as session:
        assert outbox.queue(session, "invitation", **about)
        assert not outbox.queue(session, "find", **about)
    assert [state for _, state, _ in states()] == ["queued", "queued"]


def test_each_change_is_on_record_once_and_without_the_address(lite):
    for action in ("stop", "stop", "allow", "allow"):
        press(lite, action)
    entries = db.session.query(AuditEntry).order_by(AuditEntry.id).all()
    assert [(each.action, each.actor_kind) for each in entries] == [("mail.stopped", "mailbox holder"), ("mail.allowed", "mailbox holder")]
    assert {len(each.object_id) for each in entries} == {16}


def test_a_translation_carries_the_line_too(lite):
    letter()
    load(ARMENIAN)
    with time_machine.travel(now(), tick=False):
        lite.post(f"/hy{SIGN}", data=ANA)
        deliver_due(config(), clock=now)
    (path,) = config().mailbox.glob("*.eml")
    words = message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",)).get_content()
    assert f"http://localhost{link(prefix='/hy')}" in words
