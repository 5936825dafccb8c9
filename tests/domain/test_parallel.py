"""Twenty at once: one request and one mail, one signature, and tallies that equal the rows."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from flask import Flask
from sqlalchemy import func, select, text

from petition.audit import COMMAND_LINE
from petition.db import db, is_postgresql, transaction
from petition.errors import Conflict
from petition.letters import copies, document, importing
from petition.letters import operations as letters
from petition.limits.models import LimitSetting
from petition.outbox.models import OutboxMail
from petition.signatures import directory
from petition.signatures.models import Signature, SigningRequest, Tally
from tests.factories import ANA, ARMENIAN, ORIGINAL, SIGN, ask, last_token, letter, now, sign

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


def together(app: Flask, *steps: Callable[[], object]) -> list[object]:
    """Do all of this at the same time, each on a connection of its own; returns what came of it, refusals as their class."""
    begin = threading.Barrier(len(steps))

    def one(step: Callable[[], object]) -> object:
        with app.app_context():
            begin.wait()
            try:
                return step()
            except Conflict as error:
                return type(error)

    db.session.rollback()
    with ThreadPoolExecutor(len(steps)) as pool:
        found = list(pool.map(one, steps))
    db.session.rollback()
    return found


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


def test_a_letter_that_many_write_at_once_is_written_by_one_after_the_other(app, client):
    letter()
    sign(client, **ANA)
    terms = {"signed": directory.anybody, "actor": COMMAND_LINE, "now": now()}

    def read(source: str, **more: str) -> letters.LetterDocument:
        return document.read(source.format(**{"slug": "open-the-road", "body": "Anew.", "more": ""} | more), "x.md")

    def load(given: letters.LetterDocument, **more: bool) -> Callable[[], str]:
        return lambda: letters.load(given, file="x.md", **terms, **more).outcome

    versions = [load(read(ORIGINAL, body=f"Worded anew, the {number}th time.")) for number in range(6)]
    assert together(app, *versions) == ["new_version"] * 6
    assert [each.label for each in letters.find("open-the-road").versions] == [str(number) for number in range(1, 8)]
    armenian = document.read(ARMENIAN, "x.md")
    assert sorted(map(str, together(app, *[load(armenian)] * 4))) == ["created", "unchanged", "unchanged", "unchanged"]
    found = together(app, *[load(read(ORIGINAL, slug="another"), new=True)] * 4)
    assert (found.count("created"), found.count(letters.SlugTaken)) == (1, 3)
    copied = together(app, *[lambda: copies.duplicate(letters.find("another"), "copied", actor=COMMAND_LINE, now=now()).slug] * 4)
    assert (copied.count("copied"), copied.count(letters.SlugTaken)) == (1, 3)


def test_files_looked_at_and_loaded_at_once_are_loaded_once(app):
    terms = {"may": lambda _: True, "signed": directory.anybody, "actor": COMMAND_LINE, "now": now(), "team_name": "Sample"}
    letter(team_name="Sample")
    letter("other", team_name="Sample")
    both = ("open-the-road", "other")
    files = [(f"{slug}.md", document.read(ORIGINAL.format(slug=slug, body="Anew.", more=""), "x.md")) for slug in both]
    seen = importing.rehearse(files, **terms).digest

    def carry(files: list[tuple[str, letters.LetterDocument]]) -> Callable[[], object]:
        return lambda: len(importing.carry_out(files, seen=seen, correction=False, **terms))

    found = together(app, carry(files), carry(files), carry(files))
    assert (found.count(2), found.count(letters.Overtaken)) == (1, 2)


def test_a_letter_that_is_closed_while_another_pauses_it_stays_closed(app):
    letter()

    def become(status: str) -> object:
        with app.app_context():
            return letters.set_status(letters.find("open-the-road"), status, actor=COMMAND_LINE, now=now())

    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            letters.set_status(letters.find("open-the-road"), "closed", actor=COMMAND_LINE, now=now())
            pausing = pool.submit(become, "paused")
            while is_postgresql(session) and not pausing.done() and not session.scalar(waiting):
                pass
        assert isinstance(pausing.exception(), letters.NotPublishable)
    db.session.rollback()
    assert letters.find("open-the-road").status == "closed"
