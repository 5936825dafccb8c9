"""Slows down guessing: one network in all, one network at one account, and codes for one account from anywhere."""

from __future__ import annotations

from flask import current_app, request, session
from flask_security import current_user

from petition import limits
from petition.errors import N_, TooMany

GUESSES = (
    "security.login",
    "security.two_factor_token_validation",
    "security.two_factor_setup_validate",
    "security.mf_recovery",
    "security.reset_password",
    "security.change_password",
    "security.verify",
    "security.wan_signin_response",
)
# Only whoever has the password gets as far as these, so that nobody else can spend an account's share.
CODES = ("security.two_factor_token_validation", "security.mf_recovery")


class SlowDown(TooMany):
    """One account was tried too often from one network; from another network it still opens."""

    code = "slow_down"
    message = N_("Too many attempts for this account from your network. Wait a few minutes, or try from another network.")


def count_guess() -> None:
    """Count an attempt to prove who somebody is; raises TooMany or SlowDown.

    Every attempt counts, known address or not, and is counted before it is judged, so that many at once gain nothing.
    """
    limiter: limits.Limiter = current_app.extensions["limiter"]
    network = request.remote_addr or ""
    limiter.spend(limits.LOGIN, network)
    if (request.endpoint in CODES or "code" in request.form) and (waiting := session.get("tf_user_id")):
        limiter.spend(limits.CODES, str(waiting))
    if account := _account():
        try:
            limiter.spend(limits.LOGIN_ACCOUNT, network, account)
        except TooMany as error:
            raise SlowDown(error.retry_after) from error


def _account() -> str:
    """Whose account is tried: the address typed, else who gave the password, else who is logged in."""
    if request.endpoint == "security.login" and "email" in request.form:
        return "address " + request.form["email"].strip().casefold()
    if waiting := session.get("tf_user_id"):
        return f"waiting {waiting}"
    return f"member {current_user.id}" if current_user.is_authenticated else ""
