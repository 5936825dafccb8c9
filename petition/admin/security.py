"""Logging in: passwords, second factors, recovery codes and set-up links, all by Flask-Security."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, request, session
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_security import LoginForm, MailUtil, Security, Totp
from flask_security.recoverable import generate_reset_password_token
from flask_security.utils import hash_password
from flask_wtf.csrf import CSRFProtect

from petition import limits
from petition.accounts import Member, MemberStore
from petition.config import Config
from petition.templating import settings

SHORTEST_PASSWORD = 12
SET_UP_WITHIN = timedelta(days=3)
IDLE = timedelta(minutes=30)
GUESSES = (
    "security.login",
    "security.two_factor_token_validation",
    "security.mf_recovery",
    "security.reset_password",
    "security.verify",
)


class TeamSessions(SecureCookieSessionInterface):
    """Sessions for the team only: outside /admin there is none to read, so no page there can depend on a cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The team member's session, or the empty one that nothing can be written to."""
        return super().open_session(app, request) if _in_admin(request) else NullSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep what changed, for the team only."""
        if _in_admin(request):
            super().save_session(app, session, response)


class TeamLogin(LoginForm):
    """The log-in form, without a cookie that outlives the session."""

    remember = None


class Silent(MailUtil):
    """Flask-Security mails nothing: set-up links are handed out by whoever runs the platform."""

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""


class OnceOnly(Totp):
    """Codes that log nobody in twice (RFC 6238, section 5.2)."""

    def get_last_counter(self, user: Any) -> int | None:
        """The time step of the newest code that was used."""
        step: int | None = user.tf_last_counter
        return step

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """Keep the time step at once; the code that enrols an app proves the app and is not yet a log-in."""
        if user.tf_primary_method is not None:
            user.tf_last_counter = tmatch.counter
            current_app.extensions["security"].datastore.commit()


def init_app(app: Flask, csrf: CSRFProtect) -> None:
    """Set Flask-Security up, and lend the command line what it needs of it."""
    app.config.update(_options(app.config["PETITION"]))
    app.session_interface = TeamSessions()
    Security(app, MemberStore(), login_form=TeamLogin, mail_util_cls=Silent, totp_cls=OnceOnly)
    app.extensions["setup_link"] = setup_link
    app.extensions["hash_password"] = hash_password

    def knock() -> Any:
        if request.blueprint != "security":
            return None
        session.permanent = True
        csrf.protect()
        if request.method == "POST" and request.endpoint in GUESSES:
            app.extensions["limiter"].spend(limits.LOGIN, request.remote_addr or "")
        return _second_step()

    app.before_request(knock)


def setup_link(member: Member) -> str:
    """An absolute link under which the member sets a password, once, within SET_UP_WITHIN."""
    token: str = generate_reset_password_token(member)  # type: ignore[no-untyped-call]
    return f"{settings().base_url}/admin/reset/{token}"


def _second_step() -> Any:
    """A code sent to the log-in page belongs to the second step that is waiting."""
    waiting = session.get("tf_state") in ("ready", "validating_profile")
    if (
        request.endpoint == "security.login"
        and request.method == "POST"
        and waiting
        and "code" in request.form
        and "password" not in request.form
    ):
        return current_app.view_functions["security.two_factor_token_validation"]()
    return None


def _in_admin(request: Request) -> bool:
    return request.path == "/admin" or request.path.startswith("/admin/")


def _derived(config: Config, purpose: str) -> bytes:
    return hmac.new(config.secret_key.encode(), purpose.encode(), hashlib.sha256).digest()


def _options(config: Config) -> dict[str, Any]:
    return {
        "PERMANENT_SESSION_LIFETIME": IDLE,
        "SECURITY_URL_PREFIX": "/admin",
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_POST_LOGIN_VIEW": "/admin/",
        "SECURITY_POST_LOGOUT_VIEW": "/admin/login",
        "SECURITY_POST_CHANGE_VIEW": "/admin/",
        "SECURITY_POST_RESET_VIEW": "/admin/login",
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/admin/mf-recovery-codes",
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_RESET_PASSWORD_WITHIN": SET_UP_WITHIN,
        "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
        "SECURITY_SEND_PASSWORD_RESET_EMAIL": False,
        "SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL": False,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        # Argon2 salts each password itself; a pepper made of the secret key would tie every password to that key.
        "SECURITY_PASSWORD_SINGLE_HASH": {"argon2"},
        "SECURITY_PASSWORD_LENGTH_MIN": SHORTEST_PASSWORD,
        "SECURITY_FRESHNESS": timedelta(minutes=30),
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(minutes=10),
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_REQUIRED": config.require_second_factor,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TOTP_SECRETS": {"1": _derived(config, "totp").hex()},
        "SECURITY_TOTP_ISSUER": urlsplit(config.base_url).hostname,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [base64.urlsafe_b64encode(_derived(config, "recovery"))],
    }
