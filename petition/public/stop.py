"""The page behind "Stop all mail" at the foot of every mail: it changes nothing until a button is pressed."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from petition.errors import BadRequest
from petition.outbox import suppression
from petition.public import bp
from petition.public.pages import address, private
from petition.templating import settings


@bp.get("/mail/stop/<token>")
def stop_mail(token: str) -> Response:
    """Whether mail to the mailbox behind this link is stopped; nothing about what it signed."""
    return private(render_template("public/stop.html", stopped=suppression.stopped(token, config=settings())))


@bp.post("/mail/stop/<token>")
def act_on_mail(token: str) -> BaseResponse:
    """Stop all mail, or allow it again."""
    does = {"stop": suppression.stop, "allow": suppression.allow}.get(request.form.get("action", ""))
    if does is None:
        raise BadRequest
    does(token, config=settings(), now=datetime.now(UTC))
    return redirect(address("stop_mail", token=token), 303)
