"""The command line, `petition ...`: our commands in a group of Flask's; every failure ends in one plain sentence."""

from __future__ import annotations

from flask import Flask

from petition.cli.group import COMMANDS, main

__all__ = ["init_app", "main"]


def init_app(app: Flask) -> None:
    """Offer our commands to `flask --app petition` as well."""
    for command in COMMANDS:
        app.cli.add_command(command)
