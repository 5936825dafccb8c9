"""Invented signatories for the demo: visibly made up, the same ones every time, counted like real ones."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from petition import addresses
from petition.config import Config
from petition.db import transaction
from petition.letters.models import Letter
from petition.letters.operations import text_shown
from petition.signatures import checking, consent, flow, levels, screening, series, transitions
from petition.signatures.models import FlowTally, Signature
from petition.upkeep import cast

CHUNK = 250
ONE_IN = 17  # about 6 % organisations
SPREAD = 40  # days
SEED = "an open letter"

Words = dict[str, Any]


def sign(letter: Letter, how_many: int, *, now: datetime, config: Config, progress: Callable[[int], None], start: int = 0) -> None:
    """Bring the invented signatures of a letter from `start`, where an earlier run ended, to so many.

    `progress` hears after each chunk how many more are in.
    """
    everybody = _everybody(random.Random(SEED), how_many)  # noqa: S311 (the same cast every time is the point)
    chunks = islice(everybody, start, None)
    number = start
    while chunk := list(islice(chunks, CHUNK)):
        with transaction() as session:
            _insert(session, letter, chunk, number, config, now)
        number += len(chunk)
        progress(len(chunk))


def _insert(session: Session, letter: Letter, chunk: list[Words], number: int, config: Config, now: datetime) -> None:
    cells: Counter[tuple[Any, ...]] = Counter()
    consents: dict[str, tuple[int, int]] = {}
    for position, words in enumerate(chunk, start=number):
        language = words["language"]
        if language not in consents:
            consents[language] = consent.record(session, letter, language).id, text_shown(letter, language).id
        words["consent_id"], words["text_id"] = consents[language]
        signature = _signature(letter, words, position, config, now)
        transitions.list_entry(signature)
        session.add(signature)
        cells.update(transitions.weight(signature))
        cells.update(_flow(signature, position, now))
    session.flush()
    transitions.add(session, dict(cells))


def _signature(letter: Letter, words: Words, position: int, config: Config, now: datetime) -> Signature:
    """A row as confirming and deciding would have left it, without an address."""
    days_ago, hour = words.pop("days_ago"), words.pop("hour")
    signature = Signature(**words)
    signature.letter, signature.letter_id = letter, letter.id
    signature.public_id = str(uuid.UUID(bytes=random.Random(f"{SEED} {letter.id} {position}").randbytes(16), version=4))  # noqa: S311
    signature.major, signature.origin, signature.state_before, signature.reason = letter.version.major, "online", "", ""
    signature.signed_on = now.date() - timedelta(days=days_ago)
    signature.address_fingerprint = addresses.fingerprint(f"invented-{position}@example.org", config.fingerprint_bytes)
    if signature.state == "held":  # what clusters are found by is kept until the decision
        signature.hour = datetime.combine(signature.signed_on, time(hour), now.tzinfo)
        signature.name_shape = screening.name_shape(signature.organisation if signature.kind == "organisation" else signature.name)
    if signature.kind == "organisation":
        signature.organisation_key = screening.fold_organisation(signature.organisation)
        signature.website_host = checking.website_host(signature.website)
        if signature.state == "published":
            checked = datetime.combine(signature.signed_on, time(hour), now.tzinfo) + timedelta(hours=6)
            signature.decided_at, signature.decided_by, signature.state_before = min(checked, now), "the demo", "held"
            levels.write(signature, levels.at(_level(signature.website, position), signature.decided_at))
    return signature


def _flow(signature: Signature, position: int, now: datetime) -> Iterator[tuple[Any, ...]]:
    """What is counted as an invented signature comes in, drawn apart from the cast; a few who asked never confirmed."""
    chance = random.Random(f"{SEED} flow {position}")  # noqa: S311
    day = signature.signed_on.isoformat()
    waits, tags = (*flow.WAITS, flow.LONGER), ("", "newsletter", "partners", "poster")
    found = [(flow.ASKED, day), (flow.CONFIRMED, day), (flow.WAITED, chance.choices(waits, (9, 14, 8, 6, 5, 4, 2))[0])]
    found += [(flow.ASKED, day)] if chance.random() < 0.16 else []
    found.append((flow.SOURCE, chance.choices(tags, (10, 5, 3, 1))[0]))
    came = datetime.combine(signature.signed_on, time(chance.randrange(6, 18)), now.tzinfo)
    if now - timedelta(hours=series.HOURS) < came <= now:
        found.append((flow.HOURS[signature.kind], flow.hour(came)))
    if signature.decided_at is not None:
        found.append((flow.PUBLISHED, signature.decided_at.date().isoformat()))
    return ((FlowTally, signature.letter_id, *each) for each in found)


def _level(website: str, position: int) -> str:
    """How an invented organisation was checked, drawn apart from the cast so that nobody in it changes; most by the team."""
    chance = random.Random(f"{SEED} level {position}").random()  # noqa: S311
    return "team" if not website or chance < 0.5 else "dns" if chance < 0.65 else "domain" if chance < 0.85 else "unverified"


def _everybody(chance: random.Random, how_many: int) -> Iterator[Words]:
    organisations = _organisations(chance)
    for number in range(how_many):
        words = next(organisations, None) if number % ONE_IN == ONE_IN // 2 else None
        words = words or _person(chance)
        # The later, the fewer days ago: the newest numbers are the newest signatures, as in a real list.
        share = 1 - (number + 1) / how_many
        yield words | {"days_ago": int(SPREAD * share**1.6), "hour": chance.randrange(6, 18)}


def _person(chance: random.Random) -> Words:
    people = chance.choice(cast.PEOPLE)
    given, family = _given(chance, people), chance.choice(people.families.split())
    words: Words = {
        "kind": "person",
        "name": people.form.format(given=given, family=family),
        "country": chance.choice(people.countries.split()),
        "language": people.language,
        "state": "published",
        "visibility": "public",
        "organisation": "",
        "role": "",
        "website": "",
        "comment": "",
        "deliver": False,
        "updates": False,
        "flags": [],
    }
    if chance.random() < 0.3:
        places, roles = cast.PLACES[people.language], cast.ROLES[people.language]
        words |= {"organisation": chance.choice(places), "role": chance.choice(roles)}
    if chance.random() < 0.12:
        words["comment"] = chance.choice(cast.COMMENTS[people.language])
    fate = chance.random()
    if fate < 0.02:
        words |= _suspicious(chance, words["name"])
    elif fate < 0.07:
        words |= {"visibility": "counted", "name": "", "organisation": "", "role": "", "comment": ""}
    elif fate < 0.12:
        words["visibility"] = "initials"
    return words


def _given(chance: random.Random, people: cast.People) -> str:
    """One given name or two, so that few of the invented share both their names."""
    names = chance.sample(people.given.split(), 2 if people.second and chance.random() < 0.4 else 1)
    return people.between.join(names)


def _suspicious(chance: random.Random, name: str) -> Words:
    """Why somebody waits for the team."""
    kind = chance.choice(("link", "look_alike", "mixed_scripts", "markup"))
    changed = {
        "link": f"{name} www.example.org",
        "markup": f"<b>{name}</b>",
        "mixed_scripts": "Аna Sаmple",
        "look_alike": "Аnа Sample",
    }[kind]
    flags = [{"code": kind, "field": "name"}]
    if kind == "look_alike":
        flags.insert(0, {"code": "mixed_scripts", "field": "name"})
    return {"name": changed, "state": "held", "flags": flags, "visibility": "public"}


def _organisations(chance: random.Random) -> Iterator[Words]:
    every = [
        (f"{first} {last}", countries, language)
        for countries, language, firsts, lasts in cast.ORGANISATIONS
        for first in firsts.split("|")
        for last in lasts.split("|")
    ]
    chance.shuffle(every)
    for number, (name, countries, language) in enumerate(every):
        held = chance.random() < 0.15
        yield {
            "kind": "organisation",
            "name": "An Invented Representative",
            "organisation": name,
            "country": chance.choice(countries.split()),
            "language": language,
            "website": f"https://org{number}.example.org/" if chance.random() < 0.6 else "",
            "role": "",
            "visibility": "public",
            "comment": chance.choice(cast.COMMENTS[language]) if chance.random() < 0.15 else "",
            "deliver": False,
            "updates": False,
            "state": "held" if held else "published",
            "flags": [{"code": "organisation", "field": "organisation"}],
        }
