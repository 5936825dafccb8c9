"""An update of a letter in its languages, a follower, and a mailing with each mailbox that it goes to."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from petition.db import Model, UtcDateTime
from petition.letters.models import Letter

UPDATE_STATES = ("draft", "published", "taken_down")
MAILING_KINDS = ("update", "last_call")
# An `off` mailing is a last call that the team does not want; the row keeps it from being made.
MAILING_STATES = ("gathering", "sending", "done", "stopped", "off")
UNFINISHED = ("gathering", "sending")
GATHERED = "gathered"  # a mailing's source when there is nobody left to gather

BigId = BigInteger().with_variant(Integer, "sqlite")


class Update(Model):
    """News of a letter from its team; its number is given when it is published and is part of its address."""

    __tablename__ = "letter_update"
    __table_args__ = (UniqueConstraint("letter_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    number: Mapped[int | None] = mapped_column()
    state: Mapped[str] = mapped_column(String(10), default="draft")
    revision: Mapped[int] = mapped_column(default=0)  # so that two editors do not overwrite each other
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_down_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    letter: Mapped[Letter] = relationship()
    texts: Mapped[list[UpdateText]] = relationship(
        back_populates="update", order_by="UpdateText.id", cascade="all, delete-orphan"
    )

    def text(self, language: str) -> UpdateText | None:
        """The update in exactly this language, if it is written in it."""
        return next((each for each in self.texts if each.language == language), None)

    def words(self, language: str) -> UpdateText:
        """The update in this language, or in the letter's own where there is none; raises LookupError without any."""
        found = self.text(language) or self.text(self.letter.original_language)
        return found or self.texts[0]


class UpdateText(Model):
    """An update's words in one language; Markdown by the rules of letters."""

    __tablename__ = "update_text"
    __table_args__ = (UniqueConstraint("update_id", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(ForeignKey("letter_update.id"))
    language: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    corrected_on: Mapped[date | None] = mapped_column()  # readers are told

    update: Mapped[Update] = relationship(back_populates="texts")


class Follower(Model):
    """A mailbox that wants news of a letter without signing it, or was asked whether it does; deleted when it says stop."""

    __tablename__ = "follower"
    __table_args__ = (
        UniqueConstraint("letter_id", "address_fingerprint"),
        Index("ix_follower_letter", "letter_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    email: Mapped[str] = mapped_column(String(254))
    address_fingerprint: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64), unique=True)  # drawn by lot: the link in the mails that ask is made from it and a key
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)  # while nobody confirmed

    letter: Mapped[Letter] = relationship()


class Mailing(Model):
    """One mail to everybody who wants news: an update, or the last call before a letter closes.

    First its mailboxes are gathered, then each is handed to the outbox, at the pace that the settings allow.
    """

    __tablename__ = "mailing"
    __table_args__ = (
        Index(
            "uq_mailing_last_call", "letter_id", unique=True,
            sqlite_where=text("kind = 'last_call'"), postgresql_where=text("kind = 'last_call'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    update_id: Mapped[int | None] = mapped_column(ForeignKey("letter_update.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="gathering", index=True)
    # Where gathering stands: among the signatures or the followers, and after which number; GATHERED when it is over.
    source: Mapped[str] = mapped_column(String(10), default="signature")
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    gathered: Mapped[int] = mapped_column(default=0)
    fed: Mapped[int] = mapped_column(default=0)  # handed to the outbox, or found not to want it any more
    # What became of the mails that the outbox has forgotten; what it still knows is counted there (reckoning.py).
    sent: Mapped[int] = mapped_column(default=0)
    returned: Mapped[int] = mapped_column(default=0)
    complained: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    letter: Mapped[Letter] = relationship()
    update: Mapped[Update | None] = relationship()

    @property
    def scope(self) -> str:
        """What the outbox knows its mails by."""
        return f"news:{self.letter_id}:{self.id}"


class MailingRecipient(Model):
    """One mailbox of a mailing, as its fingerprint; the key decides that it is mailed once, whoever wants it twice."""

    __tablename__ = "mailing_recipient"
    __table_args__ = (
        Index(
            "ix_mailing_recipient_waiting", "mailing_id", "domain", "fingerprint",
            sqlite_where=text("fed_at IS NULL"), postgresql_where=text("fed_at IS NULL"),
        ),
        Index("ix_mailing_recipient_pace", "fed_at", "domain"),
    )  # fmt: skip

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    domain: Mapped[str] = mapped_column(String(254))
    source: Mapped[str] = mapped_column(String(10))  # where the address stands, which is read when the mail is queued
    source_id: Mapped[int] = mapped_column(BigInteger)
    fed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
