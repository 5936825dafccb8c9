"""`petition team`: members are added with a one-time link or a password, listed, reset and removed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.forked import run


@pytest.fixture
def here(sqlite_template: Path, tmp_path: Path) -> Path:
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    return tmp_path


def petition(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(*arguments, PETITION_MODE="development", PETITION_INSTANCE=str(here))


def with_password(here: Path, password: str) -> subprocess.CompletedProcess[str]:
    command = ("team", "add", "ana@example.org", "--role", "owner", "--password-stdin")
    return run(*command, feed=password + "\n", PETITION_MODE="development", PETITION_INSTANCE=str(here))


def test_a_link_is_printed_once_per_member_without_password(here: Path) -> None:
    found = petition(here, "team", "add", "ana@example.org", "--role", "editor")
    assert found.returncode == 0, found.stderr
    assert "http" in found.stdout
    assert "ana@example.org  editor  The team  not set up yet" in petition(here, "team", "list").stdout


def test_a_password_from_standard_input_needs_twelve_characters(here: Path) -> None:
    assert with_password(here, "short").returncode == 2
    assert "Nobody yet" in petition(here, "team", "list").stdout
    found = with_password(here, "correct horse battery")
    assert found.returncode == 0, found.stderr
    assert "http" not in found.stdout
    assert "password set" in petition(here, "team", "list").stdout


def test_the_last_owner_stays_and_strangers_are_named(here: Path) -> None:
    with_password(here, "correct horse battery")
    assert "last owner" in petition(here, "team", "remove", "ana@example.org").stderr
    assert "bob@example.org is not a member" in petition(here, "team", "remove", "bob@example.org").stderr
    assert "bob@example.org is not a member" in petition(here, "team", "reset", "bob@example.org").stderr
    petition(here, "team", "add", "bob@example.org", "--role", "owner")
    assert petition(here, "team", "remove", "ana@example.org").returncode == 0
    reset = petition(here, "team", "reset", "bob@example.org")
    assert reset.returncode == 0
    assert "http" in reset.stdout


def test_a_malformed_address_is_refused(here: Path) -> None:
    found = petition(here, "team", "add", "ana", "--role", "editor")
    assert found.returncode == 1
    assert "e-mail address" in found.stderr
