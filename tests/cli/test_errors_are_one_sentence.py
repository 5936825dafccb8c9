"""Every failure of the command line is one sentence on standard error, 1 or 2 as exit code, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import run
from tests.running import COMMAND

CASES = [
    (["letter", "lod"], {}, 2, "No such command"),
    (["nonsense"], {}, 2, "No such command"),
    (["export", "x"], {}, 2, "--format"),
    (["export", "x", "--format", "docx"], {}, 2, "docx"),
    (["team", "add", "ana@example.org", "--role", "king"], {}, 2, "king"),
    (["letter", "load", "no-such-file.md"], {}, 2, "no-such-file.md"),
    (["serve", "--port", "99999999"], {}, 2, "port"),
    (["letter", "list"], {}, 1, "petition db upgrade"),
    (["letter", "list"], {"PETITION_MODE": "tuesday"}, 1, "PETITION_MODE"),
    (["letter", "list"], {"PETITION_COLOUR": "red"}, 1, "PETITION_COLOUR"),
    (["check"], {"PETITION_MODE": "production"}, 1, "PETITION_SECRET_KEY"),
    (["letter", "list"], {"PETITION_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, 1, "PETITION_DATABASE_URL"),
    (["db", "upgrade"], {"PETITION_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, 1, "PETITION_DATABASE_URL"),
]


@pytest.mark.parametrize(("arguments", "environ", "code", "words"), CASES, ids=[" ".join((*case[0], *case[1])) for case in CASES])
def test_one_sentence(arguments: list[str], environ: dict[str, str], code: int, words: str, tmp_path: Path) -> None:
    found = run(COMMAND, *arguments, **{"PETITION_MODE": "development", "PETITION_INSTANCE": str(tmp_path), **environ})
    assert found.returncode == code, found.stderr
    assert words in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stderr.strip().count("\n") == 0


def test_help_needs_no_settings(tmp_path: Path) -> None:
    found = run(COMMAND, "--help", PETITION_MODE="tuesday")
    assert found.returncode == 0
    assert all(name in found.stdout for name in ("demo", "serve", "worker", "db", "letter", "team", "export", "check", "purge", "routes"))
