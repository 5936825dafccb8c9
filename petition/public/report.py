"""Reporting an entry: a form for readers, one thank-you for all of them, and a place on the team's list."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, current_app, g, render_template, request

from petition import limits
from petition.errors import Invalid, PetitionError, TooMany
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.public import bp
from petition.public.errors import with_retry
from petition.public.pages import letter_context, private
from petition.public.sign import knock
from petition.signatures import reports


@bp.get("/letters/<slug>/signatories/<public_id>/report")
def report(slug: str, public_id: str) -> Response:
    """What is wrong with the entry?"""
    return _form(letters.find_published(slug), public_id)


@bp.post("/letters/<slug>/signatories/<public_id>/report")
def send_report(slug: str, public_id: str) -> Response:
    """Take the report, and thank everybody alike."""
    found = letters.find_published(slug)
    try:
        knock(limits.REPORT)
        remark = reports.check(request.form)
        told_apart = _first_of_its_network(public_id)
    except (Invalid, TooMany) as error:
        return _form(found, public_id, error)
    if told_apart is not None:
        reports.report(found, public_id, remark, told_apart=told_apart, now=datetime.now(UTC))
    return _answer(found, done=True)


def _first_of_its_network(public_id: str) -> bool | None:
    """Whether this is a network's first report of the entry; False where nobody can count, None for a repeated one."""
    limiter: limits.Limiter = current_app.extensions["limiter"]
    try:
        return limiter.spend(limits.REPORT_ENTRY, request.remote_addr or "", of=public_id)
    except TooMany:
        return None


def _form(found: Letter, public_id: str, problem: PetitionError | None = None) -> Response:
    faults = {fault.field: fault for fault in problem.faults} if isinstance(problem, Invalid) else {}
    response = _answer(
        found, problem.status if problem else 200, entry=reports.entry(found, public_id), problem=problem, faults=faults, typed=request.form
    )
    return with_retry(response, problem) if problem else response


def _answer(found: Letter, status: int = 200, **values: object) -> Response:
    g.private = True
    return private(render_template("public/report.html", **letter_context(found), **values), status)
