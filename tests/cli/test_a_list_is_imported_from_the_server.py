"""`petition import`: a dry run that stores nothing, lines of what is wrong on standard error, and the way back."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

from petition.signatures import directory
from tests import factories
from tests.importing import HEAD, PAPER, rows, stored


def test_a_file_is_tried_imported_and_taken_back(sqlite_app: Flask, tmp_path: Path) -> None:
    letter, run = factories.letter(), sqlite_app.test_cli_runner()
    file = tmp_path / "fair.csv"
    file.write_text(PAPER, encoding="utf-16")
    tried = run.invoke(args=["import", "open-the-road", str(file), "--dry-run"])
    assert (tried.exit_code, stored()) == (0, 0)
    assert "4 rows: 4 new (1 organisations), of which 1 wait for the team; 0 there already, 0 twice in the file." in tried.output
    done = run.invoke(args=["import", "open-the-road", str(file)])
    assert (done.exit_code, len(rows())) == (0, 4)
    again = run.invoke(args=["import", "open-the-road", str(file)])
    assert "This very file was imported before" in again.output and "line 2 is left out: this row was imported before" in again.output
    assert len(rows()) == 4
    name = re.search(r"as import ([0-9a-f-]{36})", done.output)
    assert name is not None
    back = run.invoke(args=["import", "open-the-road", "--take-back", name[1]])
    assert "The import was taken back." in back.output
    assert directory.counts(letter).imported == 0


def test_faults_are_lines_on_standard_error(sqlite_app: Flask, tmp_path: Path) -> None:
    factories.letter()
    file = tmp_path / "fair.csv"
    file.write_text(HEAD + "Good Name,,,,,,,\n,,,Atlantis,,,,\n", encoding="utf-8")
    found = sqlite_app.test_cli_runner().invoke(args=["import", "open-the-road", str(file)])
    assert found.exit_code == 1
    assert "line 3: name: Please enter your name." in found.stderr
    assert "line 3: country: Please choose a country from the list." in found.stderr
    assert stored() == 0
    assert sqlite_app.test_cli_runner().invoke(args=["import", "open-the-road"]).exit_code == 2
