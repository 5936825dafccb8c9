"""An organisation that was imported and then confirms here is counted once: its own mailbox at once, another when the team publishes it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition import moderation
from petition.audit import COMMAND_LINE
from petition.db import db, transaction
from petition.errors import EntryStands
from petition.imports import batches
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from petition.signatures import directory, ledger, transitions
from petition.signatures.models import Signature
from tests import factories
from tests.admin import people
from tests.importing import HEAD, bring, rows, work
from tests.waves import again as done
from tests.waves import faults, sweep

UNION = factories.UNION
LISTED = HEAD + f",{UNION['organisation'].upper()},organisation,,,,,\n"


def imported(more: str = "") -> Letter:
    """The union's entry from a file, published by the team."""
    letter = factories.letter(more=more)
    bring(letter, LISTED)
    with transaction() as session:
        transitions.move(session, rows()[0], "published", actor=COMMAND_LINE, now=factories.now(), why="approve")
    return letter


def counted(letter: Letter) -> tuple[int, int, int, int]:
    """Verified, imported, held and withdrawn ones."""
    db.session.rollback()
    found = directory.counts(letters.find(letter.slug))
    return found.total, found.imported, found.held, found.withdrawn


def approve(public_id: str, decision: str = "approve") -> Signature:
    return moderation.decide(people.member(), public_id, decision, config=factories.config(), now=factories.now())


def leave(client: FlaskClient, token: str) -> None:
    client.post(f"/signature/{token}", data={"action": "withdraw"})


def test_the_entry_that_the_team_publishes_takes_the_imported_ones_place(app: Flask) -> None:
    letter, client = imported(), app.test_client()
    assert counted(letter) == (0, 1, 0, 0)
    token = factories.sign(client, **UNION)
    assert counted(letter) == (0, 1, 1, 0), "whoever types an organisation's name does not make its entry go"
    factories.sign(client, **{**UNION, "name": "R. Representative"})
    _, own = rows()
    assert own.flag_codes.count("|imported_entry|") == 1 and own.organisation_key is None, "and waits once"
    client.post(
        f"/signature/{token}", data={"action": "change", "website": "https://new.bakers.example.org", "organisation": UNION["organisation"]}
    )
    assert (rows()[1].website, rows()[1].organisation_key) == ("https://new.bakers.example.org", None)
    approve(own.public_id)
    assert counted(letter) == (1, 0, 0, 1)
    gone, own = rows()
    assert (gone.state, gone.organisation, own.state, own.origin) == ("withdrawn", "", "published", "online")
    reasons = {each.reason for each in ledger.corrections(letter)}
    assert reasons == {"the signatory confirmed it here and is counted from now on"}
    assert people.recorded("signature.withdrawn")[0].details["why"] == "signed here"
    assert faults(factories.now()) == []
    leave(client, token)
    assert counted(letter) == (0, 0, 0, 2), "the imported one does not come back"
    bring(letter, LISTED + "Piet Pencil,,,,,,,\n")
    assert (len(rows()), counted(letter)) == (3, (0, 1, 0, 2)), "nor does the file bring it back"
    assert faults(factories.now()) == []


def test_an_entry_that_was_not_published_leaves_the_imported_one_alone(sqlite_app: Flask) -> None:
    letter, client = imported(), sqlite_app.test_client()
    leave(client, factories.sign(client, **UNION))
    assert counted(letter) == (0, 1, 0, 1)
    factories.sign(client, **{**UNION, "email": "joker@example.com"})
    joker = rows()[-1]
    moderation.decide(
        people.member(), joker.public_id, "reject", "Not theirs.", reason_class="fake", config=factories.config(), now=factories.now()
    )
    assert counted(letter) == (0, 1, 0, 1)
    approve(joker.public_id, "restore")
    again = factories.sign(client, **UNION)
    who, both = people.member(), Criteria(kind="organisation", states=("held",))
    found = bulk.prepare(who, letter, both, "approve", now=factories.now())
    bulk.confirm(who, found.public_id, seen=2, now=factories.now())
    sweep(factories.now)
    assert (done(found).state, found.done, found.skipped) == ("done", 0, 2)
    assert counted(letter) == (0, 1, 2, 1), "many at once displace nobody"
    approve(rows()[-1].public_id)
    assert counted(letter) == (1, 0, 1, 2) and again
    with pytest.raises(EntryStands):
        approve(joker.public_id)
    assert faults(factories.now()) == []


def test_an_organisations_own_mailbox_takes_over_at_once(app: Flask) -> None:
    letter, client = factories.letter(), app.test_client()
    batch = bring(letter, HEAD + f",{UNION['organisation']},organisation,,{UNION['email']},,,\n")
    token = factories.sign(client, **UNION)
    first, own = rows()
    assert (first.state, own.state, own.origin) == ("withdrawn", "held", "online") and own.organisation_key
    assert "imported_entry" not in own.flag_codes
    approve(own.public_id)
    batches.start_back(batch.public_id, COMMAND_LINE, factories.now())
    work()
    assert counted(letter) == (1, 0, 0, 1), "taking the import back takes nothing from those who confirmed"
    leave(client, token)
    assert counted(letter) == (0, 0, 0, 2)
    assert faults(factories.now()) == []


def test_a_draft_tells_nobody_and_lets_the_imported_entry_give_way_too(sqlite_app: Flask) -> None:
    letter, client = imported(more="risk: protected\n"), sqlite_app.test_client()
    factories.sign(client, **UNION)
    own = rows()[-1]
    assert "|contested|" in own.flag_codes and counted(letter) == (0, 1, 1, 0)
    approve(own.public_id)
    assert counted(letter) == (1, 0, 0, 1)
    assert faults(factories.now()) == []
