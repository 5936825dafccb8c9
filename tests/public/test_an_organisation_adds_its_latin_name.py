"""An organisation may add its name in Latin letters: shown small, found, handed over, and gone with the entry."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from petition import exports, moderation
from petition.audit import AuditEntry
from petition.db import db
from petition.exports import documents
from petition.letters import operations as letters
from petition.signatures.models import Signature, SigningRequest
from tests import factories
from tests.admin import people
from tests.checks import check_page

HYE = factories.UNION | {"organisation": "Օրինակելի հացթուխներ", "latin_name": "Orinakeli Hatstukhner"}
NAMES = "/letters/open-the-road/signatories"


@pytest.fixture
def client(sqlite_app: Flask) -> FlaskClient:
    """A browser; the letter is open."""
    factories.letter()
    return sqlite_app.test_client()


def entry() -> Signature:
    db.session.rollback()
    return db.session.scalars(select(Signature).order_by(Signature.id.desc()).limit(1)).one()


def approve() -> None:
    moderation.decide(people.member("moderator"), entry().public_id, "approve", config=factories.config(), now=factories.now())


def exported(**more: object) -> str:
    found = letters.find("open-the-road")
    made = exports.write(found, "csv", exports.choose(found), owner=True, **more)  # type: ignore[arg-type]
    return b"".join(made).decode("utf-8-sig")


def test_the_name_is_shown_found_and_handed_over_until_the_entry_is_gone(client: FlaskClient) -> None:
    token = factories.sign(client, **HYE)
    assert HYE["latin_name"] not in client.get(NAMES).text, "it waits for the team"
    approve()
    page = client.get(NAMES)
    check_page(page)
    assert f'<small><bdi lang="und-Latn">{HYE["latin_name"]}</bdi></small>' in page.text
    assert HYE["organisation"] in client.get(f"{NAMES}?q=hatstukhner").text
    columns = ("id", "organisation", "latin_name")
    assert exported(columns=columns).splitlines()[1].endswith(f'{HYE["organisation"]},{HYE["latin_name"]}')
    assert "latin_name" not in exported().splitlines()[0], "the usual columns are promised in their order"
    named = documents.named(letters.find("open-the-road"), entry(), "en", factories.config())
    assert named is not None
    assert named.detail.startswith(HYE["latin_name"])
    client.post(f"/signature/{token}", data={"action": "withdraw"})
    assert entry().latin_name == ""
    assert HYE["latin_name"] not in client.get(NAMES).text + exported(columns=columns)


@pytest.mark.parametrize("typed", ["Организация", "Orinakeli Հաց", "Ｕｎｉｏｎ", "123 —", "Union\u0651", "x" * 201, "a\u202eb"])
def test_what_is_not_latin_is_refused_beside_its_field_and_kept(client: FlaskClient, typed: str) -> None:
    answer = client.post(factories.SIGN, data=HYE | {"latin_name": typed})
    check_page(answer)
    assert answer.status_code == 422
    assert '<a href="#latin_name">' in answer.text
    assert f'value="{typed}" aria-invalid="true"' in answer.text.replace(' aria-describedby="latin_name-fault"', "")
    assert '<details class="for-organisation" open>' in answer.text


@pytest.mark.parametrize("typed", ["Société d’Œuvres", "Oʻzbek uyushmasi", "Ðurđica & Şükrü 24/7", "  ", "Việt Nam\u0301"])
def test_latin_letters_of_every_sort_are_taken(client: FlaskClient, typed: str) -> None:
    assert client.post(factories.SIGN, data=HYE | {"latin_name": typed}).status_code == 303


def test_a_person_has_no_such_name(client: FlaskClient) -> None:
    factories.ask(client, **factories.ANA | {"latin_name": "Ана"})
    assert db.session.scalars(select(SigningRequest)).one().latin_name == ""


def test_the_name_is_screened_like_the_other(client: FlaskClient) -> None:
    factories.sign(client, **factories.UNION)
    approve()
    factories.sign(
        client, **HYE | {"latin_name": factories.UNION["organisation"], "email": "a@other.example.org", "website": ""}
    )  # fmt: skip
    assert {"code": "look_alike", "field": "latin_name"}.items() <= next(
        flag for flag in entry().flags if flag["code"] == "look_alike"
    ).items()  # fmt: skip
    factories.sign(
        client, **HYE | {"organisation": "Another", "latin_name": "See www.example.org", "email": "b@third.example.org", "website": ""}
    )  # fmt: skip
    assert ("link", "latin_name") in {(flag["code"], flag["field"]) for flag in entry().flags}


def test_a_change_waits_for_the_team_again_and_only_the_field_is_on_record(client: FlaskClient) -> None:
    token = factories.sign(client, **HYE)
    approve()
    change = {"action": "change", "name": HYE["name"], "organisation": HYE["organisation"], "website": HYE["website"]}
    wrong = client.post(f"/signature/{token}", data=change | {"latin_name": "Хлеб"})
    assert (wrong.status_code, 'value="Хлеб"' in wrong.text) == (422, True)
    assert client.post(f"/signature/{token}", data=change | {"latin_name": "Bakers of Orinak"}).status_code == 303
    assert (entry().state, entry().latin_name) == ("held", "Bakers of Orinak")
    assert "Bakers of Orinak" not in client.get(NAMES).text
    assert "Bakers of Orinak" in client.get(f"/signature/{token}").text
    record = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signature.changed")).one()
    assert record.details["fields"] == "latin_name"
    assert client.post(f"/signature/{token}", data=change | {"latin_name": ""}).status_code == 303
    assert entry().latin_name == ""
