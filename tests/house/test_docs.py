"""The docs name the settings and commands that exist, all of them, and no others."""

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest
from flask.cli import FlaskGroup, ScriptInfo

from petition import config
from petition.limits import POLICIES

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = {config.PREFIX + each.name.upper() for each in fields(config.Config)}


def test_every_setting_is_described_in_the_words_of_the_code():
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for each in fields(config.Config):
        row = f"| `{config.PREFIX}{each.name.upper()}` | {each.metadata['shown'] or '–'} | {each.metadata['sentence']} |"
        assert row in page


def test_every_limit_is_described_in_the_words_of_the_code():
    page = (ROOT / "docs" / "moderation.md").read_text(encoding="utf-8")
    for policy in POLICIES:
        assert f"| `{policy.name}` | {policy.sentence(policy.default)} | " in page


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_names_only_settings_that_exist(path):
    named = set(re.findall(r"PETITION_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8")))
    assert {name.removesuffix("_FILE") for name in named} <= NAMES


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_names_only_commands_that_exist(sqlite_app, path):
    group = FlaskGroup(create_app=lambda: sqlite_app)
    context = click.Context(group, info_name="petition", obj=ScriptInfo(create_app=lambda: sqlite_app))
    for words in re.findall(
        r"(?:`|^\s{4}|^\$ |bin/|&& )petition ([a-z][a-z-]*(?: [a-z]+(?![\w-]))*)", path.read_text(encoding="utf-8"), re.MULTILINE
    ):
        command: click.Command | None = group
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            command = command.get_command(context, word)
            assert command is not None, f"petition {words}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
