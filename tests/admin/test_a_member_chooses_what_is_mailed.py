"""Each member chooses on the account page whether milestones and digests are mailed."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from petition import accounts
from petition.accounts import notices
from petition.audit import COMMAND_LINE
from petition.db import db
from tests import factories
from tests.admin import people

PAGE = "/admin/account"


def test_a_choice_is_kept_for_oneself_alone(sqlite_client: FlaskClient) -> None:
    who, other = people.member("viewer"), people.member("editor")
    browser = people.browser(who)
    assert 'name="digest" value="never" checked' in browser.get(PAGE).text
    answer = people.post(browser, f"{PAGE}/mail", PAGE, milestones="1", digest="weekly")
    assert (answer.status_code, answer.location) == (303, "/admin/account#mail")
    page = browser.get(PAGE).text
    assert 'name="milestones" value="1" checked' in page
    assert 'name="digest" value="weekly" checked' in page
    people.post(browser, f"{PAGE}/mail", PAGE, digest="never")
    db.session.rollback()
    mine, theirs = notices.choice(who), notices.choice(other)
    assert (mine.milestones, mine.digest) == (theirs.milestones, theirs.digest) == (False, "never")


def test_a_choice_goes_with_the_account(client: FlaskClient) -> None:
    people.member("owner")
    who = people.member("viewer")
    notices.choose(who, milestones=True, digest="daily", now=factories.now())
    accounts.remove_member(who.email, actor=COMMAND_LINE, now=factories.now())
    db.session.rollback()
    assert db.session.scalars(select(notices.MailChoice)).all() == db.session.scalars(select(notices.Digest)).all() == []


def test_another_word_is_refused_and_changes_nothing(sqlite_client: FlaskClient) -> None:
    who = people.member("viewer")
    browser = people.browser(who)
    assert people.post(browser, f"{PAGE}/mail", PAGE, milestones="1", digest="hourly").status_code == 422
    db.session.rollback()
    assert not notices.choice(who).milestones
