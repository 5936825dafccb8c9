"""Screens a statement against the letter's other signatories, and says why it should wait for the team."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.letters.models import Letter
from petition.signatures import screening
from petition.signatures.models import Signature
from petition.signatures.screening import Flag

SAID = ("kind", "name", "organisation", "role", "website", "comment")
SHOWN = {"person": ("name", "organisation", "role", "comment"), "organisation": ("organisation", "role", "comment")}


def said(signature: Signature) -> dict[str, str]:
    """What a signature says, by field."""
    return {field: getattr(signature, field) for field in SAID}


def reasons_to_hold(session: Session, letter: Letter, statement: dict[str, str], mail_domain: str | None) -> list[Flag]:
    """Why a new signature waits: what screening found, that organisations are looked at, or that the letter asks for it."""
    flags = screen(session, letter, statement, mail_domain)
    if statement["kind"] == "organisation":
        flags.append(Flag("organisation", "organisation"))
    elif letter.review == "all":
        flags.append(Flag("review_all"))
    if letter.holding:
        flags.append(Flag("holding"))
    return flags


def screen(session: Session, letter: Letter, statement: dict[str, str], mail_domain: str | None, own_id: int = 0) -> list[Flag]:
    """The flags of a statement, compared with the names on display; `own_id` is the signature that says it, if there is one."""
    kind = statement["kind"]
    shown = statement["organisation" if kind == "organisation" else "name"]
    column = Signature.organisation if kind == "organisation" else Signature.name
    others = select(column).where(Signature.letter_id == letter.id, Signature.kind == kind, Signature.id != own_id)
    alike = session.scalars(others.where(Signature.skeleton == screening.skeleton(shown)).distinct().limit(5)) if shown else ()
    flags = screening.screen(
        {field: statement[field] for field in SHOWN[kind]}, mail_domain=mail_domain or "", website=statement["website"],
        lookalikes=list(alike),
    )  # fmt: skip
    if kind == "organisation" and _website_is_known(session, letter, statement["website"], own_id):
        flags.append(Flag("same_website", "website"))
    return flags


def _website_is_known(session: Session, letter: Letter, website: str, own_id: int) -> bool:
    host = website_host(website)
    if host is None:
        return False
    others = select(Signature.id).where(Signature.letter_id == letter.id, Signature.website_host == host, Signature.id != own_id)
    return session.scalar(others.limit(1)) is not None


def website_host(website: str) -> str | None:
    """The host of a website as it is compared: lower case, without www."""
    return (urlsplit(website).hostname or "").removeprefix("www.") or None
