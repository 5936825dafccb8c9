"""`petition export`: to standard output or a file of its owner's only, with clear words for wrong choices."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from petition.db import dispose
from tests.conftest import settings
from tests.forked import run
from tests.sampled import signed_letter


@pytest.fixture
def here(sqlite_template: Path, tmp_path: Path) -> Path:
    from petition import create_app

    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    app: Flask = create_app(settings(tmp_path))
    with app.app_context():
        signed_letter(app, 50)
        dispose()
    return tmp_path


def export(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("export", "artsakh-ngos", *arguments, PETITION_MODE="development", PETITION_INSTANCE=str(here))


def test_standard_output_holds_the_file_and_nothing_else(here: Path) -> None:
    found = export(here, "--format", "json", "--state", "published,held", "--kind", "person", "--columns", "id,state")
    assert found.returncode == 0, found.stderr
    rows = json.loads(found.stdout)
    assert len(rows) > 40
    assert {tuple(row) for row in rows} == {("id", "state")}


def test_a_file_is_whole_and_private(here: Path) -> None:
    target = here / "list.csv"
    assert export(here, "--format", "csv", "--output", str(target)).returncode == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfid,kind,name")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert not list(here.glob(".*.part"))


def test_wrong_choices_are_named(here: Path) -> None:
    for choice in (("--state", "withdrawn"), ("--kind", "ghost"), ("--columns", "password")):
        found = export(here, "--format", "csv", *choice)
        assert found.returncode == 2
        assert choice[1] in found.stderr
    missing = run("export", "nowhere", "--format", "csv", PETITION_MODE="development", PETITION_INSTANCE=str(here))
    assert missing.returncode == 1
    assert "petition letter list" in missing.stderr
    unwritable = export(here, "--format", "csv", "--output", str(here / "no" / "such" / "list.csv"))
    assert unwritable.returncode == 1
    assert "Traceback" not in unwritable.stderr


def test_the_letter_is_printed_and_presets_are_known(here: Path) -> None:
    target = here / "letter.pdf"
    found = export(here, "--format", "pdf", "--output", str(target))
    assert found.returncode == 0, found.stderr
    assert target.read_bytes().startswith(b"%PDF-")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    listed = export(here, "--format", "csv", "--preset", "civicrm", "--country", "AM")
    assert listed.stdout.splitlines()[0].startswith("\ufeffFirst Name,Last Name,Email,Street Address")
    for choice in (("pdf", "--preset", "civicrm"), ("pdf", "--state", "held"), ("csv", "--preset", "other"), ("csv", "--version", "9")):
        assert export(here, "--format", *choice).returncode == 2, choice
