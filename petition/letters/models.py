"""What a letter is: shared facts, one translation a language, and versions whose texts never change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition.accounts import Team
from petition.db import Model, UtcDateTime

STATUSES = ("draft", "open", "paused", "closed")
WHO_MAY_SIGN = ("people", "organisations", "both")
REVIEWS = ("auto", "all")
RISKS = ("normal", "protected")
PROOFS = ("auto", "on", "off")


class Letter(Model):
    """One open letter; the words are in its translations."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    original_language: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(10), default="draft")
    dated: Mapped[date | None] = mapped_column()
    goal: Mapped[int | None] = mapped_column()
    opens: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closes: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signatories: Mapped[str] = mapped_column(String(15), default="both")
    review: Mapped[str] = mapped_column(String(10), default="auto")
    risk: Mapped[str] = mapped_column(String(10), default="normal")
    controller: Mapped[str] = mapped_column(String(200), default="")
    contact: Mapped[str] = mapped_column(String(254), default="")
    keep_until: Mapped[date | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    preview_token: Mapped[str | None] = mapped_column(String(40), unique=True)  # of the secret link to a draft
    gathering: Mapped[bool] = mapped_column(default=False)  # a draft that whoever has the secret link may sign
    publishes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a draft is opened by itself
    archived: Mapped[bool] = mapped_column(default=False)  # closed, and out of the way in the lists
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the team closed it; `closes` is the announced time
    # What the team switches while a letter is attacked; not part of the letter file.
    holding: Mapped[bool] = mapped_column(default=False)  # everything new waits
    proof: Mapped[str] = mapped_column(String(10), default="auto")  # proof of work: auto, on or off
    protected_names: Mapped[list[str]] = mapped_column(JSON, default=list)

    team: Mapped[Team] = relationship()
    translations: Mapped[list[Translation]] = relationship(back_populates="letter", order_by="Translation.id")
    unfinished: Mapped[list[UnfinishedTranslation]] = relationship(back_populates="letter", order_by="UnfinishedTranslation.id")
    versions: Mapped[list[LetterVersion]] = relationship(
        back_populates="letter", order_by="LetterVersion.major, LetterVersion.minor"
    )

    @property
    def languages(self) -> list[str]:
        """The languages the letter can be read in, the original's first."""
        return sorted((each.language for each in self.translations), key=lambda code: code != self.original_language)

    @property
    def protected(self) -> bool:
        """Whether being known as a signatory is dangerous."""
        return self.risk == "protected"

    @property
    def confidential(self) -> bool:
        """Whether nobody may learn from the site who is among its signatories."""
        return self.protected or self.status == "draft"

    def is_archived(self, now: datetime) -> bool:
        """Whether it is out of the way in the lists; one that signs again is not, whatever was said before."""
        return self.archived and self.state(now) == "closed"

    def translation(self, language: str) -> Translation | None:
        """The letter's words in a language, if there are any."""
        return next((each for each in self.translations if each.language == language), None)

    def takes(self, kind: str) -> bool:
        """Whether a person or an organisation may sign."""
        return self.signatories == "both" or self.signatories == {"person": "people"}.get(kind, "organisations")

    def state(self, now: datetime) -> str:
        """draft, gathering, upcoming, open, paused or closed at this moment."""
        if self.status == "draft":
            return "gathering" if self.gathering else "draft"
        if self.status == "closed":
            return self.status
        if self.closes is not None and now >= self.closes:
            return "closed"
        if self.opens is not None and now < self.opens:
            return "upcoming"
        return self.status

    def is_signable(self, now: datetime) -> bool:
        """Whether it takes signatures at this moment: openly, or in confidence before its publication."""
        return self.state(now) in ("open", "gathering")

    @property
    def version(self) -> LetterVersion:
        """The version that is signed now."""
        return self.versions[-1]


class Translation(Model):
    """A letter's words in one language, as they can be edited; the original is one of them."""

    __tablename__ = "translation"
    __table_args__ = (UniqueConstraint("letter_id", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    language: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text)
    senders: Mapped[list[str]] = mapped_column(JSON, default=list)
    addressees: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    demands: Mapped[list[str]] = mapped_column(JSON, default=list)
    events: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    action: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # The digest of the letter file this was last loaded from; differs from the words' own digest after an edit.
    loaded_digest: Mapped[str] = mapped_column(String(64), default="")
    # The original's words when this translation was last saved; nothing noted means: as they stand.
    made_from: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    letter: Mapped[Letter] = relationship(back_populates="translations")


class UnfinishedTranslation(Model):
    """A translation that is being written: kept for the team, and read by nobody else until it is whole."""

    __tablename__ = "unfinished_translation"
    __table_args__ = (UniqueConstraint("letter_id", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    language: Mapped[str] = mapped_column(String(20))
    typed: Mapped[dict[str, Any]] = mapped_column(JSON)  # as in the form, item by item of the original it was made from
    made_from: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)

    letter: Mapped[Letter] = relationship(back_populates="unfinished")


class LetterVersion(Model):
    """One state of the original's text: a new major number asks for new signatures, a new minor one is a correction."""

    __tablename__ = "letter_version"
    __table_args__ = (UniqueConstraint("letter_id", "major", "minor"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    major: Mapped[int] = mapped_column(default=1)
    minor: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When those who signed an earlier version were asked to sign this one, and up to which signature that is done.
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_until: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))

    letter: Mapped[Letter] = relationship(back_populates="versions")
    texts: Mapped[list[LetterText]] = relationship(back_populates="version", order_by="LetterText.id")

    @property
    def label(self) -> str:
        """'1', or '1.1' after a correction."""
        return f"{self.major}.{self.minor}" if self.minor else str(self.major)

    def text(self, language: str) -> LetterText | None:
        """The newest text of this version in a language."""
        return next((each for each in reversed(self.texts) if each.language == language), None)


class LetterText(Model):
    """A text as it was shown to signatories, fixed by its fingerprint; once published or signed it is only followed by another."""

    __tablename__ = "letter_text"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("letter_version.id"), index=True)
    language: Mapped[str] = mapped_column(String(20))
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    canonical: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    version: Mapped[LetterVersion] = relationship(back_populates="texts")
