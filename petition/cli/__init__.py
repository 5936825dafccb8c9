"""The command line: `petition ...`, Flask's own group with our commands in it; every failure ends in one plain sentence."""

from __future__ import annotations

from flask import Flask

from petition.cli.group import COMMANDS, main

__all__ = ["init_app", "main"]


def init_app(app: Flask) -> None:
    """Offer our commands to `flask --app petition` as well."""
    for command in COMMANDS:
        app.cli.add_command(command)
