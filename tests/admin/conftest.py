"""Browsers that share nothing with the test: a member of one request is not remembered in the next one's context."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import _Checking


class Browser(_Checking):
    """Every request runs in a context of its own, as it does behind a server."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["buffered"] = True
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser in which nobody is logged in."""
    app.test_client_class = Browser
    return app.test_client()


@pytest.fixture
def sqlite_client(sqlite_app: Flask) -> FlaskClient:
    """The same on SQLite alone, for behaviour that no database decides."""
    sqlite_app.test_client_class = Browser
    return sqlite_app.test_client()
