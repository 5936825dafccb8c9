"""Logging in: passwords, second factors, recovery codes and set-up links, all by Flask-Security."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, request, session
from flask_security import LoginForm, MailUtil, MfRecoveryCodesUtil, Security, Totp
from flask_security.recoverable import generate_reset_password_token
from flask_security.utils import hash_password
from flask_wtf.csrf import CSRFProtect
from passlib.exc import UsedTokenError

from petition.accounts import INVITED_FOR, Member, MemberStore, credentials, sessions
from petition.admin import gates, logins, passkeys, throttle
from petition.config import Config
from petition.errors import WrongMediaType
from petition.templating import settings

SHORTEST_PASSWORD = 12
# Changes of what one logs in with; Flask-Security itself would ask at the first step only, and forget what was sent.
PROVING = (
    "security.two_factor_setup", "security.two_factor_setup_validate", "security.two_factor_token_validation",
    "security.mf_recovery_codes", "security.wan_register_response", "security.wan_delete",
)  # fmt: skip


class TeamLogin(LoginForm):
    """The log-in form, without a cookie that outlives the session."""

    remember = None


class Silent(MailUtil):
    """Flask-Security mails nothing: set-up links are handed out by owners and by whoever runs the platform."""

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""


class OnceOnly(Totp):
    """Codes that log nobody in twice, however many try at once (RFC 6238, section 5.2)."""

    def get_last_counter(self, user: Any) -> int | None:
        """The time step of the newest code that was used."""
        step: int | None = user.tf_last_counter
        return step

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """Use the step up, or refuse; the code that enrols an app proves the app and is not yet a log-in."""
        if user.tf_primary_method is not None and not credentials.use_step(user.id, tmatch.counter):
            raise UsedTokenError


class RecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes that open an account once, however many try at once."""

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Use the code up, or say that it is none."""
        given = code.strip().lower().encode()

        def is_it(kept: str) -> bool:
            return any(hmac.compare_digest(each.encode(), given) for each in self._decrypt_codes([kept]))

        return credentials.use_recovery_code(user.id, is_it, datetime.now(UTC))

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Nothing is left to do: checking used it up."""
        return True


def init_app(app: Flask, csrf: CSRFProtect) -> None:
    """Set Flask-Security up, and lend the command line what it needs of it."""
    app.config.update(_options(app.config["PETITION"]))
    Security(
        app, MemberStore(), login_form=TeamLogin, mail_util_cls=Silent, totp_cls=OnceOnly,
        mf_recovery_codes_util_cls=RecoveryCodes, webauthn_util_cls=passkeys.Ceremony,
        wan_signin_response_form=passkeys.Answer, wan_delete_form=passkeys.Deletion,
    )  # fmt: skip
    logins.init_app(app)
    passkeys.init_app(app)
    app.extensions["setup_link"] = setup_link
    app.extensions["hash_password"] = hash_password

    def knock() -> Any:
        if request.blueprint != "security":
            return None
        if request.is_json:
            raise WrongMediaType
        session.permanent = True
        csrf.protect()
        if request.method == "POST" and request.endpoint in throttle.GUESSES:
            throttle.count_guess()
        if request.method == "POST" and request.endpoint in PROVING and gates.member_or_none():
            gates.require_fresh()
        passkeys.let_newcomer_register()
        return _second_step()

    app.before_request(knock)


def setup_link(member: Member) -> str:
    """An absolute link under which the member sets a password, once, within INVITED_FOR."""
    token: str = generate_reset_password_token(member)  # type: ignore[no-untyped-call]
    return f"{settings().base_url}/admin/reset/{token}"


def _second_step() -> Any:
    """A code sent to the log-in page belongs to the second step that is waiting."""
    if request.endpoint != "security.login" or request.method != "POST":
        return None
    if "code" not in request.form or "password" in request.form:
        return None
    if session.get("tf_select") and "tf_user_id" in session:
        session["tf_state"] = "ready"  # of the ways to choose from, a code means the app
    if session.get("tf_state") in ("ready", "validating_profile"):
        return current_app.view_functions["security.two_factor_token_validation"]()
    return None


def _derived(config: Config, purpose: str) -> bytes:
    return hmac.new(config.secret_key.encode(), purpose.encode(), hashlib.sha256).digest()


def _options(config: Config) -> dict[str, Any]:
    return {
        **_second_factors(config),
        "PERMANENT_SESSION_LIFETIME": sessions.IDLE,
        "SECURITY_URL_PREFIX": "/admin",
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_POST_LOGIN_VIEW": "/admin/",
        "SECURITY_POST_LOGOUT_VIEW": "/admin/login",
        "SECURITY_POST_CHANGE_VIEW": "/admin/account",
        "SECURITY_POST_VERIFY_VIEW": "/admin/account",
        "SECURITY_POST_RESET_VIEW": "/admin/login",
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/admin/account",
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_RESET_PASSWORD_WITHIN": INVITED_FOR,
        "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
        "SECURITY_SEND_PASSWORD_RESET_EMAIL": False,
        "SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL": False,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        # Argon2 salts each password itself; a pepper made of the secret key would tie every password to that key.
        "SECURITY_PASSWORD_SINGLE_HASH": {"argon2"},
        "SECURITY_PASSWORD_LENGTH_MIN": SHORTEST_PASSWORD,
        "SECURITY_DATETIME_FACTORY": lambda: datetime.now(UTC),
        "SECURITY_FRESHNESS": timedelta(minutes=30),
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(minutes=10),
    }


def _second_factors(config: Config) -> dict[str, Any]:
    return {
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_REQUIRED": config.require_second_factor,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,  # one code before and after the present one
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {
            "code": "flask_security.twofactor.CodeTfPlugin",
            "webauthn": "petition.admin.passkeys.PasskeyStep",
        },
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TOTP_SECRETS": {"1": _derived(config, "totp").hex()},
        "SECURITY_TOTP_ISSUER": urlsplit(config.base_url).hostname,
        "SECURITY_WEBAUTHN": True,
        "SECURITY_WAN_RP_NAME": urlsplit(config.base_url).hostname,
        # Naming the passkeys of a typed address would tell strangers whose address it is.
        "SECURITY_WAN_ALLOW_USER_HINTS": False,
        "SECURITY_WAN_SIGNIN_WITHIN": timedelta(minutes=3),
        "SECURITY_WAN_POST_REGISTER_VIEW": "/admin/account",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [base64.urlsafe_b64encode(_derived(config, "recovery"))],
    }
