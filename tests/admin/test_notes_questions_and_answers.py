"""The team notes what it knows and asks what it does not; the answer comes back without an address being shown."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from petition import audit
from petition.db import db, transaction
from petition.moderation.models import Note
from petition.signatures import transitions
from petition.signatures.models import Report, Signature, Takeover
from petition.upkeep import retention
from tests import factories
from tests.admin import people

QUESTION = "Which page of the union names you?"


def notes() -> list[tuple[str, str, str]]:
    db.session.rollback()
    return [(each.kind, each.author, each.words) for each in db.session.scalars(select(Note).order_by(Note.id))]


def page(found: str) -> str:
    return f"/admin/signatures/{found}"


def note(team: FlaskClient, found: str, words: str = "Known from the fair.") -> int:
    return people.post(team, f"{page(found)}/notes", page(found), note=words).status_code


def ask(team: FlaskClient, found: str, words: str = QUESTION) -> int:
    return people.post(team, f"{page(found)}/questions", page(found), question=words).status_code


def test_a_note_is_kept_with_its_author_and_counted_in_the_queue(sqlite_client: FlaskClient) -> None:
    found, team = people.held_union(sqlite_client), people.browser(people.member())
    assert note(team, found) == 303
    assert notes() == [("note", "moderator@team.example.org", "Known from the fair.")]
    assert "Known from the fair." in team.get(page(found)).text
    assert "1 note" in team.get("/admin/").text
    assert "fair" not in " ".join(str(entry.details) + entry.reason for entry in audit.of("signature", found))


def test_a_note_that_cannot_be_kept_is_said_beside_its_field(sqlite_client: FlaskClient) -> None:
    found, team = people.held_union(sqlite_client), people.browser(people.member())
    for words in ("", " \n ", "x" * 2001, "a\x00b", "a\u202eb"):
        answer = people.post(team, f"{page(found)}/notes", page(found), note=words)
        assert answer.status_code == 422
        assert 'id="note-fault"' in answer.text
    assert notes() == []


def test_notes_are_for_moderators(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    note(people.browser(people.member()), found)
    assert "Known from the fair." not in people.browser(people.member("viewer")).get(page(found)).text


def test_withdrawing_deletes_all_that_was_said_of_a_signature(client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(client, **factories.UNION)
    found, team = people.signature(), people.browser(people.member())
    note(team, found.public_id)
    ask(team, found.public_id)
    with transaction() as session:
        session.add(Report(signature_id=found.id, reason_class="fake", words="Not one of us.", at=factories.now()))
        session.add(Takeover(
            signature_id=found.id, name="Second", email="second@example.org", address_fingerprint="f" * 64, language="en",
            asked_at=factories.now(),
        ))  # fmt: skip
        session.get_one(Signature, found.id).reports = 1
    client.post(f"/signature/{token}", data={"action": "withdraw"})
    assert people.signature().reports == 0
    for model in (Note, Report, Takeover):
        assert db.session.scalar(select(model)) is None


def test_a_question_is_mailed_and_its_answer_comes_back(client: FlaskClient) -> None:
    found, team = people.held_union(client), people.browser(people.member())
    assert ask(team, found) == 303
    (mail,) = factories.mails("question")
    assert (mail.recipient, (mail.values or {})["question"]) == ("rita@bakers.example.org", QUESTION)
    assert "Asked, no answer yet" in team.get("/admin/").text
    link = f"/signature/{factories.last_token('question')}"
    assert QUESTION in client.get(link).text
    answer = client.post(link, data={"action": "answer", "answer": "See the board's page.\r\nThird line."})
    assert answer.headers["Location"].endswith("done=answered")
    assert notes()[-1] == ("answer", "", "See the board's page.\nThird line.")
    assert "<strong>Answered</strong>" in team.get("/admin/").text
    shown = team.get(page(found)).text
    assert "See the board&#39;s page." in shown
    assert "rita@bakers.example.org" not in shown
    assert 'name="answer"' not in client.get(link).text
    assert client.post(link, data={"action": "answer", "answer": "Again"}).status_code == 409


def test_a_question_has_ten_to_a_thousand_characters(sqlite_client: FlaskClient) -> None:
    found, team = people.held_union(sqlite_client), people.browser(people.member())
    for words in ("Why not?", "x" * 1001, "", "Which\x00 page names you?"):
        assert ask(team, found, words) == 422, words
    assert factories.mails("question") == []
    assert ask(team, found, "Why not, eh?") == 303


def test_an_answer_that_cannot_be_kept_is_said_beside_its_field(sqlite_client: FlaskClient) -> None:
    ask(people.browser(people.member()), people.held_union(sqlite_client))
    for words in ("", "x" * 2001, "a\x00b"):
        answer = sqlite_client.post(f"/signature/{factories.last_token('question')}", data={"action": "answer", "answer": words})
        assert answer.status_code == 422
        assert 'id="answer-fault"' in answer.text
        assert 'value="Sample Union of Bakers"' in answer.text, "the other form still shows what stands"
    assert len(notes()) == 1


def test_nobody_answers_what_was_not_asked(sqlite_client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(sqlite_client, **factories.UNION)
    assert sqlite_client.post(f"/signature/{token}", data={"action": "answer", "answer": "Hello"}).status_code == 409
    asked = factories.ask(sqlite_client, **factories.ANA)
    assert sqlite_client.post(f"/signature/{asked}", data={"action": "answer", "answer": "Hello"}).status_code == 404


def test_an_answer_after_the_decision_is_too_late(sqlite_client: FlaskClient) -> None:
    found, team = people.held_union(sqlite_client), people.browser(people.member())
    ask(team, found)
    people.decision(team, found, "reject", template="fake")
    link = f"/signature/{factories.last_token('question')}"
    assert sqlite_client.post(link, data={"action": "answer", "answer": "See the page."}).status_code == 409
    assert QUESTION not in sqlite_client.get(link).text


def test_a_signatory_is_asked_three_times_at_most(sqlite_client: FlaskClient) -> None:
    found, team = people.held_union(sqlite_client), people.browser(people.member())
    assert [ask(team, found) for _ in range(4)] == [303, 303, 303, 409]
    assert len(factories.mails("question")) == 3
    assert "has been asked often enough" in team.get(page(found)).text


def test_questions_spend_nothing_of_the_verification_caps(sqlite_client: FlaskClient) -> None:
    found, team = people.held_union(sqlite_client), people.browser(people.member())
    for _ in range(3):
        ask(team, found)
    factories.ask(sqlite_client, **(factories.UNION | {"comment": "Another comment"}))
    assert len(factories.mails("verify")) == 2


def test_without_an_address_the_page_says_why_nobody_can_be_asked(sqlite_client: FlaskClient) -> None:
    factories.letter(more="review: all\n")
    token = factories.sign(sqlite_client, **factories.ANA)
    found = people.signature().public_id
    link = sqlite_client.get(f"/signature/{token}").text
    assert "The decision is mailed to you." in link
    assert "30 days at most" in link
    retention.purge(factories.now() + timedelta(days=31))
    shown = people.browser(people.member()).get(page(found)).text
    assert "no address of theirs is kept" in shown
    assert 'name="question"' not in shown
    link = sqlite_client.get(f"/signature/{token}").text
    assert "come back to this link to see the decision" in link
    assert "mailed to you" not in link


def test_a_published_signatory_is_not_asked(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA, updates="1")
    team = people.browser(people.member())
    assert ask(team, people.signature().public_id) == 409


def test_the_question_is_in_the_signatorys_language(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.load(factories.ARMENIAN)
    sqlite_client.post("/hy" + factories.SIGN, data=factories.UNION)
    sqlite_client.post(f"/signature/{factories.last_token()}", data={"action": "confirm"})
    ask(people.browser(people.member()), people.signature().public_id)
    assert [mail.language for mail in factories.mails("question")] == ["hy"]


def test_notes_go_with_the_names_when_the_letters_term_is_over(sqlite_client: FlaskClient) -> None:
    found = people.held_union(sqlite_client)
    note(people.browser(people.member()), found)
    retention.purge(factories.now())
    assert len(notes()) == 1
    retention.purge(factories.now().replace(year=2034, month=6, day=1))
    assert notes() == []


def test_nobody_notes_anything_about_what_was_withdrawn(sqlite_client: FlaskClient) -> None:
    factories.letter()
    factories.sign(sqlite_client, **factories.UNION)
    found, team = people.signature(), people.browser(people.member())
    with transaction() as session:
        transitions.move(session, session.get_one(Signature, found.id), "withdrawn", actor=audit.SIGNATORY, now=factories.now())
    assert people.post(team, f"{page(found.public_id)}/notes", "/admin/", note="Too late.").status_code in (400, 409)
    assert notes() == []
