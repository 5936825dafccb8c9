"""What is done to letters: loading, editing, publishing; and how a changed text becomes a version or a correction."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition import accounts, audit
from petition.audit import Actor
from petition.db import db, serialise, transaction
from petition.errors import N_, BadFile, Conflict, EditedSince, NotFound
from petition.letters import document as letter_file
from petition.letters import text
from petition.letters.document import SHARED, WORDS, LetterDocument, refused
from petition.letters.fields import ITEMS, Bad
from petition.letters.models import STATUSES, Letter, LetterText, LetterVersion, Translation

DEFAULTS = {"signatories": "both", "review": "auto", "risk": "normal", "controller": "", "contact": ""}
_COLUMNS = {"date": "dated"}  # the letter file's word for it is the model's `dated`

# Tells whether anybody signed yet; given by the caller, since letters know nothing of signatures.
Signed = Callable[[int], bool]


class NotPublishable(Conflict):
    """A closed letter stays closed."""

    code = "closed_for_good"
    message = N_("A closed letter cannot be opened again.")


class Overtaken(Conflict):
    """Somebody else saved the letter while this text was being edited."""

    code = "overtaken"
    message = N_("Somebody else changed this letter while you were editing. Your text is kept below; compare before you save.")


class SlugTaken(Conflict):
    """A new letter asked for the address of one that exists."""

    code = "slug_taken"
    message = N_("There is a letter at this address already. Choose another slug.")


@dataclass(frozen=True)
class Loaded:
    """What loading a file did: created, updated, unchanged, new version or correction."""

    slug: str
    language: str
    outcome: str
    version: str


def find(slug: str) -> Letter:
    """The letter at this address, drafts included; raises NotFound."""
    found = db.session.scalar(select(Letter).where(Letter.slug == slug))
    if found is None:
        raise NotFound
    return found


def find_published(slug: str) -> Letter:
    """The letter at this address if the public may know of it; raises NotFound."""
    found = find(slug)
    if found.status == "draft":
        raise NotFound
    return found


def find_numbered(number: int) -> Letter:
    """The letter of this number if the public may know of it; raises NotFound."""
    found = db.session.get(Letter, number)
    if found is None or found.status == "draft":
        raise NotFound
    return found


def listed(team_ids: list[int] | None = None, drafts: bool = False) -> list[Letter]:
    """Letters, the newest first; of these teams or (None) of all."""
    query = select(Letter).order_by(Letter.created_at.desc(), Letter.id.desc())
    if team_ids is not None:
        query = query.where(Letter.team_id.in_(team_ids))
    if not drafts:
        query = query.where(Letter.status != "draft")
    return list(db.session.scalars(query))


def text_by_fingerprint(letter: Letter, fingerprint: str) -> LetterText:
    """The text that a fingerprint fixes; raises NotFound."""
    query = select(LetterText).join(LetterVersion).where(LetterVersion.letter_id == letter.id)
    found = db.session.scalar(query.where(LetterText.fingerprint == fingerprint).limit(1))
    if found is None:
        raise NotFound
    return found


def text_shown(letter: Letter, language: str) -> LetterText:
    """The current text in the language, or in the original's where it is not translated."""
    found = letter.version.text(language) or letter.version.text(letter.original_language)
    if found is None:
        raise NotFound
    return found


def hold(session: Session, *slugs: str) -> None:
    """Make whoever else would write or make these letters wait, and see them as whoever was before has left them."""
    for slug in sorted(set(slugs)):  # in one order, so that two who want several do not wait for each other
        serialise(session, "letter", slug)
    session.flush()
    session.expire_all()


def as_document(letter: Letter, language: str) -> LetterDocument:
    """The letter's words in a language as a letter file would hold them; raises NotFound."""
    words = letter.translation(language)
    if words is None:
        raise NotFound
    values = {name: getattr(words, name) for name in WORDS}
    if language == letter.original_language:
        shared = {name: getattr(letter, _COLUMNS.get(name, name)) for name in SHARED}
        values |= {name: None if value == "" else value for name, value in shared.items()}
    return LetterDocument(slug=letter.slug, language=language, **values)


def difference(before: LetterDocument, after: LetterDocument) -> str:
    """A unified diff of two letter files."""
    old, new = (letter_file.write(each).splitlines(keepends=True) for each in (before, after))
    return "".join(difflib.unified_diff(old, new, "the letter as it stands", "the file"))


def load(
    given: LetterDocument, *, file: str, signed: Signed, actor: Actor, now: datetime, force: bool = False,
    correction: bool = False, team_name: str | None = None, new: bool = False, source: str = "file",
) -> Loaded:  # fmt: skip
    """Create or update a letter, or one of its translations, from a letter file; the same file twice changes nothing.

    Raises EditedSince when the admin changed the words since the last load and `force` is not given, BadFile when the
    file does not fit the letter, and SlugTaken when there is one that should be `new`.
    """
    with transaction() as session:
        hold(session, given.slug)
        letter = session.scalar(select(Letter).where(Letter.slug == given.slug))
        if letter is not None and new:
            raise SlugTaken
        if letter is None:
            letter = _new_letter(session, given, team_name, now)
        words = letter.translation(given.language)
        # What was taken away as it stands comes back as it stands, also where the original has moved on since.
        if words is None or as_document(letter, given.language).digest != given.digest:
            given = _completed(letter, given, file, now)
        if words is not None:
            standing = as_document(letter, given.language)
            edited = words.loaded_digest not in ("", standing.digest)
            if edited and not force and given.digest != standing.digest:
                raise EditedSince(difference(standing, given), slug=given.slug, language=given.language)
        outcome = _apply(session, letter, given, signed=signed, correction=correction, now=now)
        changed = letter.translation(given.language)
        assert changed is not None
        changed.loaded_digest = given.digest
        if outcome != "unchanged":
            _note(session, letter, f"letter.{outcome}", actor, now, language=given.language, source=source)
        return Loaded(letter.slug, given.language, outcome, letter.version.label)


def edit(
    given: LetterDocument, *, signed: Signed, actor: Actor, now: datetime, correction: bool, standing: str | None = None,
) -> Loaded:  # fmt: skip
    """Change a letter, or add a translation, from the admin.

    `standing` is the digest of the words that were edited, '' where there were none. A translation that is saved is one of
    the original as it stands, also where no word of it changed. Raises NotFound, BadFile when the words do not fit, and
    Overtaken when others stand there by now.
    """
    with transaction() as session:
        hold(session, given.slug)
        letter = find(given.slug)
        stands = as_document(letter, given.language).digest if letter.translation(given.language) else ""
        if standing is not None and standing != stands:
            raise Overtaken
        given = _completed(letter, given, given.slug, now)
        outcome = _apply(session, letter, given, signed=signed, correction=correction, now=now)
        if outcome != "unchanged":
            _note(session, letter, f"letter.{outcome}", actor, now, language=given.language, source="admin")
        elif _made_from_now(letter, given.language):
            _note(session, letter, "letter.updated", actor, now, language=given.language, source="admin", words="unchanged")
        return Loaded(letter.slug, given.language, outcome, letter.version.label)


# Rooms above this one that tell others of a letter.
_opening: list[Callable[[Session, Letter, datetime], None]] = []


def on_open(tell: Callable[[Session, Letter, datetime], None]) -> Callable[[Session, Letter, datetime], None]:
    """Register the decorated function to run, in the same transaction, when a draft is published."""
    _opening.append(tell)
    return tell


def set_status(letter: Letter, status: str, *, actor: Actor, now: datetime) -> None:
    """Open, pause or close a letter; raises NotPublishable for a closed one."""
    if status not in STATUSES or status == "draft":
        raise ValueError(status)
    with transaction() as session:
        hold(session, letter.slug)
        session.refresh(letter, with_for_update=True)
        if letter.status == "closed" and status != "closed":
            raise NotPublishable
        if letter.status == "draft" and status != "open":
            raise Conflict  # it would be public without ever having been published
        if letter.status != status:
            before, letter.status = letter.status, status
            letter.closed_at = now if status == "closed" else None
            letter.gathering, letter.publishes_at = False, None
            _note(session, letter, "letter.status", actor, now, before=before, after=status)
            if before == "draft":
                for tell in _opening:
                    tell(session, letter, now)


def _note(session: Session, letter: Letter, action: str, actor: Actor, now: datetime, **details: str) -> None:
    session.flush()
    audit.record(session, at=now, actor=actor, action=action, thing=("letter", letter.id), team_id=letter.team_id, **details)


def _new_letter(session: Session, given: LetterDocument, team_name: str | None, now: datetime) -> Letter:
    letter = Letter(
        team_id=accounts.team(team_name).id, slug=given.slug, original_language=given.language, created_at=now, status="draft",
        **DEFAULTS,
    )  # fmt: skip
    letter.versions.append(LetterVersion(major=1, minor=0, created_at=now))
    session.add(letter)
    return letter


def _completed(letter: Letter, given: LetterDocument, file: str, now: datetime) -> LetterDocument:
    """The file with its defaults filled in; refuses a second original, a lost demand, and a term that is over."""
    if given.language == letter.original_language:
        if given.keep_until is not None and given.keep_until != letter.keep_until and given.keep_until <= now.date():
            raise refused(Bad("over"), "keep_until", file)
        # A file that forgets to say how dangerous signing is must not expose those who signed in confidence.
        defaults = DEFAULTS | {"risk": letter.risk}
        missing: dict[str, Any] = {name: value for name, value in defaults.items() if value and getattr(given, name) is None}
        return replace(given, **missing)
    if given.is_original:
        shared = next(name for name in SHARED if getattr(given, name) is not None)
        raise refused(Bad("shared", original=letter.original_language), shared, file)
    original = letter.translation(letter.original_language)
    for name in ITEMS:
        if original is not None and len(getattr(given, name)) != len(getattr(original, name)):
            raise refused(Bad("count", name=name, there=len(getattr(original, name)), here=len(getattr(given, name))), name, file)
    return given


def _apply(session: Session, letter: Letter, given: LetterDocument, *, signed: Signed, correction: bool, now: datetime) -> str:
    """Write the words and what follows from them; returns the outcome in one word."""
    words = letter.translation(given.language)
    outcome = "created" if words is None else "updated"
    if words is None:
        words = Translation(language=given.language)
        letter.translations.append(words)
    elif as_document(letter, given.language).digest == given.digest:
        return "unchanged"
    if letter.protected and given.risk == "normal" and signed(letter.id):
        raise refused(Bad("exposes"), "risk", given.slug)
    if given.language == letter.original_language:
        _remember_original(letter)
    for name in WORDS:
        setattr(words, name, getattr(given, name))
    _made_from_now(letter, given.language)
    if given.language == letter.original_language:
        for name in SHARED:
            setattr(letter, _COLUMNS.get(name, name), getattr(given, name) if getattr(given, name) is not None else DEFAULTS.get(name))
    session.flush()
    return _fix_text(session, letter, words, signed, correction, now) or outcome


def spoken(words: Translation | LetterDocument) -> dict[str, Any]:
    """Every word of a letter in one language, as plain values."""
    return {name: getattr(words, name) for name in WORDS}


def _remember_original(letter: Letter) -> None:
    """Translations that nobody noted otherwise of are of the original as it still stands."""
    original = letter.translation(letter.original_language)
    for each in letter.translations:
        if original is not None and each is not original and each.made_from is None:
            each.made_from = spoken(original)


def _made_from_now(letter: Letter, language: str) -> bool:
    """Note that this translation is of the original as it stands; tells whether that was not noted before."""
    words, original = letter.translation(language), letter.translation(letter.original_language)
    if words is None or original is None or words is original or words.made_from == spoken(original):
        return False
    words.made_from = spoken(original)
    return True


def _fix_text(session: Session, letter: Letter, words: Translation, signed: Signed, correction: bool, now: datetime) -> str | None:
    """Record the text in the current version or, for the original after the first signature, in a new one."""
    version, dated = letter.version, letter.dated.isoformat() if letter.dated else ""
    canonical = text.canonical(words, dated)
    standing = version.text(words.language)
    if standing is not None and standing.fingerprint == text.fingerprint(canonical):
        return None
    outcome = None
    if words.language == letter.original_language and standing is not None:
        if signed(letter.id):
            version, outcome = _next_version(letter, correction, now)
        _carry_translations(letter, version, dated, now, signed)
    _put_text(letter, version, words.language, canonical, now, signed)
    session.flush()
    return outcome


def _next_version(letter: Letter, correction: bool, now: datetime) -> tuple[LetterVersion, str]:
    last = letter.version
    major, minor = (last.major, last.minor + 1) if correction else (last.major + 1, 0)
    version = LetterVersion(major=major, minor=minor, created_at=now)
    letter.versions.append(version)
    return version, "corrected" if correction else "new_version"


def _carry_translations(letter: Letter, version: LetterVersion, dated: str, now: datetime, signed: Signed) -> None:
    """Translations stand in the version as they are, with its date, until somebody mends them."""
    for words in letter.translations:
        standing, canonical = version.text(words.language), text.canonical(words, dated)
        if words.language != letter.original_language and (standing is None or standing.canonical != canonical):
            _put_text(letter, version, words.language, canonical, now, signed)


def _put_text(letter: Letter, version: LetterVersion, language: str, canonical: str, now: datetime, signed: Signed) -> None:
    standing = version.text(language)
    if standing is not None and letter.status == "draft" and not signed(letter.id):
        # What was never published and nobody signed is nobody's business once it is reworded.
        standing.canonical, standing.fingerprint, standing.created_at = canonical, text.fingerprint(canonical), now
        return
    version.texts.append(LetterText(language=language, fingerprint=text.fingerprint(canonical), canonical=canonical, created_at=now))


def load_all(
    files: Sequence[tuple[str, LetterDocument]], *, signed: Signed, actor: Actor, now: datetime, correction: bool = False,
    publish: bool = False, team_name: str | None = None,
    show: Callable[[str], None] | None = None,
) -> list[Loaded]:  # fmt: skip
    """Load (file name, document) pairs whole or not at all, originals first.

    With `show`, words edited in the admin are overwritten, after it was given the difference.
    Raises BadFile for two files of one slug and language, and what `load` and `set_status` raise.
    """
    seen: dict[tuple[str, str], str] = {}
    for file, given in files:
        if (given.slug, given.language) in seen:
            other = seen[given.slug, given.language]
            raise BadFile(file=file, line=1, reason=f"{other} has the same slug and language; give one of them")
        seen[given.slug, given.language] = file
    loaded = []
    with transaction() as session:
        hold(session, *(slug for slug, _ in seen))
        for file, given in sorted(files, key=lambda each: not each[1].is_original):
            put = partial(load, given, file=file, signed=signed, actor=actor, now=now, correction=correction, team_name=team_name)
            try:
                loaded.append(put())
            except EditedSince as error:
                if show is None:
                    raise
                show(error.difference)
                loaded.append(put(force=True))
        for slug in dict.fromkeys(each.slug for each in loaded):
            if publish:
                set_status(find(slug), "open", actor=actor, now=now)
    return loaded
