"""The allow and block lists as the team keeps them: one letter's, a team's, or the whole site's; each change on record."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session

from petition import accounts, addresses, audit
from petition.accounts import Member
from petition.config import Config
from petition.db import db, transaction
from petition.errors import N_, Fault, Forbidden, Invalid, NotFound
from petition.letters.models import Letter
from petition.moderation.view import Row, row
from petition.signatures import patterns
from petition.signatures.models import STATES, Signature
from petition.signatures.patterns import Pattern
from petition.signatures.rules import KINDS, VERDICTS, AccessRule

SAMPLE = 20
MOST = 1000  # entries of one list: each is compared with every visit
LONGEST_LABEL, LONGEST_REASON = 60, 1000
LONGEST_TERM = timedelta(days=3660)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True)
class Scope:
    """Where a list holds: on one letter, on a team's letters, or (neither) on the whole site."""

    letter: Letter | None = None
    team_id: int | None = None


@dataclass(frozen=True)
class Draft:
    """An entry as it was typed; `until` is the last day on which it holds, or empty."""

    verdict: str
    kind: str
    pattern: str
    label: str = ""
    reason: str = ""
    until: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the lists, as a member may see it."""

    id: int
    verdict: str
    kind: str
    shown: str
    reason: str
    author: str
    since: datetime
    until: datetime | None
    over: bool
    where: str  # 'letter', 'team' or 'site'
    team: str
    removable: bool


@dataclass(frozen=True)
class Preview:
    """Whom an entry would have hit among the signatures on file, and what cannot be told."""

    counts: dict[str, int]
    sample: list[Row]
    remark: str

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts.values())


REMARKS = {
    "domain": N_(
        "Only signatures whose mail domain is still on file can be compared, and sub-domains are not told apart; older ones cannot"
        " be matched any more."
    ),
    "network": N_("Only signatures whose network is still on file, as a hash, can be compared; older ones cannot be matched any more."),
    "cidr": N_("Of a network only a keyed hash is kept, so nobody can tell whom this entry would have hit."),
    "address": N_("An address is compared with held signatures only: who has signed with an address is for nobody to look up."),
}  # fmt: skip


def scope(member: Member, name: str) -> Scope:
    """The list called `site` or `team:NUMBER`; raises NotFound for another team's, Forbidden below the role it needs."""
    if name == "site":
        return _checked(member, Scope())
    number = name.removeprefix("team:")
    if not name.startswith("team:") or not number.isascii() or not number.isdecimal() or len(number) > 9:
        raise NotFound
    return _checked(member, Scope(team_id=accounts.find_team(int(number)).id))


def _checked(member: Member, where: Scope) -> Scope:
    team_id = where.letter.team_id if where.letter is not None else where.team_id
    if team_id is not None:
        accounts.require(member, "moderator", team_id)
    elif not member.sees_all:
        raise Forbidden
    return where


def entries(member: Member, letter: Letter | None, *, now: datetime) -> list[Entry]:
    """What holds for a letter, or for the member's teams and the site; the newest first, ended ones last."""
    if letter is not None:
        accounts.require(member, "moderator", letter.team_id)
        wanted = or_(AccessRule.letter_id == letter.id, AccessRule.team_id == letter.team_id, _of_site())
    else:
        wanted = or_(AccessRule.team_id.in_([each.id for each in moderated(member)]), _of_site())
    rules = db.session.scalars(select(AccessRule).where(wanted).order_by(AccessRule.id.desc()))
    names = {each.id: each.name for each in accounts.teams(member)}
    return sorted((_entry(member, each, names, now) for each in rules), key=lambda each: each.over)


def moderated(member: Member) -> list[accounts.Team]:
    """The teams whose lists the member keeps."""
    return [each for each in accounts.teams(member) if member.may("moderator", each.id)]


def _of_site() -> ColumnElement[bool]:
    return AccessRule.letter_id.is_(None) & AccessRule.team_id.is_(None)


def _entry(member: Member, rule: AccessRule, teams: dict[int, str], now: datetime) -> Entry:
    where = "letter" if rule.letter_id is not None else "team" if rule.team_id is not None else "site"
    return Entry(
        id=rule.id, verdict=rule.verdict, kind=rule.kind, shown=rule.shown, reason=rule.reason,
        # Who keeps the site's list is not for the members of every team to know.
        author=rule.author if where != "site" or member.sees_all else "",
        since=rule.created_at, until=rule.expires_at, over=rule.expires_at is not None and rule.expires_at <= now,
        where=where, team=teams.get(rule.team_id or 0, ""), removable=where != "site" or member.sees_all,
    )  # fmt: skip


def preview(member: Member, where: Scope, draft: Draft, *, config: Config, now: datetime) -> Preview:
    """Whom the entry would have hit, changing nothing; raises Invalid, NotFound or Forbidden as `add` does."""
    _checked(member, where)
    pattern = _read(draft, config, now)[0]
    hit = _hit(draft.kind, pattern) & _reach(where)
    by_state = select(Signature.state, func.count()).where(hit).group_by(Signature.state)
    counted = {state: number for state, number in db.session.execute(by_state)}
    newest = db.session.scalars(select(Signature).where(hit).order_by(Signature.id.desc()).limit(SAMPLE))
    remark = REMARKS["cidr" if "/" in pattern.text else draft.kind]
    return Preview({state: counted[state] for state in STATES if state in counted}, [row(member, each) for each in newest], remark)


def _hit(kind: str, pattern: Pattern) -> ColumnElement[bool]:
    if kind == "domain":
        whole = pattern.text.removeprefix("*.")
        return Signature.mail_domain.like(whole.replace("*", "%") if "*" in whole else addresses.delegated_domain(whole))
    if kind == "address":
        # Whether an address signed is nobody's business; of what waits for a decision the team knows it anyway.
        return (Signature.state == "held") & (Signature.address_fingerprint == pattern.text)
    return false() if "/" in pattern.text else Signature.network == pattern.text


def _reach(where: Scope) -> ColumnElement[bool]:
    if where.letter is not None:
        return Signature.letter_id == where.letter.id
    letters = select(Letter.id) if where.team_id is None else select(Letter.id).where(Letter.team_id == where.team_id)
    return Signature.letter_id.in_(letters)


def add(member: Member, where: Scope, draft: Draft, *, config: Config, now: datetime) -> AccessRule:
    """Put an entry on a list; raises Invalid with every fault by field, NotFound for another team's, Forbidden."""
    _checked(member, where)
    pattern, expires_at = _read(draft, config, now)
    rule = AccessRule(
        letter_id=where.letter.id if where.letter is not None else None, team_id=where.team_id, verdict=draft.verdict,
        kind=draft.kind, pattern=pattern.text, shown=pattern.shown, reason=_words(draft.reason), author=member.email,
        created_at=now, expires_at=expires_at,
    )  # fmt: skip
    with transaction() as session:
        _has_room(session, rule, now)
        session.add(rule)
        session.flush()
        _record(session, member, rule, "rule.added", now)
    return rule


def remove(member: Member, number: int, *, now: datetime) -> AccessRule:
    """Take an entry off its list; raises NotFound, also for another team's, and Forbidden."""
    with transaction() as session:
        found = session.get(AccessRule, number, with_for_update=True)
        if found is None:
            raise NotFound
        letter = session.get(Letter, found.letter_id) if found.letter_id is not None else None
        _checked(member, Scope(letter, found.team_id))
        _record(session, member, found, "rule.removed", now)
        session.delete(found)
    return found


def _record(session: Session, member: Member, rule: AccessRule, action: str, now: datetime) -> None:
    letter = session.get(Letter, rule.letter_id) if rule.letter_id is not None else None
    audit.record(
        session, at=now, actor=member.actor, action=action, thing=("rule", rule.id), reason=rule.reason,
        team_id=letter.team_id if letter is not None else rule.team_id, letter=letter.slug if letter is not None else "",
        why=f"{rule.verdict} {rule.kind} {rule.shown}",
    )  # fmt: skip


def _has_room(session: Session, rule: AccessRule, now: datetime) -> None:
    """Raise Invalid when the list holds this entry already, or as many as can be compared with every visit."""
    same_list = (AccessRule.letter_id.is_not_distinct_from(rule.letter_id), AccessRule.team_id.is_not_distinct_from(rule.team_id))
    same = (AccessRule.verdict == rule.verdict, AccessRule.kind == rule.kind, AccessRule.pattern == rule.pattern)
    in_force = or_(AccessRule.expires_at.is_(None), AccessRule.expires_at > now)
    if session.scalar(select(AccessRule.id).where(*same_list, *same, in_force).limit(1)) is not None:
        raise Invalid([Fault("pattern", "listed", N_("This list has that entry already. Remove it first to change it."))])
    if (session.scalar(select(func.count()).select_from(AccessRule).where(*same_list)) or 0) >= MOST:
        words = N_("A list has at most %(most)s entries. Remove some, or name many at once with a *.")
        raise Invalid([Fault("pattern", "full", words, {"most": MOST})])


def _read(draft: Draft, config: Config, now: datetime) -> tuple[Pattern, datetime | None]:
    """The pattern, and when the entry ends; raises Invalid with every fault."""
    faults = [*_choices(draft), *_said(draft)]
    pattern = ends = None
    try:
        ends = _end(draft.until, now)
    except Invalid as error:
        faults.extend(error.faults)
    if draft.kind in KINDS:
        try:
            pattern = patterns.read(draft.kind, draft.pattern, label=_words(draft.label), config=config, now=now)
        except Invalid as error:
            faults.extend(error.faults)
    if faults or pattern is None:
        raise Invalid(faults)
    return pattern, min((each for each in (ends, pattern.dies_at) if each is not None), default=None)


def _choices(draft: Draft) -> list[Fault]:
    wrong = N_("Please choose one of the options offered.")
    given = (("verdict", draft.verdict, VERDICTS), ("kind", draft.kind, KINDS))
    return [Fault(field, "unknown", wrong) for field, value, known in given if value not in known]


def _said(draft: Draft) -> list[Fault]:
    """What is wrong with the words, which stay on the list and in the trail: they hold no address."""
    faults = []
    if not draft.reason.strip():
        faults.append(Fault("reason", "missing", N_("Please give a reason: it is kept with the entry.")))
    for field, words, longest in (("reason", draft.reason, LONGEST_REASON), ("label", draft.label, LONGEST_LABEL)):
        if len(words) > longest:
            faults.append(Fault(field, "too_long", N_("Please use at most %(limit)s characters."), {"limit": longest}))
        elif any(unicodedata.category(each) == "Cc" and each not in "\r\n\t" for each in words):
            faults.append(Fault(field, "control", N_("Please leave out line breaks and control characters.")))
        elif _ADDRESS.search(words):
            faults.append(Fault(field, "address", N_("Please leave the address out: these words are kept and shown to the team.")))
    return faults


def _words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _end(until: str, now: datetime) -> datetime | None:
    """The first moment after the day `until`; raises Invalid."""
    if not until.strip():
        return None
    try:
        day = date.fromisoformat(until.strip())
    except ValueError:
        raise Invalid([Fault("until", "not_a_date", N_("Enter a date like 2027-01-31, or leave it empty."))]) from None
    if not now.date() <= day <= now.date() + LONGEST_TERM:
        raise Invalid([Fault("until", "out_of_bounds", N_("Choose a day from today on, at most ten years ahead."))])
    return datetime.combine(day + timedelta(days=1), time(), UTC)
