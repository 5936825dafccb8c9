"""Whoever was published without a name, or with initials, is unmasked by no decision, search, note or export."""

from __future__ import annotations

import contextlib
import io
import itertools
import zipfile

import pytest
from flask.testing import FlaskClient

from petition import moderation
from petition.letters import operations as letters
from petition.moderation import bulk
from petition.moderation.criteria import Criteria
from petition.signatures import discretion
from petition.signatures.models import KINDS, VISIBILITIES, Signature
from tests import factories
from tests.admin import people

SECRETS = ("Ana Sample", "Sample University", "A comment of mine")


def hidden(client: FlaskClient, visibility: str) -> str:
    """Ana, published as she chose, her name kept for the addressees."""
    factories.letter()
    factories.sign(
        client, **factories.ANA, visibility=visibility, deliver="1", organisation="Sample University", comment="A comment of mine"
    )  # fmt: skip
    assert people.signature().name == "Ana Sample"
    return people.signature().public_id


def everything(role: str, found: str) -> str:
    """All that a member of this role can read about Ana."""
    browser = people.browser(people.member(role))
    pages = (
        f"/admin/signatures/{found}", "/admin/", "/admin/letters/open-the-road/signatures",
        "/admin/letters/open-the-road/export.csv?state=published&state=held&state=rejected",
    )  # fmt: skip
    return "".join(browser.get(page).text for page in pages)


def search(role: str) -> int:
    letter = letters.find("open-the-road")
    return len(moderation.search(people.member(role), letter, "Ana"))


@pytest.mark.parametrize(("visibility", "most"), [("counted", "owner"), ("initials", "editor")])
def test_no_decision_unmasks_anybody(client: FlaskClient, visibility: str, most: str) -> None:
    found = hidden(client, visibility)
    team = people.browser(people.member())
    for choice in ("", "hold", "reject"):
        assert not choice or people.decision(team, found, choice, template="other").status_code == 303
        text = everything(most, found)
        assert [secret for secret in SECRETS if secret in text] == [], choice
        assert search(most) == 0, choice


def test_viewers_learn_no_more_than_others(sqlite_client: FlaskClient) -> None:
    found = hidden(sqlite_client, "initials")
    people.decision(people.browser(people.member()), found, "hold")
    text = everything("viewer", found)
    assert [secret for secret in SECRETS if secret in text] == []


def test_an_owner_sees_who_goes_by_initials(sqlite_client: FlaskClient) -> None:
    found = hidden(sqlite_client, "initials")
    people.decision(people.browser(people.member()), found, "hold")
    assert "Ana Sample" in people.browser(people.member("owner")).get(f"/admin/signatures/{found}").text
    assert search("owner") == 1


def test_who_waits_for_the_first_time_is_shown_to_be_decided_about(sqlite_client: FlaskClient) -> None:
    factories.letter(more="review: all\n")
    factories.sign(sqlite_client, **factories.ANA, visibility="counted")
    assert "Ana Sample" in people.browser(people.member()).get("/admin/").text


def test_the_page_of_somebody_hidden_says_so_and_shows_the_flags(sqlite_client: FlaskClient) -> None:
    factories.letter()
    token = factories.sign(sqlite_client, **factories.ANA, visibility="initials")
    sqlite_client.post(f"/signature/{token}", data={"action": "change", "comment": "Buy at www.example.com"})
    shown = people.browser(people.member()).get("/admin/").text
    assert "the name stays hidden from you" in shown
    assert "There is a web address where none belongs." in shown
    assert "www.example.com" not in shown


def test_notes_about_somebody_hidden_are_not_shown(sqlite_client: FlaskClient) -> None:
    factories.letter(more="review: all\n")
    factories.sign(sqlite_client, **factories.ANA, visibility="initials")
    found, team = people.signature().public_id, people.browser(people.member())
    people.post(team, f"/admin/signatures/{found}/notes", f"/admin/signatures/{found}", note="Ana Sample rang us.")
    people.decision(team, found, "approve")
    assert "rang us" not in team.get(f"/admin/signatures/{found}").text


def taken_away(browser: FlaskClient) -> str:
    """All that a member can take away of the list, in every format that has names."""
    desk, files = "/admin/letters/open-the-road/exports", ""
    for format_ in ("csv", "json", "ndjson", "xlsx"):
        answer = people.post(browser, desk, desk, format=format_, state=["published", "held", "rejected"])
        with zipfile.ZipFile(io.BytesIO(answer.data)) if format_ == "xlsx" else contextlib.nullcontext() as archive:
            files += archive.read("xl/worksheets/sheet1.xml").decode() if archive else answer.text
    return files


def test_a_protected_letter_names_its_signatories_to_owners_only(sqlite_client: FlaskClient) -> None:
    factories.letter(more="risk: protected\nreview: all\n")
    factories.sign(sqlite_client, **factories.ANA, visibility="public", organisation="Sample University", comment="A comment of mine")
    ana, team, letter = people.signature().public_id, people.browser(people.member()), letters.find("open-the-road")
    assert "Ana Sample" in team.get("/admin/").text and search("moderator") == 1  # whom it decides about
    secrets = (*SECRETS, "Sample Union of Bakers", "bakers.example.org")
    for role in ("viewer", "moderator", "editor"):  # nobody leaves with a name, not even of who waits
        assert [each for each in secrets if each in taken_away(people.browser(people.member(role)))] == [], role
    factories.sign(sqlite_client, **factories.UNION)
    union = people.signature().public_id
    for each in (ana, union):
        assert people.decision(team, each, "approve").status_code == 303
    for role in ("viewer", "moderator", "editor"):
        browser = people.browser(people.member(role))
        assert [each for each in secrets if each in taken_away(browser)] == [], role
        assert [each for each in SECRETS if each in everything(role, ana)] == [], role
        assert search(role) == 0 and not moderation.candidates(people.member(role), letter, "Ana"), role
        assert ("Sample Union of Bakers" in browser.get(f"/admin/signatures/{union}").text) is (role != "viewer")
    assert "Bakers" not in everything("viewer", union)
    assert bulk.preview(people.member(), letter, Criteria(name="*ana*")).counts == {}
    owner = people.browser(people.member("owner"))
    assert all(each in taken_away(owner) for each in secrets)
    assert people.recorded("letter.exported")[-1].details["names"] is True
    assert "Ana Sample" in everything("owner", ana) and search("owner") == 1
    with owner.session_transaction("/admin/") as session:
        session["fs_paa"] = 0
    desk = "/admin/letters/open-the-road/exports"
    assert people.post(owner, desk, desk, format="csv").status_code == 403  # who must first prove who they are


def test_the_rule_is_one() -> None:
    audiences: tuple[discretion.Audience, ...] = ("export", "viewer", "team", "owner")
    states = (("held", False), ("held", True), ("published", True), ("rejected", True), ("rejected", False))
    risks = (False, True)
    for audience, kind, visibility, (state, appeared), risk in itertools.product(audiences, KINDS, VISIBILITIES, states, risks):
        found = Signature(kind=kind, visibility=visibility, state=state, appeared=appeared)
        veiled = kind == "person" and visibility != "public" and not (audience == "owner" and visibility == "initials")
        veiled |= risk and (audience in ("export", "viewer") or (audience == "team" and kind == "person"))
        expected = veiled and (appeared or audience == "export")
        assert discretion.hides(found, audience, risk) is expected, (audience, kind, visibility, state, appeared, risk)
