"""Ties each log-in to a row: made when somebody gets in, asked for on every visit, ended when they leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, current_app, request, session
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import user_logged_out
from flask_security import user_authenticated

from petition.accounts import Member, sessions

KEY = "team_session"  # the name in the cookie of what the row keeps a digest of


class TeamSessions(SecureCookieSessionInterface):
    """Sessions for the team only: outside /admin there is none to read, so no page there can depend on a cookie."""

    def open_session(self, app: Flask, request: Any) -> SecureCookieSession | None:
        """The team member's session, or the empty one that nothing can be written to."""
        return super().open_session(app, request) if _in_admin(request.path) else NullSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep what changed, for the team only."""
        if _in_admin(request.path):
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Keep a row for each log-in, and believe a cookie only as long as its row stands."""
    app.session_interface = TeamSessions()
    manager = app.login_manager  # type: ignore[attr-defined]
    manager.user_loader(_standing(manager._user_callback))
    manager.request_loader(lambda _request: None)  # a cookie with a row is the only way in
    user_authenticated.connect(_begin, app)
    user_logged_out.connect(_leave, app)


def key() -> str:
    """The key of this session, or nothing."""
    return str(session.get(KEY, ""))


def _in_admin(path: str) -> bool:
    return path == "/admin" or path.startswith("/admin/")


def _standing(load: Callable[[str], Member | None]) -> Callable[[str], Member | None]:
    def loaded(user_id: str) -> Member | None:
        found = load(user_id)
        if found is None or not key() or not sessions.attend(key(), found.id, datetime.now(UTC)):
            return None
        return found

    return loaded


def _begin(_app: Flask, user: Member, **_more: Any) -> None:
    current_app.extensions["security"].datastore.commit()
    session[KEY] = sessions.begin(user.id, datetime.now(UTC))


def _leave(_app: Flask, **_more: Any) -> None:
    if left := session.pop(KEY, None):
        sessions.leave(left, datetime.now(UTC))
