"""Acting on a letter: whom readers in a country can write to, what, and a button by which they say that they did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n, limits
from petition.errors import NotFound
from petition.letters import contacts
from petition.letters import operations as letters
from petition.letters.contacts import Contact
from petition.letters.models import Letter
from petition.public import bp, links
from petition.public.pages import NAMES_FRESH, address, cached, letter_context, robots, speak
from petition.public.sign import knock
from petition.signatures import flow
from petition.templating import current_language

WRITTEN = "written"


@dataclass(frozen=True)
class Deed:
    """What a letter asks its readers to do, in one of its languages."""

    label: str
    text: str
    subject: str
    language: str


@dataclass(frozen=True)
class Recipient:
    """A contact with the link to a mail; `whole` says that the text is in it. `prefers` is a language the text is there in."""

    contact: Contact
    href: str
    whole: bool
    prefers: str


def deed(letter: Letter, language: str) -> Deed | None:
    """What readers are asked to do, in the language or in the original's; None where nothing is."""
    for words in (letter.translation(language), letter.translation(letter.original_language)):
        if words is not None and words.action:
            return Deed(words.action["label"], words.action["text"], words.title, words.language)
    return None


@bp.get("/letters/<slug>/act")
def acting(slug: str) -> Response:
    """The text to send, and the contacts of the country that was chosen."""
    found = letters.find_published(slug)
    context = letter_context(found)
    asked = deed(found, str(context["text_language"]))
    if asked is None:
        raise NotFound
    places = contacts.countries(found)
    country = _country()
    names = {code: i18n.country_name(code, current_language()) for code in places}
    html = render_template(
        "public/act.html", **context, deed=asked, country=country if country in places else "",
        places=sorted(names.items(), key=lambda pair: pair[1]), open_mail=_to("", asked), longest=links.LONGEST,
        recipients=[_recipient(found, each, asked) for each in contacts.of(found, country)] if country in places else [],
        written=request.args.get(WRITTEN) == "1",
    )  # fmt: skip
    return robots(cached(html, NAMES_FRESH), found.protected)


@bp.post("/letters/<slug>/act")
def say_written(slug: str) -> BaseResponse:
    """Count somebody who says that they have written: a number more, and nothing about them."""
    found = letters.find_published(slug)
    speak(found)
    if deed(found, found.original_language) is None:
        raise NotFound
    knock(limits.WRITTEN)
    flow.wrote(found, datetime.now(UTC))
    country = _country()
    return redirect(address("acting", found, country=country if country in contacts.countries(found) else None, written="1"), 303)


def _country() -> str:
    return request.values.get("country", "").strip()[:2].upper()


def _recipient(letter: Letter, contact: Contact, asked: Deed) -> Recipient:
    href, whole = _to(contact.email, asked)
    other = contact.language
    there = other != asked.language and (words := letter.translation(other)) is not None and words.action
    return Recipient(contact, href, whole, other if there else "")


def _to(email: str, asked: Deed) -> tuple[str, bool]:
    """The link to a mail with the text, or without it where the link would be too long; whether the text is in it."""
    href = links.mail(email, asked.subject, asked.text)
    return (href, True) if len(href) <= links.LONGEST else (links.mail(email, asked.subject, ""), False)
