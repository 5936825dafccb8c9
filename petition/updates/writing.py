"""Writing updates: drafts in the letter's languages, publishing, correcting in the open, and taking down in the open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from petition import audit
from petition.audit import Actor
from petition.db import db, serialise, transaction
from petition.errors import N_, Conflict, Fault, Invalid, NotFound
from petition.letters import text
from petition.letters.models import Letter
from petition.signatures import submission
from petition.updates.models import Update, UpdateText

LONGEST_TITLE = 200
LONGEST_BODY = 20_000
ON_THE_LETTER = 3  # shown beside the letter itself
A_PAGE = 10
IN_THE_FEED = 20


class Overtaken(Conflict):
    """Somebody else saved the update while it was being edited."""

    code = "update_overtaken"
    message = N_("Somebody else changed this update while you were editing. Your text is kept below; open the page again to compare.")


class NotADraft(Conflict):
    """What can be done to a draft only was asked of an update that readers have seen."""

    code = "not_a_draft"
    message = N_("This update is published already.")


class NotPublished(Conflict):
    """What can be done to a published update only was asked of another."""

    code = "not_published"
    message = N_("This update is not published.")


class Unpublishable(Conflict):
    """An update of a letter that nobody can read yet."""

    code = "letter_is_a_draft"
    message = N_("The letter is a draft. Publish it before its updates.")


@dataclass(frozen=True)
class Words:
    """A title and a Markdown body in one language, checked."""

    title: str
    body: str


def check(letter: Letter, typed: Mapping[str, Mapping[str, str]]) -> dict[str, Words]:
    """The words by language; a language left empty is left out. Raises Invalid, each fault naming `field.language`."""
    faults: list[Fault] = []
    found: dict[str, Words] = {}
    for language in letter.languages:
        given = typed.get(language, {})
        if not any(value.strip() for value in given.values()) and language != letter.original_language:
            continue
        title, body = _title(given.get("title", ""), language, faults), _body(given.get("body", ""), language, faults)
        found[language] = Words(title, body)
    if faults:
        raise Invalid(faults)
    return found


def _title(value: str, language: str, faults: list[Fault]) -> str:
    title = " ".join(_paragraphs(f"title.{language}", value, LONGEST_TITLE, faults).split())
    if not title and not faults:
        faults.append(Fault(f"title.{language}", "missing", N_("Please give the update a title.")))
    return title


def _body(value: str, language: str, faults: list[Fault]) -> str:
    field = f"body.{language}"
    body = _paragraphs(field, value, LONGEST_BODY, faults)
    if not body:
        faults.append(Fault(field, "missing", N_("Please write the text of the update.")))
    try:
        text.check(body)
    except text.Refused as error:
        message = N_("Line %(line)s holds raw HTML, a picture, or a link that is not http, https or mailto.")
        faults.append(Fault(field, "refused", message, {"line": error.line}))
    return body


def _paragraphs(field: str, value: str, longest: int, faults: list[Fault]) -> str:
    try:
        return submission.paragraphs(field, value, longest)
    except Invalid as error:
        faults.extend(error.faults)
        return "…"


def find(letter: Letter, public_id: str) -> Update:
    """An update of this letter, whatever its state; raises NotFound."""
    query = select(Update).where(Update.letter_id == letter.id, Update.public_id == public_id)
    found = db.session.scalar(query) if len(public_id) <= 36 and public_id.isprintable() else None
    if found is None:
        raise NotFound
    return found


def listed(letter: Letter) -> list[Update]:
    """Every update of a letter for its team, the newest first."""
    return list(db.session.scalars(select(Update).where(Update.letter_id == letter.id).order_by(Update.id.desc())))


def public(letter: Letter, limit: int = A_PAGE, before: int | None = None) -> list[Update]:
    """What readers see, the newest first, from a number downwards; what was taken down is among them and says so."""
    query = select(Update).where(Update.letter_id == letter.id, Update.number.is_not(None))
    query = query if before is None else query.where(Update.number < before)
    return list(db.session.scalars(query.order_by(Update.number.desc()).limit(limit)))


def numbered(letter: Letter, number: int) -> Update:
    """The update with this number, taken down or not; raises NotFound."""
    found = db.session.scalar(select(Update).where(Update.letter_id == letter.id, Update.number == number))
    if found is None:
        raise NotFound
    return found


def draft(letter: Letter, words: dict[str, Words], *, actor: Actor, now: datetime) -> Update:
    """Keep a new draft."""
    with transaction() as session:
        update = Update(letter_id=letter.id, letter=letter, created_at=now, changed_at=now, state="draft", revision=0)
        session.add(update)
        _write(update, words, now)
        _note(session, update, "update.drafted", actor, now)
        return update


def save(update: Update, words: dict[str, Words], *, seen: int, actor: Actor, now: datetime) -> bool:
    """Change a draft, or correct a published update, which tells readers the day; False when nothing changed.

    `seen` is the revision that was edited. Raises Overtaken when there is another by now, and NotPublished for one that
    was taken down.
    """
    with transaction() as session:
        _lock(session, update)
        if update.state == "taken_down":
            raise NotPublished
        if update.revision != seen:
            raise Overtaken
        changed = _write(update, words, now)
        if changed:
            action = "update.edited" if update.state == "draft" else "update.corrected"
            _note(session, update, action, actor, now, languages=" ".join(changed))
        return bool(changed)


def _write(update: Update, words: dict[str, Words], now: datetime) -> list[str]:
    """Put the words in; returns the languages that changed. What readers have seen in a language is never emptied."""
    changed = []
    for language, given in words.items():
        standing = update.text(language)
        if standing is None:
            update.texts.append(UpdateText(language=language, title=given.title, body=given.body))
        elif (standing.title, standing.body) == (given.title, given.body):
            continue
        else:
            standing.title, standing.body = given.title, given.body
            standing.corrected_on = now.date() if update.state == "published" else None
        changed.append(language)
    if update.state == "draft":
        gone = [each for each in update.texts if each.language not in words]
        for each in gone:
            update.texts.remove(each)
            changed.append(each.language)
    if changed:
        update.revision += 1
        update.changed_at = now
    return changed


# What else is done with an update that is published, in the same transaction.
_hearing: list[Callable[[Session, Update, datetime], None]] = []


def on_publish(hear: Callable[[Session, Update, datetime], None]) -> Callable[[Session, Update, datetime], None]:
    """Register the decorated function to be told of an update in the transaction that publishes it."""
    _hearing.append(hear)
    return hear


def publish(update: Update, *, actor: Actor, now: datetime) -> None:
    """Show a draft to readers under the letter's next number; raises NotADraft, and Unpublishable under a draft letter."""
    with transaction() as session:
        serialise(session, "updates", update.letter_id)
        _lock(session, update)
        if update.state != "draft":
            raise NotADraft
        if update.letter.status == "draft":
            raise Unpublishable
        highest = session.scalar(select(func.max(Update.number)).where(Update.letter_id == update.letter_id)) or 0
        update.number, update.state = highest + 1, "published"
        update.published_at = update.changed_at = now
        _note(session, update, "update.published", actor, now, number=update.number)
        for hear in _hearing:
            hear(session, update, now)


def take_down(update: Update, *, actor: Actor, now: datetime) -> None:
    """Take a published update off the page, where its place says so from then on; raises NotPublished."""
    with transaction() as session:
        _lock(session, update)
        if update.state != "published":
            raise NotPublished
        update.state = "taken_down"
        update.taken_down_at = update.changed_at = now
        _note(session, update, "update.taken_down", actor, now, number=update.number)


def discard(update: Update, *, actor: Actor, now: datetime) -> None:
    """Delete a draft; raises NotADraft for what readers have seen."""
    with transaction() as session:
        _lock(session, update)
        if update.state != "draft":
            raise NotADraft
        _note(session, update, "update.discarded", actor, now)
        session.delete(update)


def _lock(session: Session, update: Update) -> None:
    session.refresh(update, with_for_update=True)


def _note(session: Session, update: Update, action: str, actor: Actor, now: datetime, **details: object) -> None:
    session.flush()
    audit.record(
        session, at=now, actor=actor, action=action, thing=("update", update.public_id), team_id=update.letter.team_id,
        letter=update.letter.slug, **details,
    )  # fmt: skip
