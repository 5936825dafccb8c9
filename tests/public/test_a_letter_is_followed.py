"""Following a letter: asked at a form that answers everybody alike, confirmed from the mailbox, ended by one click."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from petition.addresses import fingerprint
from petition.config import Config
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.outbox.delivery import deliver_due
from petition.outbox.models import OutboxMail
from petition.signatures import tokens
from petition.signatures.models import Signature
from petition.updates.followers import token
from petition.updates.models import Follower
from petition.upkeep import retention
from tests import factories, newsroom
from tests.mailing import served

ROAD = "/letters/open-the-road"
SUBSCRIPTION = re.compile(r"http://localhost(/subscription/[\w-]+)")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example.com"}
DAY = timedelta(days=1)


def row() -> Follower | None:
    db.session.rollback()
    return db.session.scalars(select(Follower)).one_or_none()


def ask(client: FlaskClient, address: str = "ana@example.org", prefix: str = "") -> str:
    answer = client.post(f"{prefix}{ROAD}/follow", data={"email": address})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.text


def mailed(config: Config) -> tuple[str, str]:
    """Deliver what waits over SMTP: the text of the last mail, and the path of the link in it."""
    with served(config) as (server, reaching):
        deliver_due(reaching, clock=factories.now)
    text = server.mails[-1].text
    found = SUBSCRIPTION.search(text)
    assert found is not None, text
    return text, found[1]


def test_asked_confirmed_from_the_mailbox_and_stopped(client: FlaskClient, petition_config: Config) -> None:
    factories.letter()
    assert 'action="/letters/open-the-road/follow"' in client.get(ROAD).text
    ask(client, "Ana+Road@Example.org")
    assert row() is None, "nothing is looked up or kept before the mail goes"
    text, link = mailed(petition_config)
    assert "Open the road" in text
    assert (row().email, row().confirmed_at) == ("Ana+Road@example.org", None)
    for _ in range(2):
        page = client.get(link)
        assert "Yes, send me news" in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert row().confirmed_at is None, "opening it changes nothing"
    answer = client.post(link, data={"action": "confirm"})
    assert (answer.status_code, answer.location) == (303, link)
    assert row().confirmed_at is not None
    assert row().expires_at is None
    assert "News of this letter comes to your mailbox." in client.get(link).text
    assert "is deleted" in client.post(link, data={"action": "stop"}).text
    assert row() is None
    assert client.get(link).status_code == 404


def test_who_follows_already_learns_it_from_the_mail_alone(client: FlaskClient, petition_config: Config) -> None:
    letter = factories.letter()
    newsroom.follower(letter, "ana@example.org")
    answers = {ask(client, address).replace(address, "") for address in ("ana@example.org", "nobody@example.org")}
    assert len(answers) == 1
    with transaction() as session:
        session.execute(update(OutboxMail).where(OutboxMail.id == 2).values(state="sent", recipient=None))
    text, link = mailed(petition_config)
    assert "already" in text
    assert "Stop the news" in client.get(link).text
    assert row().confirmed_at is not None


def test_asking_twice_leaves_the_first_link_working_until_not_me(client: FlaskClient, petition_config: Config) -> None:
    factories.letter()
    links = []
    for _ in range(2):
        ask(client)
        links.append(mailed(petition_config)[1])
    assert [client.get(link).status_code for link in links] == [200, 200]
    assert row().digest not in links[0], "the row alone makes no link"
    forged = links[0][:-4] + ("aaaa" if links[0][-4:] != "aaaa" else "bbbb")
    assert client.get(forged).status_code == 404
    assert client.post(links[0], data={"action": "confirm"}).status_code == 303
    assert row().confirmed_at is not None
    with transaction() as session:  # as the release before this one kept them
        session.execute(update(Follower).values(digest=tokens.digest("a" * 32), confirmed_at=None, expires_at=factories.now() + DAY))
    assert client.get(f"/subscription/{'a' * 32}").status_code == 200
    assert client.post(f"/subscription/{'a' * 32}", data={"action": "not-me"}).status_code == 200
    assert client.get(links[1]).status_code == 404


def test_the_page_behind_a_link_tells_nobody_who_signed(sqlite_app: Flask) -> None:
    letter = factories.letter()
    client, config = sqlite_app.test_client(), factories.config()
    factories.sign(client, **factories.ANA | {"updates": "1"})
    newsroom.follower(letter, factories.ANA["email"])
    newsroom.follower(letter, "ben@example.org")
    mailboxes = [fingerprint(each, config.fingerprint_bytes) for each in (factories.ANA["email"], "ben@example.org")]
    signed, reader = (f"/subscription/{token(letter.id, each, config)}" for each in mailboxes)
    for data in (None, {"action": "stop"}, None):
        pages = [client.post(link, data=data) if data else client.get(link) for link in (signed, reader)]
        assert pages[0].text.replace(signed, reader) == pages[1].text
        assert pages[0].status_code == 200


def test_one_address_gets_few_such_mails_and_a_bad_one_none(sqlite_app: Flask) -> None:
    factories.letter()
    client = sqlite_app.test_client()
    for address in ("ana@example.org", "ana+one@example.org", "ANA@example.org", "ana+two@example.org"):
        ask(client, address)
    assert len(factories.mails("follow")) == 2
    wrong = client.post(f"{ROAD}/follow", data={"email": "no address"})
    assert wrong.status_code == 422
    assert 'value="no address"' in wrong.text
    assert "Enter one e-mail address" in wrong.text
    assert client.post(f"{ROAD}/follow", data={"email": "ben@example.org"}, headers=FOREIGN).status_code == 403
    assert len(factories.mails("follow")) == 2


def test_not_me_forgets_the_request_and_nobody_follows_a_letter_long_closed(sqlite_app: Flask) -> None:
    letter = factories.letter()
    client, config = sqlite_app.test_client(), factories.config()
    ask(client)
    _, link = mailed(config)
    assert "is deleted" in client.post(link, data={"action": "not-me"}).text
    assert row() is None
    assert client.post(link, data={"action": "confirm"}).status_code == 404
    assert client.post(f"/subscription/{token(letter.id, 'ab' * 32, config)}", data={"action": "nonsense"}).status_code == 400
    with transaction() as session:
        session.execute(update(Letter).values(closes=factories.now() - 184 * DAY))
    assert client.post(f"{ROAD}/follow", data={"email": "ana@example.org"}).status_code == 409
    assert "follow-email" not in client.get(ROAD).text
    assert client.get(f"{ROAD}/follow").status_code == 409


def test_one_click_needs_no_origin_and_no_cookie_keeps_the_signature_and_is_good_twice(client: FlaskClient) -> None:
    letter = factories.letter()
    factories.sign(client, **factories.ANA | {"updates": "1"})
    newsroom.follower(letter, "ana@example.org")
    db.session.rollback()
    signed = db.session.scalars(select(Signature)).one()
    link = f"/subscription/{token(letter.id, str(signed.address_fingerprint), factories.config())}"
    assert "Stop the news" in client.get(link).text
    assert client.post(link, data={"action": "stop"}, headers=FOREIGN).status_code == 403, "a button needs its page"
    for _ in range(2):
        answer = client.post(link, data=ONE_CLICK, headers=FOREIGN, content_type="multipart/form-data")
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        db.session.rollback()
        signed = db.session.scalars(select(Signature).execution_options(populate_existing=True)).one()
        assert (signed.state, signed.updates, signed.email) == ("published", False, None)
        assert row() is None
    assert "No news of this letter comes" in client.get(link).text
    assert factories.count(client)["total"] == 1


def test_a_link_that_nobody_made_leads_nowhere(sqlite_app: Flask) -> None:
    letter = factories.letter()
    client = sqlite_app.test_client()
    for spoilt in ("short", "A" * 72, "A" * 32, "é" * 32):
        assert client.get(f"/subscription/{spoilt}").status_code == 404
        assert client.post(f"/subscription/{spoilt}", data=ONE_CLICK).status_code == 404
    good = token(letter.id, "ab" * 32, factories.config())
    assert client.get(f"/subscription/{good}.>").status_code == 200, "what a mail program left at its end"
    other = token(letter.id + 1, "ab" * 32, factories.config())
    assert client.get(f"/subscription/{other[:10]}{good[10:]}").status_code == 404


def test_a_link_at_the_foot_of_old_news_confirms_nothing(sqlite_app: Flask) -> None:
    letter = factories.letter()
    client, config = sqlite_app.test_client(), factories.config()
    ask(client)
    mailed(config)
    passed_on = f"/subscription/{token(letter.id, row().address_fingerprint, config)}"
    assert "Yes, send me news" not in client.get(passed_on).text
    assert client.post(passed_on, data={"action": "confirm"}).status_code == 404
    assert row().confirmed_at is None


def test_followers_are_forgotten_unconfirmed_after_a_week_and_six_months_after_closing(sqlite_app: Flask) -> None:
    letter = factories.letter()
    client = sqlite_app.test_client()
    ask(client)
    mailed(factories.config())
    now = row().expires_at
    assert now is not None
    newsroom.follower(letter, "ben@example.org")
    gone = {words: number for words, number in retention.purge(now, dry_run=True) if "ollow" in words}
    assert gone == {"followers who never confirmed": 1, "followers of letters closed six months ago": 0}
    retention.purge(now)
    assert row().email == "ben@example.org"
    with transaction() as session:
        session.execute(update(Letter).values(closed_at=now))
    retention.purge(now + 183 * DAY - timedelta(seconds=1))
    assert row() is not None
    retention.purge(now + 183 * DAY)
    assert db.session.scalar(select(func.count()).select_from(Follower)) == 0


def test_mails_about_a_protected_letter_do_not_name_it(sqlite_app: Flask) -> None:
    letter = factories.letter(more="risk: protected\n")
    client = sqlite_app.test_client()
    ask(client)
    text, link = mailed(factories.config())
    assert "road" not in text.lower()
    client.post(link, data={"action": "confirm"})
    newsroom.update(letter)
    assert f"{ROAD}/updates" in client.get(link).text
