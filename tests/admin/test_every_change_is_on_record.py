"""Whatever a form of the admin changes is on record, with who did it; a form that is not looked at here fails the test."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from petition import accounts
from petition.audit import AuditEntry
from petition.cli.export import export
from petition.cli.letter import letter
from petition.cli.team import team
from petition.db import db, transaction
from petition.deliveries.models import Delivery, PreparedFile
from petition.imports import batches
from petition.letters import document
from petition.letters import operations as letters
from petition.moderation.models import BulkDecision
from petition.upkeep import retention
from tests import factories, importing
from tests.admin import people, writing
from tests.admin.test_every_role_on_every_route import FORMS, RULE, filled
from tests.sampled import NOW, signed_letter

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(20)


def changed() -> str:
    """The standing letter as a file, with another demand."""
    found = letters.find("open-the-road")
    return document.write(letters.as_document(found, "en")).replace("Keep it open.", "Keep it open for all.")


def standing() -> str:
    return letters.as_document(letters.find("open-the-road"), "en").digest


def checked(client: FlaskClient, names: dict[str, str]) -> str:
    """The held organisation, published and checked by the team."""
    browser = people.browser(people.member("owner"))
    people.decision(browser, names["id"], "approve")
    page = f"/admin/signatures/{names['id']}"
    people.post(browser, f"{page}/verification", page, level="team", evidence="The register.")
    return names["id"]


def reported(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
    entry = checked(client, names)
    client.post(f"/letters/open-the-road/signatories/{entry}/report", data={"reason_class": "fake"})
    return {"choice": "keep", "entry": entry}


def blocked(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
    people.post(people.browser(people.member("moderator")), "/admin/letters/open-the-road/lists", "/admin/", **RULE)
    return {}


def standing_bulk(**values: Any) -> Callable[[FlaskClient, dict[str, str]], dict[str, str]]:
    """The stored bulk decision, at another step, and beside a signature that it is not about."""

    def arranged(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
        factories.sign(client, **factories.ANA)
        with transaction() as session:
            found = session.scalars(select(BulkDecision)).one()
            for name, value in values.items():
                setattr(found, name, value)
        return {"seen": "1"}

    return arranged


def standing_at(status: str, **fields: str) -> Callable[[FlaskClient, dict[str, str]], dict[str, str]]:
    """The letter with another status."""

    def arranged(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
        with transaction():
            letters.find("open-the-road").status = status
        return fields

    return arranged
def shown(address: str, **typed: str) -> dict[str, str]:
    """What a browser sends that typed this into a form and has looked at what would change."""
    browser = people.browser(people.member("editor"))
    return without_token(writing.press(browser, address, "save", address, **typed)) | {"do": "save"}


def without_token(page: TestResponse) -> dict[str, str]:
    return {name: value for name, value in writing.fields(page).items() if name != "csrf_token"}


def written(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
    return shown(writing.EDIT, demands_1="Keep it open for all.")


def settled(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
    return shown("/admin/letters/open-the-road/settings", goal="200")


def loaded(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
    sent = {"name": "open-the-road.en.md", "source": changed()}
    page = people.post(people.browser(people.member("editor")), "/admin/letter-files", "/admin/letter-files", **sent)
    return without_token(page) | sent | {"do": "load"}


def an_import(state: str) -> Callable[[FlaskClient, dict[str, str]], dict[str, str]]:
    """The staged import, or what it brought in already."""

    def arranged(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
        if state == "done":
            batches.confirm(people.member("owner"), names["import"], agreed=True, now=factories.now())
            importing.work()
        return {"agreed": "yes"}

    return arranged


def delivered(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
    """The delivery, its files made."""
    with transaction() as session:
        session.scalars(select(Delivery)).one().state = "made"
        session.scalars(select(PreparedFile)).one().state = "ready"
    return {"delivered_on": factories.now().date().isoformat()}


def one_person(client: FlaskClient, names: dict[str, str]) -> dict[str, str]:
    factories.sign(client, **factories.ANA)
    return {"kind": "person", "decision": "hold"}


# Where what FORMS sends is refused as nonsense, or needs something to act on: what would be taken, once that is there.
VALID: dict[str, Callable[[FlaskClient, dict[str, str]], dict[str, Any]]] = {
    "/admin/letters/open-the-road/edit": written,
    "/admin/letters/open-the-road/edit/en": written,
    "/admin/letters/open-the-road/edit/en/file": lambda *_: {"source": changed(), "standing": standing(), "action": "save"},
    "/admin/letters/open-the-road/settings": settled,
    "/admin/letter-files": loaded,
    "/admin/letters/new": lambda *_: {"title": "Another", "language": "en", "body": "Words.", "team": str(accounts.find_team(1).id)},
    "/admin/team/{team}/logo": lambda *_: {"logo": (io.BytesIO(PICTURE), "logo.png")},
    "/admin/signatures/{id}/questions": lambda *_: {"question": "In which register do we find you?"},
    "/admin/reasons/1": lambda *_: {"words": "Not one of ours.", "reason_class": "fake"},
    "/admin/letters/open-the-road/initial": lambda client, names: {"change": "add", "entry": checked(client, names)},
    "/admin/letters/open-the-road/reported": reported,
    "/admin/letters/open-the-road/holding": lambda *_: {"state": "on"},
    "/admin/lists/1/remove": blocked,
    "/admin/letters/open-the-road/preview": standing_at("draft", action="share"),
    "/admin/letters/open-the-road/gathering": standing_at("draft", action="start"),
    "/admin/letters/open-the-road/schedule": standing_at("draft", at="2099-01-01T09:00"),
    "/admin/letters/open-the-road/archive": standing_at("closed", action="away"),
    "/admin/letters/open-the-road/bulk/new": one_person,
    "/admin/letters/open-the-road/imports": lambda *_: {"file": (io.BytesIO(b"name\nPia Pencil\n"), "list.csv")},
    "/admin/imports/{import}/confirm": an_import("staged"),
    "/admin/imports/{import}/take-back": an_import("done"),
    "/admin/webhooks": lambda *_: {
        "team": str(accounts.find_team(1).id), "url": "https://hooks.example.com/in", "events": "signature.published",
    },
    "/admin/deliveries/{delivery}": delivered,
    "/admin/deliveries/{delivery}/files": delivered,
    "/admin/bulk/{id}/confirm": standing_bulk(),
    "/admin/bulk/{id}/second": standing_bulk(state="waiting", confirmed_by="another@team.example.org", matched=1),
    "/admin/bulk/{id}/reverse": standing_bulk(state="done", matched=1, done=1),
}  # fmt: skip
# Forms that change nothing.
QUIET: set[str] = set()
TAKEN = (302, 303)


def recorded() -> int:
    db.session.rollback()
    return int(db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0)


@pytest.mark.parametrize("address", FORMS)
def test_what_a_form_changes_is_on_record(sqlite_client: FlaskClient, address: str) -> None:
    names = filled(sqlite_client)
    owner = people.member("owner")
    browser = people.browser(owner)
    sent = {name: value.format(**names) for name, value in FORMS[address][1].items()}
    fields = VALID[address](sqlite_client, names) if address in VALID else sent
    before = recorded()
    answer = people.post(browser, address.format(**names), "/admin/account", **fields)
    assert answer.status_code in TAKEN, f"say in VALID what {address} takes: {answer.status_code}"
    if address in QUIET:
        assert recorded() == before
        return
    assert recorded() > before, "this change left no entry"
    newest = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert newest.actor_name == owner.email


def own_changes() -> dict[str, Any]:
    """What members change about their own log-in, through Flask-Security, and what is on record then."""

    def password(browser: FlaskClient) -> TestResponse:
        phrase = "another sample phrase"
        return people.post(
            browser, "/admin/change", "/admin/change", password=people.PASSWORD, new_password=phrase, new_password_confirm=phrase
        )

    def by_link(browser: FlaskClient) -> TestResponse:
        link = browser.application.extensions["setup_link"](people.member("viewer")).removeprefix("http://localhost")
        phrase = "another sample phrase"
        return people.post(browser.application.test_client(), link, link, password=phrase, password_confirm=phrase)

    def app(browser: FlaskClient) -> None:
        people.set_up_app(browser.application.test_client(), people.ADDRESSES["viewer"])

    def codes(browser: FlaskClient) -> TestResponse:
        return people.post(browser, "/admin/mf-recovery-codes", "/admin/mf-recovery-codes")

    return {"member.password_set": (password, by_link), "member.app_added": (app,), "member.recovery_codes": (codes,)}


@pytest.mark.parametrize(("action", "number"), [(name, n) for name, ways in own_changes().items() for n in range(len(ways))])
def test_what_members_change_of_their_own_log_in_is_on_record(sqlite_client: FlaskClient, action: str, number: int) -> None:
    browser = people.browser(people.member("viewer"))
    own_changes()[action][number](browser)
    (entry,) = people.recorded(action)
    assert entry.actor_name == people.ADDRESSES["viewer"]
    assert entry.team_id is not None


def test_an_export_is_on_record(sqlite_app: Flask) -> None:
    sqlite_app.test_client_class = type(sqlite_app.test_client())
    factories.letter()
    people.browser(people.member("owner")).get("/admin/letters/open-the-road/export.csv")
    (entry,) = people.recorded("letter.exported")
    assert entry.details["addresses"] is True
    assert (datetime.now(UTC) - entry.at).total_seconds() < 600


COMMANDS = {
    "letter.status": lambda folder: (letter, ["load", str(_file(folder)), "--publish"]),
    "letter.created": lambda folder: (letter, ["load", str(_file(folder))]),
    "letter.exported": lambda folder: (export, ["open-the-road", "--format", "csv", "--output", str(folder / "list.csv")]),
    "member.added": lambda folder: (team, ["add", "ana@example.org", "--role", "editor"]),
    "member.removed": lambda folder: (team, ["remove", people.ADDRESSES["viewer"]]),
    "member.reset": lambda folder: (team, ["reset", people.ADDRESSES["viewer"]]),
}  # fmt: skip


def _file(folder: Path) -> Path:
    found = folder / "another.en.md"
    found.write_text(factories.ORIGINAL.format(slug="another", body="Words.", more=""), encoding="utf-8")
    return found


@pytest.mark.parametrize("action", COMMANDS)
def test_what_a_command_changes_is_on_record(sqlite_app: Flask, tmp_path: Path, action: str) -> None:
    factories.letter()
    people.member("viewer")
    before = len(people.recorded(action))
    command, arguments = COMMANDS[action](tmp_path)
    done = sqlite_app.test_cli_runner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    entries = people.recorded(action)
    assert len(entries) == before + 1
    assert entries[-1].actor_kind == "command line"


def test_names_that_retention_erased_are_on_record(sqlite_app: Flask) -> None:
    found = signed_letter(sqlite_app, 40)
    with transaction():
        found.keep_until = NOW.date()
    retention.purge(NOW + timedelta(days=1))
    (entry,) = people.recorded("retention.applied")
    assert entry.object_id == "names kept to the end of their letter's term"
    assert entry.details["count"] > 0
