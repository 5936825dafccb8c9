"""Translations beside their original: what is missing or outdated, and work that is kept until it is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from petition import audit
from petition.audit import Actor
from petition.db import transaction
from petition.errors import N_, Conflict, Invalid, NotFound
from petition.letters import operations as letters
from petition.letters import typed
from petition.letters.changes import Paragraph, between, plain
from petition.letters.document import LetterDocument
from petition.letters.fields import ITEMS
from petition.letters.models import Letter, Translation, UnfinishedTranslation
from petition.letters.operations import Loaded, Overtaken, Signed
from petition.letters.typed import Item, Typed

# Parts of an item that a translation takes over from the original as they are.
FIXED = {"addressees": ("email",), "events": ("date",)}


class OriginalChanged(Conflict):
    """The original moved on under a translation that was being written."""

    code = "original_changed"
    message = N_("The original was changed while you were translating. Your text is kept below; compare it before you save.")


@dataclass(frozen=True)
class State:
    """How far the letter is in one language."""

    language: str
    original: bool
    public: bool  # readers get it, as soon as they get the letter
    unfinished: datetime | None  # when work was last kept that readers do not get
    missing: tuple[str, ...]
    outdated: bool


@dataclass(frozen=True)
class Desk:
    """A translation as it is opened for writing: beside each field what stands in the original and what changed there."""

    source: Typed
    given: Typed
    since: Mapping[str, tuple[Paragraph, ...]]
    standing: str
    kept: str
    kept_at: datetime | None


@dataclass(frozen=True)
class Moved:
    """What was typed beside an original that is another one by now: beside its own entries, and what has no place any more."""

    given: Typed
    leftover: list[str]
    since: Mapping[str, tuple[Paragraph, ...]]  # as of a desk, by the form's fields


def states(letter: Letter) -> list[State]:
    """Each language of the letter, the original first, those that only the team sees last."""
    found = [_state(letter, code) for code in letter.languages]
    return found + [_state(letter, each.language) for each in letter.unfinished if letter.translation(each.language) is None]


def _state(letter: Letter, language: str) -> State:
    original, words, work = letter.translation(letter.original_language), letter.translation(language), unfinished(letter, language)
    assert original is not None
    if work is not None:
        source, given, made_from = typed.of(letters.spoken(original)), Typed(**work.typed), work.made_from
        missing = tuple(dict.fromkeys(name.partition("-")[0] for name in missing_in(source, _aligned(source, given, made_from))))
    else:
        assert words is not None
        missing, made_from = _missing_fields(original, words), words.made_from or {}
    outdated = words is not original and bool(made_from) and made_from != letters.spoken(original)
    return State(
        language, words is original, words is not None, work.saved_at if work else None, missing, outdated
    )  # fmt: skip


def _missing_fields(original: Translation, words: Translation) -> tuple[str, ...]:
    if words is original:
        return ()
    there, here = letters.spoken(original), letters.spoken(words)
    without = [name for name in there if there[name] and not here[name]]
    return tuple(without + [name for name in ITEMS if here[name] and len(here[name]) < len(there[name])])


def missing_in(source: Typed, given: Typed) -> list[str]:
    """The form fields that are written in the original and not in the translation."""
    found = [name for name, value in source.plain.items() if value.strip() and not given.plain[name].strip()]
    for name, items in source.lists.items():
        for index, item in enumerate(items):
            here = given.lists[name][index] if index < len(given.lists[name]) else {}
            found += [typed.named(name, index, part) for part, value in item.items() if value.strip() and not here.get(part, "").strip()]
    return found


def unfinished(letter: Letter, language: str) -> UnfinishedTranslation | None:
    """What was kept of a translation that is being written."""
    return next((each for each in letter.unfinished if each.language == language), None)


def digest(work: UnfinishedTranslation | None) -> str:
    """Of what is kept, so that two who write the same translation notice; '' for nothing."""
    return hashlib.sha256(json.dumps(work.typed, sort_keys=True).encode()).hexdigest() if work else ""


def opened(letter: Letter, language: str) -> Desk:
    """The translation as it was kept or saved last, its items paired with those of the original."""
    original, words, work = letter.translation(letter.original_language), letter.translation(language), unfinished(letter, language)
    if original is None:
        raise NotFound
    source = typed.of(letters.spoken(original))
    given = Typed(**work.typed) if work else typed.of(letters.spoken(words)) if words else Typed()
    made_from = (work.made_from if work else words.made_from if words else None) or {}
    return Desk(
        source, _aligned(source, given, made_from), since(source, made_from),
        letters.as_document(letter, language).digest if words else "", digest(work), work.saved_at if work else None,
    )  # fmt: skip


def _aligned(source: Typed, given: Typed, made_from: Mapping[str, Any]) -> Typed:
    before = typed.of(made_from) if made_from else source
    lists = {}
    for name, items in source.lists.items():
        here = given.lists[name]
        pairs = paired(before.lists[name], items)
        lists[name] = [here[pair] if pair is not None and pair < len(here) else {} for pair in pairs]
    return fitted(source, Typed(given.plain, lists))


def fitted(source: Typed, given: Typed) -> Typed:
    """As many items as the original has, with what a translation takes over from it."""
    lists = {}
    for name, items in source.lists.items():
        here = given.lists[name]
        lists[name] = [_fitted(name, item, here[index] if index < len(here) else {}) for index, item in enumerate(items)]
    return Typed(given.plain, lists)


def _fitted(name: str, item: Item, here: Item) -> Item:
    fixed = FIXED.get(name, ())
    return {part: value if part in fixed else here.get(part, "") if value.strip() else "" for part, value in item.items()}


def marks(source: Typed) -> str:
    """A short mark of every field and entry of the original, by which a form knows what it was opened on."""
    return " ".join(f"{name}:{mark}" for name, found in _marked(source).items() for mark in found)


def _marked(source: Typed) -> dict[str, list[str]]:
    words: dict[str, Sequence[object]] = {name: [value] for name, value in source.plain.items()}
    return {
        name: [hashlib.sha256(repr(each).encode()).hexdigest()[:16] for each in values] for name, values in (words | source.lists).items()
    }  # fmt: skip


def moved(opened_on: str, source: Typed, sent: Typed) -> Moved:
    """What was sent from a form that was opened on an original with these marks, brought beside the original as it stands."""
    before, now = _read_marks(opened_on), _marked(source)
    changed = {name: value for name, value in source.plain.items() if before.get(name) != now[name]}
    lists, leftover = {}, []
    for name, items in sent.lists.items():
        stood = before.get(name, [])[: typed.MOST]
        pairs = paired(stood, now[name])
        lists[name] = [items[pair] if pair is not None and pair < len(items) else {} for pair in pairs]
        leftover += [plain(each) for at, each in enumerate(items) if at not in pairs and not typed.blank(each)]
        for index, pair in enumerate(pairs):
            if pair is None or stood[pair] != now[name][index]:
                changed |= {typed.named(name, index, part): value for part, value in source.lists[name][index].items()}
    since = {where: between("", words) for where, words in changed.items() if words}
    return Moved(fitted(source, Typed(sent.plain, lists)), leftover, since)


def _read_marks(written: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in written.split():
        name, _, mark = each.partition(":")
        found.setdefault(name, []).append(mark)
    return found


def paired(before: Sequence[object], now: Sequence[object]) -> list[int | None]:
    """For each item of the original as it stands, where it stood: by its words, or else at the same place, changed."""
    found: list[int | None] = []
    for index, item in enumerate(now):
        same = [at for at, each in enumerate(before) if each == item and at not in found]
        found.append(index if index in same else same[0] if same else None)
    for index, pair in enumerate(found):
        if pair is None and index < len(before) and index not in found:
            found[index] = index
    return found


def since(source: Typed, made_from: Mapping[str, Any]) -> dict[str, tuple[Paragraph, ...]]:
    """What changed in the original since, by form field: the changed words, or all of them where the item is new."""
    if not made_from:
        return {}
    before = typed.of(made_from)
    pairs = [(name, before.plain[name], value) for name, value in source.plain.items()]
    for name, items in source.lists.items():
        for index, pair in enumerate(paired(before.lists[name], items)):
            old: Item = before.lists[name][pair] if pair is not None else {}
            pairs += [(typed.named(name, index, part), old.get(part, ""), value) for part, value in items[index].items()]
    return {where: between(old, new) for where, old, new in pairs if old != new}


def gone(letter: Letter, language: str) -> list[tuple[str, str]]:
    """Items that stood in the original when the translation was saved, and do not any more: (list, words)."""
    original, work, words = letter.translation(letter.original_language), unfinished(letter, language), letter.translation(language)
    made_from = (work.made_from if work else words.made_from if words else None) or {}
    if original is None or not made_from:
        return []
    before, now = typed.of(made_from), typed.of(letters.spoken(original))
    kept = {name: paired(before.lists[name], now.lists[name]) for name in ITEMS}
    return [
        (name, plain(each)) for name in ITEMS for at, each in enumerate(before.lists[name]) if at not in kept[name]
    ]  # fmt: skip


def keep(
    letter: Letter, language: str, given: Typed, *, kept: str, source: str | None = None, actor: Actor, now: datetime
) -> None:  # fmt: skip
    """Keep a translation that is being written, for the team alone.

    Raises Overtaken when somebody else kept another, and OriginalChanged when `source`, the marks of the original it was
    written beside, are not those of the one that stands.
    """
    with transaction() as session:
        work = _work(session, letter, language, kept, source) or UnfinishedTranslation(language=language)
        original = letter.translation(letter.original_language)
        assert original is not None
        work.typed, work.made_from, work.saved_at = given.as_json(), letters.spoken(original), now
        if work not in letter.unfinished:
            letter.unfinished.append(work)
        _note(session, letter, "letter.translation_kept", language, actor, now)


def discard(letter: Letter, language: str, *, kept: str, actor: Actor, now: datetime) -> None:
    """Throw the kept work away; what readers get stays as it is."""
    with transaction() as session:
        if (work := _work(session, letter, language, kept)) is not None:
            letter.unfinished.remove(work)
            session.delete(work)
            _note(session, letter, "letter.translation_discarded", language, actor, now)


def finish(
    letter: Letter, given: LetterDocument, *, standing: str, kept: str, source: str | None = None, signed: Signed, actor: Actor,
    now: datetime,
) -> Loaded:  # fmt: skip
    """Give readers the translation, and forget the kept work; raises what `edit` and `keep` raise."""
    with transaction() as session:
        work = _work(session, letter, given.language, kept, source)
        loaded = letters.edit(given, signed=signed, actor=actor, now=now, correction=False, standing=standing)
        if work is not None:
            letter.unfinished.remove(work)
            session.delete(work)
        return loaded


def document(letter: Letter, language: str, given: Typed) -> LetterDocument:
    """The translation as a document; raises Invalid, with the faults of a translation that is not whole yet among others."""
    return typed.document(given, LetterDocument(slug=letter.slug, language=language, title="", body=""), paired=True)


def only_missing(error: Invalid) -> bool:
    """Whether nothing is wrong but that parts are not written yet."""
    return all(fault.code in typed.MISSING for fault in error.faults)


def _work(
    session: Session, letter: Letter, language: str, kept: str, source: str | None = None
) -> UnfinishedTranslation | None:  # fmt: skip
    letters.hold(session, letter.slug)
    work, original = unfinished(letter, language), letter.translation(letter.original_language)
    if source is not None and original is not None and source != marks(typed.of(letters.spoken(original))):
        raise OriginalChanged
    if digest(work) != kept:
        raise Overtaken
    return work


def _note(session: Session, letter: Letter, action: str, language: str, actor: Actor, now: datetime) -> None:
    session.flush()
    audit.record(
        session, at=now, actor=actor, action=action, thing=("letter", letter.id), team_id=letter.team_id, language=language
    )  # fmt: skip
