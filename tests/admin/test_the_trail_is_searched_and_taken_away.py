"""The trail is filtered by who, what, letter and day, and owners take their teams' part away with its seals."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from petition import audit
from petition.audit import COMMAND_LINE, SIGNATORY, Actor
from petition.db import transaction
from petition.templating import day
from tests import factories
from tests.admin import people

MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
BEN = Actor("member", "ben@team.example.org", 99)


@pytest.fixture
def owner(client: FlaskClient) -> FlaskClient:
    """An owner's browser, and a few entries on record: by Ben in May, by the command line in June, and of another team."""
    found = factories.letter()
    other = factories.letter("another-letter", team_name="Another team")
    with transaction() as session:
        for number, (actor, action, at, team, slug) in enumerate((
            (BEN, "signature.rejected", MAY, found.team_id, found.slug),
            (COMMAND_LINE, "letter.status", MAY + timedelta(days=30), found.team_id, found.slug),
            (BEN, "signature.published", MAY, other.team_id, other.slug),
        )):  # fmt: skip
            audit.record(
                session, at=at, actor=actor, action=action, thing=("signature", f"thing-{number}"), team_id=team,
                reason=f"=reason {number}", letter=slug,
            )  # fmt: skip
    return people.browser(people.member("owner"))


def reasons(page: str) -> list[int]:
    return [number for number in range(3) if f"=reason {number}" in page]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1]),
        ("who=BEN@team", [0]),
        ("who=command", [1]),
        ("who=%25", []),
        ("action=signature.", [0]),
        ("action=letter", [1]),
        ("letter=open-the-road", [0, 1]),
        ("from=2026-05-04&to=2026-05-04", [0]),
        ("from=2026-05-05", [1]),
        ("to=2026-05-03", []),
        ("who=ben&action=letter", []),
    ],
)
def test_entries_are_found(owner: FlaskClient, query: str, expected: list[int]) -> None:
    answer = owner.get(f"/admin/audit?{query}")
    assert answer.status_code == 200
    assert reasons(answer.text) == expected


def test_what_is_no_day_is_said_so_and_another_teams_letter_is_not_there(owner: FlaskClient) -> None:
    assert owner.get("/admin/audit?from=yesterday").status_code == 422
    assert owner.get("/admin/audit?letter=another-letter").status_code == 404
    assert owner.get("/admin/audit/export?format=pdf").status_code == 422


def test_the_filter_is_kept_from_page_to_page_and_for_the_export(owner: FlaskClient) -> None:
    with transaction() as session:
        for number in range(audit.PAGE):
            audit.record(session, at=MAY, actor=BEN, action="letter.status", thing=("letter", number), team_id=1)
    page = owner.get("/admin/audit?who=ben&action=letter")
    assert "who=ben&amp;action=letter" in page.text.split("Earlier entries")[0].rpartition("<a ")[2]
    assert "export?format=csv&amp;who=ben&amp;action=letter" in page.text


def test_csv_holds_the_teams_entries_and_no_formula(owner: FlaskClient) -> None:
    audit.seal(datetime.now(UTC) + timedelta(minutes=2))
    answer = owner.get("/admin/audit/export?format=csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    said = {row["reason"] for row in rows}
    assert {"'=reason 0", "'=reason 1"} <= said
    assert not any("reason 2" in each for each in said)
    *settled, last = rows
    assert all(len(row["digest"]) == 64 and row["seal"].isdecimal() for row in settled)
    assert (last["action"], last["seal"], last["digest"]) == ("trail.exported", "", ""), "this export, not yet sealed"
    assert people.recorded("trail.exported")[0].object_id == "csv"


def test_every_line_of_ndjson_proves_itself(owner: FlaskClient) -> None:
    audit.seal(datetime.now(UTC) + timedelta(minutes=2))
    lines = [json.loads(line) for line in owner.get("/admin/audit/export?format=ndjson").text.splitlines()]
    assert reasons(json.dumps(lines)) == [0, 1]
    assert [line["seal"] is None for line in lines] == [False] * (len(lines) - 1) + [True], "this export itself"
    for line in lines[:-1]:
        words = json.dumps(line["entry"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256((line["previous"] + words).encode()).hexdigest() == line["digest"]


def test_an_export_is_filtered_as_the_page_is(owner: FlaskClient) -> None:
    assert reasons(owner.get(f"/admin/audit/export?format=ndjson&who={quote('ben@')}").text) == [0]


def test_an_owner_takes_away_only_what_is_their_own(owner: FlaskClient) -> None:
    guest = people.member("viewer", "guest@example.org")
    people.member("owner", guest.email, team="Another team")
    browser = people.browser(guest)
    assert reasons(browser.get("/admin/audit").text) == [0, 1, 2]
    assert reasons(browser.get("/admin/audit/export?format=ndjson").text) == [2]


def test_of_a_signing_the_page_shows_the_day(owner: FlaskClient) -> None:
    with transaction() as session:
        audit.record(session, at=MAY, actor=SIGNATORY, action="signature.withdrawn", thing=("signature", "x"), team_id=1)
    page = owner.get("/admin/audit?who=signatory").text
    assert f"<bdi>{day(MAY)}</bdi>" in page
    assert "9:00" not in page
