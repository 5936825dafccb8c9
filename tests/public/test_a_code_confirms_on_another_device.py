"""The short code in the mail confirms on a page of its own, and cannot be guessed."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from petition.db import db
from petition.outbox.rendering import render
from petition.signatures import codes
from petition.signatures.models import LinkToken, Signature, SigningRequest
from tests.factories import ANA, SIGN, ask, config, count, letter, mails, sign
from tests.public.door import NOON


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sqlite_client(sqlite_app):
    return sqlite_app.test_client()


def newest_mail() -> str:
    """The text of the newest mail, as it is sent."""
    body = render(mails()[-1], config()).get_body(("plain",))
    assert body is not None
    return body.get_content().replace("\r\n", "\n")


def mailed_code() -> str:
    """The code as the newest mail shows it."""
    return re.findall(r"^ {4}([0-9A-Z]{4}-[0-9A-Z]{4})$", newest_mail(), re.MULTILINE)[0]


def enter(client, code: str, email: str = ANA["email"], page: str = "/code"):
    return client.post(page, data={"email": email, "code": code})


def test_the_code_confirms_what_its_mailbox_asked_for(client):
    letter()
    ask(client, **ANA)
    answer = enter(client, mailed_code())
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("?done=published")
    assert ANA["name"] in client.get(answer.headers["Location"]).text
    assert count(client)["total"] == 1


def test_the_code_may_be_typed_as_people_type(sqlite_client):
    letter()
    ask(sqlite_client, **ANA)
    typed = f"  {mailed_code().replace('-', ' ').lower()} "
    assert enter(sqlite_client, typed).status_code == 303
    assert codes.plain("abcd\u2011oil9") == "ABCD0119"


def test_a_wrong_code_and_an_unknown_address_get_the_same_answer_with_everything_kept(sqlite_client):
    letter()
    ask(sqlite_client, **ANA)
    wrong, unknown = enter(sqlite_client, "ABCD-2345"), enter(sqlite_client, "ABCD-2345", email="nobody@example.org")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert wrong.text.replace(ANA["email"], "") == unknown.text.replace("nobody@example.org", "")
    assert 'value="ABCD-2345"' in wrong.text
    assert 'aria-describedby="code-fault"' in wrong.text


def test_after_five_wrong_codes_only_the_link_confirms(client, clock):
    letter()
    ask(client, **ANA)
    code = mailed_code()
    for _ in range(5):
        assert enter(client, "ABCD-2345").status_code == 422
    assert enter(client, code).status_code == 422
    assert count(client)["total"] == 0
    clock.shift(timedelta(minutes=11))
    ask(client, **ANA)
    assert "/code" not in newest_mail(), "a mail shows no code that is worth nothing"
    sign(client, **ANA)
    assert count(client)["total"] == 1


def test_a_code_is_spent_with_its_request_and_never_opens_the_signature(sqlite_client):
    letter()
    ask(sqlite_client, **ANA)
    code = mailed_code()
    assert enter(sqlite_client, code).status_code == 303
    assert enter(sqlite_client, code).status_code == 422
    assert db.session.scalars(select(LinkToken.request_id)).all() == [None, None]


def test_a_code_expires_with_its_link(sqlite_client, clock):
    letter()
    ask(sqlite_client, **ANA)
    code = mailed_code()
    clock.shift(timedelta(days=7, seconds=1))
    assert enter(sqlite_client, code).status_code == 422
    assert db.session.scalars(select(Signature)).all() == []


def test_no_code_lies_in_the_database_once_the_mail_has_left(sqlite_client):
    letter()
    ask(sqlite_client, **ANA)
    code = mailed_code()
    for name in (code, code.replace("-", "")):
        for model in (SigningRequest, LinkToken):
            for row in db.session.scalars(select(model)):
                assert name not in repr({column.key: getattr(row, column.key) for column in model.__table__.columns})


def test_what_is_no_code_or_no_address_is_said_beside_the_field_and_costs_no_try(sqlite_client):
    letter()
    ask(sqlite_client, **ANA)
    answer = enter(sqlite_client, "12", email="nobody")
    assert answer.status_code == 422
    assert 'id="code-fault"' in answer.text
    assert 'id="email-fault"' in answer.text
    assert db.session.scalars(select(SigningRequest.code_tries)).one() == 0


def test_codes_are_guessed_no_faster_than_links(guarded):
    client = guarded.test_client()
    answers = [enter(client, "ABCD-2345", email=f"n{number}@example.org").status_code for number in range(31)]
    assert answers == [422] * 30 + [429]


def test_the_page_speaks_the_mails_language(sqlite_client):
    letter()
    sqlite_client.post("/hy" + SIGN, data=ANA)
    assert "/hy/code" in newest_mail()
    assert enter(sqlite_client, mailed_code(), page="/hy/code").headers["Location"].startswith("/hy/signature/")
