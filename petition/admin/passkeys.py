"""Passkeys: any of them opens an account by itself, or stands beside the password as the second step."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request, session
from flask_babel import gettext
from flask_security import UserMixin, WebauthnUtil, current_user, wan_registered
from flask_security.forms import Form
from flask_security.webauthn import WebAuthnDeleteForm, WebAuthnSigninResponseForm, WebAuthnTfPlugin
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from petition.accounts import OnlySecondFactor, credentials
from petition.errors import N_
from petition.templating import settings

REGISTERING = ("security.wan_register", "security.wan_register_response")
USED_BEFORE = N_("This answer of your passkey was used before. Please try again.")
NOT_CHECKED = N_("This passkey did not check that it is you. Use it as the second step after your password.")
NOT_YOURS = N_("This passkey belongs to another account than the password.")


class Ceremony(WebauthnUtil):
    """What is asked of a passkey: any device will do, and where it stands for both factors it checks who holds it."""

    def origin(self) -> str:
        """The site that passkeys are bound to; elsewhere than in production, the one that was visited."""
        parts = urlsplit(settings().base_url)
        return f"{parts.scheme}://{parts.netloc}" if settings().mode == "production" else request.host_url.rstrip("/")

    def authenticator_selection(self, user: UserMixin, usage: str) -> AuthenticatorSelectionCriteria:
        """Let the device keep the passkey findable and check its holder, where it can do that."""
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        )

    def authentication_options(self, user: UserMixin | None, usage: list[str], existing_options: dict[str, Any]) -> dict[str, Any]:
        """Name the known passkeys where the member is known; alone it has to check who holds it."""
        known = [PublicKeyCredentialDescriptor(id=each.credential_id) for each in user.webauthn] if user else None
        alone = usage == ["first"]
        wanted = UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED
        return existing_options | {"allow_credentials": known, "user_verification": wanted}


class PasskeyStep(WebAuthnTfPlugin):
    """The second step of logging in; here, too, any passkey will do."""

    def get_setup_methods(self, user: UserMixin) -> list[tuple[str, str]]:
        """The one method, for whoever has a passkey."""
        return [("webauthn", gettext("Passkey"))] if user.webauthn else []


class Answer(WebAuthnSigninResponseForm):
    """A passkey's answer, which is taken once."""

    def validate(self, **kwargs: Any) -> bool:
        """Check the answer, that it comes from whose password was given, and that it is new."""
        alone = not (self.is_verify or self.is_secondary)
        self.is_verify = not alone  # beside a password, or a session that stands, any passkey will do
        if not super().validate(**kwargs):
            return False
        if alone and not self.mf_check:
            return _refuse(self, NOT_CHECKED)
        if self.is_secondary and self.user is not None and self.user.fs_uniquifier != session["tf_user_id"]:
            return _refuse(self, NOT_YOURS)
        if not credentials.use_answer(self.challenge, datetime.now(UTC)):
            return _refuse(self, USED_BEFORE)
        return True


class Deletion(WebAuthnDeleteForm):
    """Forgetting a passkey, as long as the account keeps a second factor."""

    def validate(self, **kwargs: Any) -> bool:
        """Refuse to take away the only second factor where one is required."""
        if not super().validate(**kwargs):
            return False
        only = len(current_user.webauthn) == 1 and not current_user.tf_primary_method
        if only and settings().require_second_factor:
            self.name.errors = [*self.name.errors, gettext(OnlySecondFactor.message)]
            return False
        return True


def init_app(app: Flask) -> None:
    """Let in whoever has just made the passkey that they were asked for."""
    wan_registered.connect(_finish_setting_up, app)


def let_newcomer_register() -> None:
    """Whoever gave their password and has no second factor yet may make a passkey instead of setting up an app."""
    if request.endpoint not in REGISTERING or current_user.is_authenticated or not _setting_up():
        return
    security = current_app.extensions["security"]
    found = security.datastore.find_user(fs_uniquifier=session.get("tf_user_id", ""))
    if found is not None and found.active and not found.second_factor:
        g._login_user = found  # for this request, which makes the passkey
        g.fs_authn_via, g.fs_paa = "session", time.time()


def _setting_up() -> bool:
    return session.get("tf_state") in ("setup_from_login", "validating_profile") and "tf_user_id" in session


def _finish_setting_up(_app: Flask, user: Any, **_more: Any) -> None:
    if "_user_id" not in session and _setting_up() and session["tf_user_id"] == user.fs_uniquifier:
        current_app.extensions["security"].two_factor_plugins.tf_complete(user._get_current_object(), True)


def _refuse(form: Form, sentence: str) -> bool:
    form.credential.errors = [*form.credential.errors, gettext(sentence)]
    return False
