"""The local mailbox of the demo and of development: every mail the platform sent, newest first."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template

from petition.errors import NotFound
from petition.templating import settings

bp = Blueprint("mailbox", __name__)
NEWEST = 100


def _read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


@bp.get("/mailbox")
def index() -> Response:
    """The list of mails."""
    files = sorted(settings().mailbox.glob("*.eml"), reverse=True)[:NEWEST]
    mails = [(path.stem, _read(path)) for path in files]
    return _private(render_template("public/mailbox.html", mails=mails))


@bp.get("/mailbox/<name>")
def mail(name: str) -> Response:
    """One mail, as text with its links to press."""
    path = settings().mailbox / f"{name}.eml"
    if path.parent != settings().mailbox or not path.is_file():
        raise NotFound
    message = _read(path)
    body = message.get_body(("plain",))
    return _private(render_template("public/mail.html", mail=message, text=body.get_content() if body else ""))


def _private(html: str) -> Response:
    response = make_response(html)
    response.headers["Cache-Control"] = "no-store"
    return response
