"""Screens a statement against the letter's other signatories, and says why it should wait for the team."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from petition import addresses
from petition.letters.models import Letter
from petition.signatures import arrival, rules, screening, wordlists
from petition.signatures.arrival import Arrival
from petition.signatures.models import Signature
from petition.signatures.screening import Flag

# Sites where every organisation has a page under the one domain.
SHARED = frozenset({
    "facebook.com", "instagram.com", "twitter.com", "x.com", "linkedin.com", "youtube.com", "youtu.be", "t.me", "telegram.me",
    "vk.com", "ok.ru", "tiktok.com", "medium.com", "substack.com", "linktr.ee", "google.com", "bit.ly", "wa.me", "whatsapp.com",
    "wikipedia.org", "change.org",
})  # fmt: skip
SAID = ("kind", "name", "organisation", "latin_name", "role", "website", "comment")
SHOWN = {"person": ("name", "organisation", "role", "comment"), "organisation": ("organisation", "latin_name", "role", "comment")}


def said(signature: Signature) -> dict[str, str]:
    """What a signature says, by field."""
    return {field: getattr(signature, field) for field in SAID}


def reasons(session: Session, letter: Letter, statement: dict[str, str], how: Arrival) -> list[Flag]:
    """Every reason to look at a new signature: its words, how it came, and what the team asked to see."""
    verdict = rules.verdict(
        session, letter, mail_domain=how.mail_domain, fingerprint=how.fingerprint, network=how.network, now=how.now
    )
    flags = screen(session, letter, statement, mail_domain=how.mail_domain) + arrival.flags(session, letter, how)
    if verdict == "allow":
        flags = [flag for flag in flags if flag.code not in screening.ANSWERED_FOR]
    elif verdict == "block":
        flags.append(Flag("blocked"))
    return flags + list(asked_for(letter, statement["kind"]))


def asked_for(letter: Letter, kind: str) -> Iterator[Flag]:
    """Why the team wants to see a signature of this kind, whatever it says."""
    if letter.holding:
        yield Flag("holding")
    if kind == "organisation":
        yield Flag("organisation", "organisation")
    elif letter.review == "all":
        yield Flag("review_all")


def screen(session: Session, letter: Letter, statement: dict[str, str], *, mail_domain: str = "", own_id: int = 0) -> list[Flag]:
    """The flags of a statement, compared with the lists and with the names on display; `own_id` is the signature that says it."""
    kind = statement["kind"]
    column = "organisation" if kind == "organisation" else "name"
    texts = {field: statement.get(field, "") for field in SHOWN[kind]}
    alike, known, latin = _drawn_alike(session, letter, kind, texts[column], own_id), wordlists.of(session, letter), texts.get("latin_name")
    flags = screening.of_texts({field: value for field, value in texts.items() if field != "latin_name"}, column, known)
    if latin:  # a name as much as the other
        flags += screening.of_texts({"latin_name": latin}, "latin_name", known)
        flags += [Flag("look_alike", "latin_name")] if _drawn_alike(session, letter, kind, latin, own_id) else []
    flags += screening.screen(texts, website=statement["website"], lookalikes=alike)
    return flags + (list(of_organisation(session, letter, statement, mail_domain, own_id)) if kind == "organisation" else [])


def _drawn_alike(session: Session, letter: Letter, kind: str, shown: str, own_id: int) -> list[str]:
    column = Signature.organisation if kind == "organisation" else Signature.name
    others = select(column).where(Signature.letter_id == letter.id, Signature.kind == kind, Signature.id != own_id)
    alike = others.where(Signature.skeleton == screening.skeleton(shown)).distinct().limit(5)
    return list(session.scalars(alike)) if shown else []


def of_organisation(session: Session, letter: Letter, said: dict[str, str], mail_domain: str, own_id: int) -> Iterator[Flag]:
    """Why an organisation's website or mail domain may mean that it has an entry already."""
    host = website_host(said["website"])
    others = select(Signature).where(Signature.letter_id == letter.id, Signature.id != own_id)
    if host is not None and session.scalar(others.where(Signature.website_host == host).limit(1)) is not None:
        yield Flag("same_website", "website")
    for domain in dict.fromkeys((_own_domain(host or ""), _own_domain(mail_domain))):
        if domain and (other := _entry_of(session, letter, domain, own_id)):
            yield Flag("same_organisation", "website", other)


def _own_domain(host: str) -> str:
    """The domain that an organisation has for itself alone; empty where many share one."""
    domain = addresses.registered_domain(host) if host else ""
    return "" if domain in SHARED or addresses.is_free_mail(domain) else domain


def _entry_of(session: Session, letter: Letter, domain: str, own_id: int) -> str | None:
    """The public id of another live entry whose website or representative has this domain."""
    forms = {domain, addresses.readable_domain(domain)}
    ends = (column.like(f"%{form}") for column in (Signature.website_host, Signature.email) for form in sorted(forms))
    likely = select(Signature).where(
        Signature.letter_id == letter.id, Signature.kind == "organisation", Signature.id != own_id,
        Signature.state.in_(("published", "held")), or_(*ends),
    ).order_by(Signature.id)  # fmt: skip
    for each in session.scalars(likely):
        hosts = (each.website_host or "", (each.email or "").rpartition("@")[2])
        if any(host and addresses.registered_domain(host) == domain for host in hosts):
            return each.public_id  # its name must be nowhere once it is withdrawn
    return None


def website_host(website: str) -> str | None:
    """The host of a website as it is compared: lower case, without www."""
    return (urlsplit(website).hostname or "").removeprefix("www.") or None
