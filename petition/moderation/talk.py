"""What is said about a signature that waits: the team's notes, its questions, and what the signatory answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from petition import accounts, audit, outbox
from petition.accounts import Member
from petition.audit import SIGNATORY
from petition.config import Config
from petition.db import db, transaction
from petition.errors import N_, Conflict, LinkNotValid, PetitionError
from petition.moderation.models import Note
from petition.moderation.view import find
from petition.moderation.wording import checked
from petition.signatures import operations, tokens, transitions
from petition.signatures.models import Signature

LONGEST_NOTE = 2000
LONGEST_QUESTION = 1000
SHORTEST_QUESTION = 10
LONGEST_ANSWER = 2000
MOST_QUESTIONS = 3


class NotWaiting(Conflict):
    """Only whoever waits for a decision is asked for evidence."""

    code = "not_waiting"
    message = N_("Only the signatory of a held signature can be asked.")


class NoAddress(Conflict):
    """There is nowhere to send a question to."""

    code = "no_address"
    message = N_("The signatory cannot be asked: no address of theirs is kept any more.")


class AskedEnough(Conflict):
    """A signatory is asked so often and no more."""

    code = "asked_enough"
    message = N_("The signatory has been asked often enough. Please decide with what is known.")


class NothingAsked(Conflict):
    """An answer to no open question."""

    code = "nothing_asked"
    message = N_("There is no open question about this signature.")


def of(found: Signature) -> list[Note]:
    """Everything said about a signature, oldest first."""
    return list(db.session.scalars(select(Note).where(Note.signature_id == found.id).order_by(Note.id)))


def marks(ids: Collection[int]) -> dict[int, tuple[int, str]]:
    """For each of these signatures of which anything was said: the number of notes, and whether it was asked or answered."""
    found: dict[int, tuple[int, str]] = {}
    rows = select(Note.signature_id, Note.kind).where(Note.signature_id.in_(ids)).order_by(Note.id)
    for signature_id, kind in db.session.execute(rows):
        notes, talk = found.get(signature_id, (0, ""))
        talk = {"question": "asked", "answer": "answered"}.get(kind, talk)
        found[signature_id] = (notes + (kind == "note"), talk)
    return found


def between(found: Signature) -> list[Note]:
    """The questions and answers, which the signatory may read: never the team's notes."""
    return [each for each in of(found) if each.kind != "note"]


def is_open(said: Sequence[Note]) -> bool:
    """Whether the last question still waits for its answer."""
    kinds = [each.kind for each in said if each.kind != "note"]
    return kinds[-1:] == ["question"]


def why_not(found: Signature, said: Sequence[Note]) -> PetitionError | None:
    """Why the signatory cannot be asked, or None."""
    if found.state != "held":
        return NotWaiting()
    if found.email is None:
        return NoAddress()
    return AskedEnough() if sum(each.kind == "question" for each in said) >= MOST_QUESTIONS else None


def add_note(member: Member, public_id: str, words: str, *, now: datetime) -> None:
    """Keep a note for the team; raises NotFound, Forbidden, Invalid."""
    words = checked("note", words, longest=LONGEST_NOTE)
    with transaction() as session:
        found = _moderated(member, public_id)
        _keep(session, found, "note", words, member.email, now)
        _record(session, found, "signature.noted", member.actor, now)


def ask(member: Member, public_id: str, words: str, *, config: Config, now: datetime) -> None:
    """Mail the signatory of a held signature a question, whose answer comes back through their own page.

    Raises NotFound, Forbidden, Invalid, and NotWaiting, NoAddress or AskedEnough when nobody can be asked.
    """
    words = checked("question", words, longest=LONGEST_QUESTION, least=SHORTEST_QUESTION)
    with transaction() as session:
        found = _moderated(member, public_id)
        refused = why_not(found, of(found))
        if refused is not None:
            raise refused
        if not _mail(session, found, words, config, now):
            raise AskedEnough
        _keep(session, found, "question", words, member.email, now)
        _record(session, found, "signature.asked", member.actor, now)


def _mail(session: Session, found: Signature, words: str, config: Config, now: datetime) -> bool:
    values = operations.letter_values(found.letter, found.language, config) | {"question": words}
    values["token"] = tokens.issue(session, "manage", leads_to=found, expires_at=None)
    return outbox.queue(
        session, "question", to=found.email or "", fingerprint=found.address_fingerprint or "", language=found.language,
        values=values, scope=f"question:{found.letter_id}", now=now, cap=outbox.QUESTION_CAP,
    )  # fmt: skip


def answer(token: str, words: str, *, now: datetime) -> None:
    """Keep what the signatory answers; raises LinkNotValid, Invalid, and NothingAsked unless a question is open."""
    with transaction() as session:
        found = operations.claim(session, token, now).signature
        if found is None:
            raise LinkNotValid
        if found.state != "held" or not is_open(of(found)):
            raise NothingAsked
        _keep(session, found, "answer", checked("answer", words, longest=LONGEST_ANSWER), "", now)
        _record(session, found, "signature.answered", SIGNATORY, now)


def _moderated(member: Member, public_id: str) -> Signature:
    found = find(public_id, lock=True)
    accounts.require(member, "moderator", found.letter.team_id)
    if found.state == "withdrawn":  # nothing is kept about it any more
        raise NotWaiting
    return found


def _keep(session: Session, found: Signature, kind: str, words: str, author: str, now: datetime) -> None:
    session.add(Note(signature_id=found.id, kind=kind, author=author, words=words, at=now))


def _record(session: Session, found: Signature, action: str, actor: audit.Actor, now: datetime) -> None:
    audit.record(
        session, at=now, actor=actor, action=action, thing=("signature", found.public_id), team_id=found.letter.team_id,
        letter=found.letter.slug,
    )  # fmt: skip


@transitions.on_forget
def _forget(session: Session, found: Signature) -> None:
    session.execute(delete(Note).where(Note.signature_id == found.id))
