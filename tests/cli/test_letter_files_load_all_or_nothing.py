"""`petition letter load`: idempotent, originals first, all or nothing, and never over an edit without showing it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from petition import create_app
from petition.audit import PLATFORM
from petition.db import dispose
from petition.letters import operations
from tests.conftest import settings
from tests.forked import run
from tests.sampled import NOW

ENGLISH = """---
slug: a-letter
language: en
title: A letter
date: 2026-01-31
demands: [Open the road]
---

We ask that the road be opened.
"""
FRENCH = """---
slug: a-letter
language: fr
title: Une lettre
demands: [Ouvrez la route]
---

Nous demandons que la route soit ouverte.
"""


@pytest.fixture
def here(sqlite_template: Path, tmp_path: Path) -> Path:
    shutil.copy(sqlite_template, tmp_path / "petition.sqlite3")
    (tmp_path / "a.en.md").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "a.fr.md").write_text(FRENCH, encoding="utf-8")
    return tmp_path


def petition(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    files = [str(here / each) if each.endswith(".md") else each for each in arguments]
    return run(*files, PETITION_MODE="development", PETITION_INSTANCE=str(here))


def test_addresses_are_printed_and_the_second_time_changes_nothing(here: Path) -> None:
    first = petition(here, "letter", "load", "a.fr.md", "a.en.md", "--publish")  # the original need not come first
    assert first.returncode == 0, first.stderr
    assert "http://127.0.0.1:8000/letters/a-letter  created" in first.stdout
    assert "http://127.0.0.1:8000/fr/letters/a-letter  created" in first.stdout
    assert petition(here, "letter", "load", "a.en.md", "a.fr.md").stdout.count("unchanged") == 2
    assert "a-letter  open  en,fr  0 people" in petition(here, "letter", "list").stdout


def test_a_fault_in_one_file_loads_none(here: Path) -> None:
    (here / "a.fr.md").write_text(FRENCH.replace("demands: [Ouvrez la route]", "demands: []"), encoding="utf-8")
    found = petition(here, "letter", "load", "a.en.md", "a.fr.md")
    assert found.returncode == 1
    assert "a.fr.md" in found.stderr
    assert "no letter yet" in petition(here, "letter", "list").stdout


def test_two_files_for_one_language_are_refused(here: Path) -> None:
    (here / "b.en.md").write_text(ENGLISH.replace("A letter", "Another"), encoding="utf-8")
    found = petition(here, "letter", "load", "a.en.md", "b.en.md")
    assert found.returncode == 1
    assert "a.en.md has the same slug and language" in found.stderr


def test_another_encoding_is_refused_with_file_and_line(here: Path) -> None:
    (here / "a.fr.md").write_bytes(FRENCH.replace("ouverte", "fermée").encode("latin-1"))
    found = petition(here, "letter", "load", "a.fr.md")
    assert found.returncode == 1
    assert "a.fr.md, line 8: this is not UTF-8" in found.stderr


def test_an_edit_is_shown_and_overwritten_only_by_force(here: Path) -> None:
    petition(here, "letter", "load", "a.en.md")
    _edit(here)
    (here / "a.en.md").write_text(ENGLISH.replace("be opened", "be opened now"), encoding="utf-8")
    refused = petition(here, "letter", "load", "a.en.md")
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert "-We ask that the road be opened, edited." in refused.stderr
    forced = petition(here, "letter", "load", "a.en.md", "--force")
    assert forced.returncode == 0
    assert "+We ask that the road be opened now." in forced.stderr
    assert "updated" in forced.stdout


def _edit(here: Path) -> None:
    app: Flask = create_app(settings(here))
    with app.app_context():
        standing = operations.as_document(operations.find("a-letter"), "en")
        values = standing.__dict__ | {"body": "We ask that the road be opened, edited.\n"}
        operations.edit(type(standing)(**values), signed=lambda _: False, actor=PLATFORM, now=NOW, correction=False)
        dispose()
