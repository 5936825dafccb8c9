"""Twenty at once: one request and one mail, one signature, and tallies that equal the rows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from flask import Flask
from sqlalchemy import func, select

from petition.db import db, transaction
from petition.letters import operations as letters
from petition.limits.models import LimitSetting
from petition.outbox.models import OutboxMail
from petition.signatures import directory
from petition.signatures.models import Signature, SigningRequest, Tally
from tests.factories import ANA, SIGN, ask, last_token, letter, now, sign

TWENTY = 20


def at_once(app: Flask, path: str, posts: list[dict[str, str]]) -> list[int]:
    """Post all of these from as many threads; returns the statuses."""

    def post(data: dict[str, str]) -> int:
        return app.test_client().post(path, data=data).status_code

    db.session.rollback()
    with ThreadPoolExecutor(TWENTY) as pool:
        statuses = list(pool.map(post, posts))
    db.session.rollback()
    return statuses


def rows(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_twenty_identical_posts_make_one_request_and_one_mail(app, client):
    letter()
    assert at_once(app, SIGN, [ANA] * TWENTY) == [303] * TWENTY
    assert (rows(SigningRequest), rows(OutboxMail)) == (1, 1)


def test_twenty_different_posts_for_one_address_keep_to_the_cap(app, client):
    letter()
    posts = [ANA | {"name": f"Ana {number}"} for number in range(TWENTY)]
    assert at_once(app, SIGN, posts) == [303] * TWENTY
    assert rows(OutboxMail) == 3


def test_twenty_confirmations_make_one_signature(app, client):
    letter()
    token = ask(client, **ANA)
    assert at_once(app, f"/signature/{token}", [{"action": "confirm"}] * TWENTY) == [303] * TWENTY
    assert rows(Signature) == 1
    assert directory.counts(letters.find("open-the-road")).people == 1


def test_confirmations_of_two_requests_of_one_address_make_one_signature(app, client):
    letter()
    tokens = [ask(client, **ANA), ask(client, **ANA | {"name": "Ana Q."})]

    def confirm(token: str) -> int:
        return app.test_client().post(f"/signature/{token}", data={"action": "confirm"}).status_code

    db.session.rollback()
    with ThreadPoolExecutor(TWENTY) as pool:
        statuses = list(pool.map(confirm, tokens * 10))
    assert set(statuses) == {303}
    db.session.rollback()
    assert rows(Signature) == 1


def test_confirmations_of_one_domain_at_once_do_not_pass_its_cap(app, client):
    letter()
    app.config["PETITION"] = replace(app.config["PETITION"], limits=True)
    with transaction() as session:  # over two hours, so that no hour begins in between
        session.add(LimitSetting(name="domain_cap", count=5, seconds=7200, changed_by="x", changed_at=now()))
    tokens = [ask(client, **ANA | {"email": f"p{number}@wave.example.org"}) for number in range(TWENTY)]
    db.session.rollback()
    with ThreadPoolExecutor(TWENTY) as pool:
        confirm = {"action": "confirm"}
        answers = list(pool.map(lambda token: app.test_client().post(f"/signature/{token}", data=confirm).status_code, tokens))
    assert answers == [303] * TWENTY
    db.session.rollback()
    counts = directory.counts(letters.find("open-the-road"))
    assert (counts.people, counts.held) == (5, 15)


def test_many_signers_at_once_leave_tallies_that_equal_the_rows(app, client):
    letter()
    tokens = []
    for number in range(TWENTY):
        client.post(SIGN, data=ANA | {"email": f"p{number}@example.org", "name": f"Signer {number}"})
        tokens.append(last_token())

    def confirm_then_withdraw(number: int) -> None:
        browser = app.test_client()
        browser.post(f"/signature/{tokens[number]}", data={"action": "confirm"})
        if number % 2:
            browser.post(f"/signature/{tokens[number]}", data={"action": "withdraw"})

    db.session.rollback()
    with ThreadPoolExecutor(TWENTY) as pool:
        list(pool.map(confirm_then_withdraw, range(TWENTY)))
    db.session.rollback()
    found = directory.counts(letters.find("open-the-road"))
    real = dict(db.session.execute(select(Signature.state, func.count()).group_by(Signature.state)).all())
    assert (found.people, found.withdrawn) == (real["published"], real["withdrawn"]) == (10, 10)
    assert sum(db.session.scalars(select(Tally.count))) == TWENTY


def test_a_withdrawal_racing_a_confirmation_leaves_one_of_the_two(app, client):
    letter()
    token = sign(client, **ANA)
    posts = [{"action": "withdraw"}, {"action": "confirm"}, {"action": "change", "comment": "Hello"}] * 6
    statuses = at_once(app, f"/signature/{token}", posts)
    assert set(statuses) <= {303, 404}
    assert db.session.scalars(select(Signature)).one().state == "withdrawn"
    assert directory.counts(letters.find("open-the-road")).people == 0
