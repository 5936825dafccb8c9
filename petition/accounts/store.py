"""Flask-Security's way to the accounts: what it changes is written at once, field by field, and put on record."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from flask_security import RoleMixin, SQLAlchemyUserDatastore
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from petition.accounts import credentials, sessions
from petition.accounts.members import note
from petition.accounts.models import Member, Passkey
from petition.db import db, transaction

LOGIN_FIELDS = (
    "password", "fs_uniquifier", "tf_primary_method", "tf_totp_secret", "mf_recovery_codes", "fs_webauthn_user_handle",
)  # fmt: skip


class NoRole(RoleMixin):
    """Flask-Security asks for a model of installation-wide roles; there are none."""


class MemberStore(SQLAlchemyUserDatastore):
    """Writes in transactions of ours, and only the fields that changed, so that nothing used up comes back."""

    def __init__(self) -> None:
        super().__init__(db, Member, NoRole, Passkey)

    def put(self, model: Any) -> Any:
        """Write what changed of an account or a passkey now, before anything else is read."""
        if isinstance(model, Passkey):
            _write_passkey(model)
        else:
            self.commit()
        return model

    def commit(self) -> None:
        """Write what changed; the read that led here ends first, since it cannot become a write on SQLite."""
        session = db.session()
        changed = [(each.id, _changes(each)) for each in session.dirty if isinstance(each, Member)]
        session.rollback()
        for number, fields in changed:
            if fields:
                with transaction() as writing:
                    _write(writing, writing.get_one(Member, number), fields)

    def create_webauthn(self, user: Any, **given: Any) -> None:  # type: ignore[override]
        """Keep a new passkey."""
        now = datetime.now(UTC)
        values = {name: given[name] for name in ("credential_id", "public_key", "name", "sign_count", "usage", "backup_state")}
        with transaction() as session:
            found = session.get_one(Member, user.id)
            found.webauthn.append(Passkey(
                **values, device_type=_plain(given["device_type"]), transports=[_plain(each) for each in given["transports"] or []],
                extensions=_extensions(given.get("extensions")), create_datetime=now, lastuse_datetime=now,
            ))  # fmt: skip
            note(session, found, "member.passkey_added", actor=found.actor, now=now, passkey=given["name"])

    def delete_webauthn(self, webauthn: Any) -> None:
        """Forget a passkey."""
        now, number, name = datetime.now(UTC), webauthn.id, webauthn.name
        with transaction() as session:
            gone = session.get_one(Passkey, number)
            found = session.get_one(Member, gone.user_id)
            found.webauthn.remove(gone)
            note(session, found, "member.passkey_removed", actor=found.actor, now=now, passkey=name)


def _changes(member: Member) -> dict[str, Any]:
    """The log-in fields that were changed in memory, with their new values."""
    attributes = inspect(member).attrs
    changed = [name for name in LOGIN_FIELDS if attributes[name].history.has_changes()]
    return {name: list(value) if isinstance(value := getattr(member, name), list) else value for name in changed}


def _write(session: Session, found: Member, fields: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    for name, value in fields.items():
        setattr(found, name, value)
    if "fs_uniquifier" in fields:
        sessions.end_all(session, found.id, now)
        note(session, found, "member.password_set", actor=found.actor, now=now)
    if {"tf_primary_method", "tf_totp_secret"} & fields.keys():
        kind = "member.app_added" if found.tf_primary_method else "member.app_removed"
        note(session, found, kind, actor=found.actor, now=now)
    if "mf_recovery_codes" in fields:
        note(session, found, "member.recovery_codes", actor=found.actor, now=now)


def _write_passkey(model: Passkey) -> None:
    with db.session.no_autoflush:
        number, count = model.id, model.sign_count
        seen = {
            "lastuse_datetime": model.lastuse_datetime, "backup_state": model.backup_state, "device_type": _plain(model.device_type),
        }  # fmt: skip
    db.session.rollback()
    credentials.use_passkey(number, count, seen)


def _plain(value: Any) -> str:
    """The word itself of what may be an enumeration's member."""
    return str(getattr(value, "value", value))


def _extensions(said: str | None) -> str | None:
    """The one thing of use that a browser says beside a new passkey: whether it is found without an address."""
    with suppress(ValueError, AttributeError):
        found = json.loads(said or "").get("credProps", {}).get("rk")
        if isinstance(found, bool):
            return json.dumps({"credProps": {"rk": found}})
    return None
