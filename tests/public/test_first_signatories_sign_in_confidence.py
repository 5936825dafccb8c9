"""First signatories sign behind a draft's secret link; until publication nothing tells of the letter, of them, or how many."""

from __future__ import annotations

import functools
import io
import re

import pytest
from flask.testing import FlaskClient

from petition import moderation
from petition.audit import COMMAND_LINE
from petition.db import transaction
from petition.errors import Conflict, EntryStands
from petition.letters import drafts, publishing
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.outbox.models import OutboxMail
from petition.outbox.rendering import render
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people
from tests.factories import ANA, UNION, config, count, mails, now


@pytest.fixture
def gathered(client: FlaskClient) -> Letter:
    """A draft whose first signatories may sign."""
    found = factories.letter(status="draft")
    publishing.gather(found, actor=COMMAND_LINE, now=now())
    return found


def link(found: Letter) -> str:
    """The path of the secret link."""
    return f"/preview/{found.preview_token}"


def sign(client: FlaskClient, found: Letter, **fields: str) -> str:
    """Sign behind the secret link, confirm, and return the link's token."""
    answer = client.post(f"{link(found)}/sign", data=fields)
    assert (answer.status_code, answer.location) == (303, f"{link(found)}/check-your-inbox")
    token = factories.last_token()
    assert client.post(f"/signature/{token}", data={"action": "confirm"}).status_code == 303
    return token


def test_whoever_has_the_link_signs_and_manages_the_signature(client: FlaskClient, gathered: Letter) -> None:
    page = client.get(link(gathered)).text
    assert "You sign in confidence" in page
    assert f'action="{link(gathered)}/sign"' in page
    assert client.get(f"{link(gathered)}/check-your-inbox").headers["Cache-Control"] == "no-store"
    token = sign(client, gathered, **ANA)
    mine = client.get(f"/signature/{token}").text
    assert "Confirmed and counted" in mine
    assert "You sign in confidence" in mine
    assert f'href="{link(gathered)}"' in mine
    assert client.post(f"/signature/{token}", data={"action": "withdraw"}).status_code == 303
    assert client.post(f"{link(gathered)}/find", data={"email": ANA["email"]}).status_code == 200
    assert mails("find")


def test_until_publication_nothing_tells_of_it(client: FlaskClient, gathered: Letter) -> None:
    token = sign(client, gathered, **ANA)
    sign(client, gathered, **UNION)
    for path in ("", "/sign", "/signatories", "/integrity", "/versions", "/find", "/check-your-inbox", "/challenge"):
        assert client.get(f"/letters/open-the-road{path}").status_code == 404
    assert client.post(factories.SIGN, data=ANA).status_code == 404
    for path in ("/api/v1/letters/open-the-road", "/api/v1/letters/open-the-road/count", "/api/v1/letters/open-the-road/signatories"):
        assert client.get(path).status_code == 404
    assert client.get("/api/v1/letters").json["letters"] == []
    assert "Open the road" not in client.get("/").text
    seen = [client.get(path).text for path in (link(gathered), f"{link(gathered)}/sign", f"/signature/{token}", f"{link(gathered)}/find")]
    for page in seen:
        assert "open-the-road" not in page, "its future address is not given away"
        assert "Bakers" not in page, "nor who else signed"
        assert not re.search(r"<strong>\d|<dl class=\"count\"|<progress", page), "nor how many"


def test_the_mail_leads_to_the_secret_link_and_not_to_the_future_address(client: FlaskClient, gathered: Letter) -> None:
    client.post(f"{link(gathered)}/sign", data=ANA)
    (mail,) = mails()
    mail = factories.db.session.get_one(OutboxMail, mail.id)
    text = io.BytesIO(render(mail, config()).as_bytes()).read().decode()
    assert link(gathered) in text
    assert "open-the-road" not in text


def test_at_publication_the_first_signatories_are_there(client: FlaskClient, gathered: Letter) -> None:
    token = sign(client, gathered, **ANA)
    late = client.post(f"{link(gathered)}/sign", data=ANA | {"name": "Bo Sample", "email": "bo@example.org"})
    assert late.status_code == 303
    pending = factories.last_token()
    letters.set_status(gathered, "open", actor=COMMAND_LINE, now=now())
    assert not gathered.gathering
    assert count(client)["people"] == 1
    assert "Ana Sample" in client.get("/letters/open-the-road").text
    assert 'href="/letters/open-the-road"' in client.get(f"/signature/{token}").text
    assert client.post(f"/signature/{pending}", data={"action": "confirm"}).status_code == 303
    assert count(client)["people"] == 2
    # A page that was opened before still takes what was typed into it.
    answer = client.post(f"{link(gathered)}/sign", data=ANA | {"name": "Cy Sample", "email": "cy@example.org"})
    assert answer.location == "/letters/open-the-road/check-your-inbox"


def test_a_draft_that_is_not_gathered_takes_no_signature(client: FlaskClient, gathered: Letter) -> None:
    client.post(f"{link(gathered)}/sign", data=ANA)
    pending = factories.last_token()
    publishing.stop_gathering(gathered, actor=COMMAND_LINE, now=now())
    assert 'name="email"' not in client.get(link(gathered)).text
    answer = client.post(f"{link(gathered)}/sign", data=ANA)
    assert answer.status_code == 409
    assert 'value="Ana Sample"' in answer.text, "what was typed is kept"
    assert client.post(f"/signature/{pending}", data={"action": "confirm"}).status_code == 409
    assert client.get(f"/signature/{pending}").status_code == 200


def test_ending_the_link_ends_the_gathering_and_leaves_signatures_to_their_holders(client: FlaskClient, gathered: Letter) -> None:
    token = sign(client, gathered, **ANA)
    ended = link(gathered)
    drafts.unshare(gathered, actor=COMMAND_LINE, now=now())
    assert not gathered.gathering
    assert client.get(ended).status_code == 404
    assert client.post(f"{ended}/sign", data=ANA).status_code == 404
    assert "Ana Sample" in client.get(f"/signature/{token}").text


def test_the_words_that_were_signed_are_followed_by_a_version(client: FlaskClient, gathered: Letter) -> None:
    sign(client, gathered, **ANA)
    with transaction():
        factories.load(factories.ORIGINAL.format(slug="open-the-road", body="Other words.", more=""))
    assert gathered.version.label == "2"


def said(client: FlaskClient, token: str) -> str:
    """What a signatory's page says of the state of the signature."""
    page = client.get(f"/signature/{token}").text
    return re.sub(r"[0-9a-f]{4}( [0-9a-f]{4}){3}|" + token, "", page)


def test_nobody_learns_from_a_name_that_its_organisation_has_signed(client: FlaskClient, gathered: Letter) -> None:
    sign(client, gathered, **UNION)
    other = UNION | {"email": "olga@elsewhere.example.org", "website": "https://elsewhere.example.org"}
    again = sign(client, gathered, **other)
    fresh = sign(client, gathered, **other | {"organisation": "Sample Guild", "email": "gil@third.example.org"})
    assert said(client, again).replace("Sample Union of Bakers", "Sample Guild") == said(client, fresh)
    for name in ("Sample Union of Bakers", "Sample Lace Makers"):
        answer = client.post(f"/signature/{fresh}", data={"action": "change", "organisation": name})
        assert (answer.status_code, answer.location.rpartition("=")[2]) == (303, "changed")


def test_the_team_decides_between_two_entries_of_one_organisation(client: FlaskClient, gathered: Letter) -> None:
    sign(client, gathered, **UNION)
    sign(client, gathered, **UNION | {"email": "olga@elsewhere.example.org", "website": "https://elsewhere.example.org"})
    first, second = (each.public_id for each in factories.db.session.query(Signature).order_by(Signature.id))
    decide = functools.partial(moderation.decide, people.member(), now=now(), config=config())
    decide(first, "approve")
    with pytest.raises(EntryStands):
        decide(second, "approve")
    decide(first, "reject", reason="Not theirs.")
    decide(second, "approve")


def test_no_public_record_is_asked_for(client: FlaskClient, gathered: Letter) -> None:
    token = sign(client, gathered, **UNION)
    assert "open-letter-verification" not in client.get(f"/signature/{token}").text
    letters.set_status(gathered, "open", actor=COMMAND_LINE, now=now())
    assert "open-letter-verification" in client.get(f"/signature/{token}").text


def test_what_was_reworded_before_anybody_signed_is_published_nowhere(client: FlaskClient) -> None:
    found = factories.letter(status="draft", body="A secret friend told us.")
    before = letters.text_shown(found, "en").fingerprint
    factories.load(factories.ORIGINAL.format(slug="open-the-road", body="We were told.", more=""))
    letters.set_status(found, "open", actor=COMMAND_LINE, now=now())
    assert client.get(f"/letters/open-the-road/text/{before}.txt").status_code == 404
    for path in ("", "/integrity", "/versions"):
        page = client.get(f"/letters/open-the-road{path}").text
        assert before[:16] not in page
        assert "secret friend" not in page


@pytest.mark.parametrize("status", ["closed", "paused"])
def test_a_draft_does_not_become_public_by_being_closed_or_paused(client: FlaskClient, gathered: Letter, status: str) -> None:
    sign(client, gathered, **ANA)
    with pytest.raises(Conflict):
        letters.set_status(gathered, status, actor=COMMAND_LINE, now=now())
    assert client.get("/letters/open-the-road").status_code == 404


def test_a_letter_that_never_closes_can_be_read_and_signed(client: FlaskClient) -> None:
    factories.letter(more="closes: 9999-12-31\n")
    assert client.get("/letters/open-the-road").status_code == 200
    factories.sign(client, **ANA)
    assert count(client)["people"] == 1
