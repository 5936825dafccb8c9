"""Signing: the form, what is wrong with it, and the neutral page that sends everybody to their inbox."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, current_app, g, jsonify, make_response, redirect, render_template, request
from flask_babel import force_locale
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, EmailField, HiddenField, RadioField, SelectField, StringField, TextAreaField, URLField

from petition import addresses, challenge, limits
from petition.errors import N_, BadRequest, Busy, Conflict, Fault, Invalid, PetitionError, TooMany
from petition.letters import operations as letters
from petition.letters.models import Letter
from petition.public import bp
from petition.public.errors import with_retry
from petition.public.pages import NAMES_FRESH, TAGGED, address, cached, letter_context, private, robots, speak, tagged
from petition.signatures import operations, submission
from petition.signatures.door import Door, ProofAsked, Visit
from petition.signatures.rulebook import Rulebook
from petition.templating import current_language, settings

MOST_FIELDS = 60


class SignForm(FlaskForm):  # type: ignore[misc]
    """The signing form; it only carries what was typed, the checks are the domain's."""

    class Meta:
        csrf = False  # no cookie on public pages: the request's origin is judged instead

    kind = RadioField(choices=["person", "organisation"], default="person", validate_choice=False)
    name = StringField()
    organisation = StringField()
    latin_name = StringField()
    affiliation = StringField()  # a person's own, a field of its own so that neither kind publishes what the other typed
    website = URLField()
    role = StringField()
    country = SelectField(choices=[], validate_choice=False)
    email = EmailField()
    version = HiddenField()
    text = HiddenField()
    comment = TextAreaField()
    visibility = RadioField(choices=["public", "initials", "counted"], default="public", validate_choice=False)
    consent = StringField()
    updates = BooleanField()
    deliver = BooleanField()
    email_checked = HiddenField()
    s = HiddenField()  # the tag of the letter's address
    topic = StringField()  # the trap: hidden from people, who leave it empty
    altcha = HiddenField()
    ticket = HiddenField()

    def typed(self) -> dict[str, str]:
        """What was sent, by field name, exactly as it came."""
        return {name: request.form.get(name, "") for name in self._fields}

    def said(self) -> dict[str, str]:
        """What was sent, as the domain names it: a person's affiliation is the organisation beside the name."""
        typed = self.typed()
        if typed["kind"] != "organisation" and "affiliation" in request.form:
            typed["organisation"] = typed["affiliation"]
        return typed


@bp.get("/letters/<slug>/sign")
def sign_form(slug: str) -> Response:
    """The form on a page of its own."""
    return form_page(letters.find_published(slug))


def form_page(found: Letter) -> Response:
    """A page with nothing but the form."""
    source = tagged()
    html = render_template("public/sign.html", **letter_context(found), form=None, source=source)
    return private(html) if found.status == "draft" else robots(cached(html, TAGGED if source else NAMES_FRESH), found.protected)


@bp.post("/letters/<slug>/sign")
def sign(slug: str) -> BaseResponse:
    """Take a signing request and answer everybody alike."""
    return take(letters.find_published(slug))


def take(found: Letter) -> BaseResponse:
    """Judge the form that was sent, ask for a signature, and send everybody to their inbox."""
    speak(found)
    form = _form()
    now = datetime.now(UTC)
    door = open_door(found, now)
    try:
        door.knock()
        given = submission.check(form.said() | _unsaid(found), language=current_language())
        _rulebook().let_in(found, addresses.domain(given.email), now=now)
        _ask_about_near_miss(given.email, form)
        operations.request(found, given, config=settings(), now=now, arrival=door.enter(given.email))
    except Invalid as error:
        return _again(found, form, error, error.faults)
    except (Conflict, TooMany, Busy) as error:
        return _again(found, form, asking(door, error), ())
    return redirect(address("check_your_inbox", found), 303)


def _form() -> SignForm:
    if sum(len(values) for _, values in request.form.lists()) > MOST_FIELDS:
        raise BadRequest
    return SignForm(formdata=request.form)


def open_door(found: Letter, now: datetime) -> Door:
    """The door of a letter, for this visit and what it brings."""
    given = request.form
    visit = Visit(
        request.remote_addr or "", trapped=bool(given.get("topic", "").strip()), proof=given.get("altcha", ""),
        ticket=given.get("ticket", ""),
    )  # fmt: skip
    return Door(found, visit, _limiter(), settings(), now, _rulebook())


def asking(door: Door, error: PetitionError) -> PetitionError:
    """Whoever shows a spent proof is asked for another."""
    return door.asked("spent") if isinstance(error, challenge.PassSpent) else error


def _unsaid(found: Letter) -> dict[str, str]:
    """Under a protected letter, whoever does not say how to appear is counted without a name."""
    return {"visibility": "counted"} if found.protected and not request.form.get("visibility") else {}


def _rulebook() -> Rulebook:
    found: Rulebook = current_app.extensions["rulebook"]
    return found


def knock(*policies: limits.Policy) -> None:
    """Count this visit against the network's limits; raises TooMany."""
    for policy in policies:
        _limiter().spend(policy, request.remote_addr or "")


def network() -> str | None:
    """The keyed hash of the visitor's network, where it is known."""
    return _limiter().network_hash(request.remote_addr or "")


def _limiter() -> limits.Limiter:
    found: limits.Limiter = current_app.extensions["limiter"]
    return found


def _ask_about_near_miss(email: str, form: SignForm) -> None:
    """A slip like gmial.com is asked about once; sending the same address again says it was meant."""
    meant = addresses.near_miss(email)
    if meant is not None and form.email_checked.data != email:
        form.email_checked.data = email
        message = N_("Did you mean %(meant)s? Correct it, or send again if the address is right.")
        raise Invalid([Fault("email", "near_miss", message, {"meant": meant})])


def _again(found: Letter, form: SignForm, error: PetitionError, faults: tuple[Fault, ...]) -> Response:
    """The form once more, with everything typed and each fault in its place."""
    first: dict[str, Fault] = {}
    for fault in faults:
        person = fault.field == "organisation" and form.kind.data != "organisation"
        first.setdefault("affiliation" if person else fault.field, fault)
    asked = error if isinstance(error, ProofAsked) else None
    g.scripted = asked is not None
    html = render_template(
        "public/sign.html", **letter_context(found), form=form, faults=first, problem=error, asked=asked,
        source=submission.tag(form.s.data),
    )  # fmt: skip
    return with_retry(make_response(html, error.status), error)


@bp.get("/letters/<slug>/challenge")
def puzzle(slug: str) -> Response:
    """A puzzle for the browser of somebody who is asked for a proof, in ALTCHA's format."""
    return puzzle_for(letters.find_published(slug))


def puzzle_for(found: Letter) -> Response:
    """A puzzle that is good under one letter."""
    load = _limiter().load(limits.LETTER_LOAD, str(found.id), amount=0)
    response = jsonify(challenge.puzzle(str(found.id), load=load, secret=settings().secret_key, now=datetime.now(UTC)))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/letters/<slug>/check-your-inbox")
def check_your_inbox(slug: str) -> Response:
    """Where everybody lands after sending the form, whoever they are."""
    return inbox_page(letters.find_published(slug))


def inbox_page(found: Letter) -> Response:
    """What to look for in the inbox."""
    context = letter_context(found)
    values = operations.letter_values(found, current_language(), settings())
    with force_locale(current_language()):
        subject = " ".join(render_template("mail/verify.subject.txt", **values, kind="person").split())
    response = make_response(render_template("public/inbox.html", **context, subject=subject, sender=settings().mail_from))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.route("/letters/<slug>/find", methods=["GET", "POST"])
def find(slug: str) -> BaseResponse:
    """Mail the holder of an address the link to their signature; one answer for everybody."""
    return look_for(letters.find_published(slug))


def look_for(found: Letter) -> BaseResponse:
    """Take the address of somebody who lost their link, without telling whether it signed."""
    context = letter_context(found)
    g.private = True
    fault, status, done = None, 200, False
    typed = request.form.get("email", "")
    if request.method == "POST":
        now = datetime.now(UTC)
        door = open_door(found, now)
        try:
            shown = door.look_up()
            operations.find(found, submission.email(typed), language=current_language(), config=settings(), now=now, shown=shown)
            done = True
        except Invalid as error:
            fault, status = error.faults[0], error.status
        except (TooMany, Busy) as error:
            return _find_again(context, typed, asking(door, error))
    response = make_response(render_template("public/find.html", **context, fault=fault, typed=typed, done=done), status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _find_again(context: dict[str, object], typed: str, error: PetitionError) -> Response:
    asked = error if isinstance(error, ProofAsked) else None
    g.scripted = asked is not None
    html = render_template("public/find.html", **context, fault=None if asked else error, asked=asked, typed=typed, done=False)
    return with_retry(make_response(html, error.status), error)
