"""The published letters: page by page with all that a list of them tells, and as search engines and feeds are told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import selectinload

from petition.db import db
from petition.errors import BadCursor
from petition.letters.models import Letter, LetterText, LetterVersion

PAGE = 100
LARGEST_PAGE = 500


@dataclass(frozen=True)
class Page:
    """One page of letters and the cursor of the next, None on the last."""

    letters: list[Letter]
    next: str | None


def page(*, after: str = "", limit: int = PAGE) -> Page:
    """Published letters, the newest first; raises BadCursor for an `after` that no such list handed out.

    The cursor is a letter's slug: what is published, paused or closed meanwhile neither repeats nor loses another one.
    `limit` is clamped to LARGEST_PAGE.
    """
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = _published()
    if after:
        last = db.session.scalar(_published().where(Letter.slug == after))
        if last is None:
            raise BadCursor
        rows = rows.where(or_(Letter.created_at < last.created_at, and_(Letter.created_at == last.created_at, Letter.id < last.id)))
    told = (
        selectinload(Letter.translations),
        # The fingerprints are told, the texts themselves stay where they are.
        selectinload(Letter.versions).selectinload(LetterVersion.texts).defer(LetterText.canonical),
    )
    found = list(db.session.scalars(rows.options(*told).limit(limit + 1)))
    return Page(found[:limit], found[limit - 1].slug if len(found) > limit else None)


def _published() -> Select[Letter]:
    return select(Letter).where(Letter.status != "draft").order_by(Letter.created_at.desc(), Letter.id.desc())


def findable() -> list[int]:
    """The numbers of the letters that whoever searches may be led to, the oldest first: published, and none that is protected."""
    rows = select(Letter.id).where(Letter.status != "draft", Letter.risk != "protected").order_by(Letter.id)
    return list(db.session.scalars(rows))


def with_changes(ids: Sequence[int]) -> list[tuple[Letter, datetime]]:
    """These letters, each with the moment of its newest text, in the order of their numbers."""
    if not ids:
        return []
    newest = select(LetterVersion.letter_id, func.max(LetterText.created_at)).join(LetterText).group_by(LetterVersion.letter_id)
    changed = {number: moment for number, moment in db.session.execute(newest.where(LetterVersion.letter_id.in_(ids)))}
    rows = select(Letter).where(Letter.id.in_(ids)).order_by(Letter.id).options(selectinload(Letter.translations))
    return [(each, changed.get(each.id, each.created_at)) for each in db.session.scalars(rows)]
