"""Texts are fixed by fingerprints; a change after the first signature is a version or a correction, never silent."""

import hashlib
import re

import pytest
from sqlalchemy import delete, select

from petition.audit import COMMAND_LINE
from petition.db import db
from petition.errors import BadFile, EditedSince
from petition.letters import document, operations
from petition.signatures import directory
from petition.signatures.models import LinkToken, Signature, SigningRequest
from tests.factories import ANA, ARMENIAN, ORIGINAL, SIGN, count, letter, load, now, sign


def original(body: str = "We write from a closed road.", more: str = "") -> str:
    return ORIGINAL.format(slug="open-the-road", body=body, more=more)


def edit(source: str, correction: bool = False) -> operations.Loaded:
    return operations.edit(document.read(source, "x"), signed=directory.anybody, actor=COMMAND_LINE, now=now(), correction=correction)


def test_loading_the_same_file_twice_changes_nothing(app):
    letter()
    assert load(original()).outcome == "unchanged"
    assert load(ARMENIAN).outcome == "created"
    assert load(ARMENIAN).outcome == "unchanged"


def test_before_the_first_signature_a_change_stays_in_version_one(app):
    letter()
    loaded = load(original("Other words."))
    assert (loaded.outcome, loaded.version) == ("updated", "1")


def test_after_the_first_signature_a_change_is_a_new_version(client):
    letter()
    sign(client, **ANA)
    before = operations.find("open-the-road").version.text("en").fingerprint
    loaded = load(original("Other words."))
    assert (loaded.outcome, loaded.version) == ("new_version", "2")
    signature = db.session.scalars(select(Signature)).one()
    assert (signature.major, signature.text.fingerprint) == (1, before)
    assert "signed an earlier version" in client.get("/letters/open-the-road").text


@pytest.mark.parametrize(("page", "source"), [("", ORIGINAL), ("/hy", ARMENIAN)])
def test_words_that_changed_between_reading_and_signing_are_not_signed(client, page, source):
    letter()
    load(ARMENIAN)
    form = client.get(f"{page}{SIGN}").text
    shown = re.search(r'name="text" value="([0-9a-f]{16})"', form)[1]
    fields = ANA | {"version": "1", "text": shown}
    assert client.post(f"{page}{SIGN}", data=fields | {"email": "first@example.org"}).status_code == 303
    source = original("We demand the opposite.") if source is ORIGINAL else source.replace("Գրում ենք", "Չենք գրում")
    db.session.execute(delete(LinkToken))
    db.session.execute(delete(SigningRequest))  # so that the original still changes under the same version
    db.session.commit()
    assert load(source).version == "1"
    answer = client.post(f"{page}{SIGN}", data=fields)
    assert answer.status_code == 409
    assert "Ana Sample" in answer.text


def test_a_correction_keeps_the_signatures_with_the_text(client):
    letter()
    sign(client, **ANA)
    loaded = load(original("We write from a closed road!"), correction=True)
    assert (loaded.outcome, loaded.version) == ("corrected", "1.1")
    assert directory.counts(operations.find("open-the-road")).earlier == 0


def test_translations_make_no_version(client):
    letter()
    sign(client, **ANA)
    assert load(ARMENIAN).version == "1"
    assert load(ARMENIAN.replace("Գրում ենք", "Մենք գրում ենք")).version == "1"


def test_signing_a_new_version_renews_the_standing_signature(client):
    letter()
    sign(client, **ANA)
    load(original("Other words."))
    sign(client, **ANA | {"name": "Ana Sample"})
    counts = directory.counts(operations.find("open-the-road"))
    assert (counts.people, counts.earlier) == (1, 0)
    assert count(client)["people"] == 1


def test_a_letter_edited_in_the_admin_is_not_overwritten_without_force(app):
    letter()
    edit(original("Edited by hand."))
    with pytest.raises(EditedSince) as refused:
        load(original("From the file."))
    assert "-Edited by hand." in refused.value.difference
    assert "+From the file." in refused.value.difference
    assert load(original("From the file."), force=True).outcome == "updated"


def test_the_file_it_was_loaded_from_does_not_undo_an_edit(app):
    letter()
    edit(original("Edited by hand."))
    with pytest.raises(EditedSince):
        load(original())
    assert operations.find("open-the-road").translation("en").body == "Edited by hand.\n"


def test_the_published_text_has_the_published_fingerprint(client):
    found = letter()
    text = found.version.text("en")
    page = client.get("/letters/open-the-road").text
    assert text.fingerprint in page
    answer = client.get(f"/letters/open-the-road/text/{text.fingerprint}.txt")
    assert answer.mimetype == "text/plain"
    assert hashlib.sha256(answer.data).hexdigest() == text.fingerprint


def test_a_fingerprint_is_the_same_however_the_file_is_typed(app):
    letter()
    before = operations.find("open-the-road").version.text("en").fingerprint
    load(original().replace("\n", "\r\n").replace("senders: [Sample Union]", "senders:\r\n  - Sample Union"))
    assert operations.find("open-the-road").version.text("en").fingerprint == before


def test_a_translation_with_shared_fields_or_lost_demands_is_refused(app):
    letter()
    with pytest.raises(BadFile, match="belongs in the original"):
        load(ARMENIAN.replace("demands:", "goal: 5\ndemands:"))
    with pytest.raises(BadFile, match="has 2 demands, this translation 1"):
        load(ARMENIAN.replace(", Մի՛ փակեք այն։]", "]"))


def test_a_signature_records_the_language_it_was_shown(client):
    letter()
    load(ARMENIAN)
    answer = client.post("/hy/letters/open-the-road/sign", data=ANA)
    assert answer.headers["Location"] == "/hy/letters/open-the-road/check-your-inbox"
    from tests.factories import last_token

    client.post(f"/signature/{last_token()}", data={"action": "confirm"})
    signature = db.session.scalars(select(Signature)).one()
    assert (signature.language, signature.text.language) == ("hy", "hy")
