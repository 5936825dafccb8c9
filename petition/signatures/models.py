"""A signing request (pending), a signature (confirmed), the links that lead to them, and the tallies that count them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from petition.db import Model, UtcDateTime
from petition.letters.models import Letter, LetterText
from petition.signatures.screening import codes_of, heaviest_first

KINDS = ("person", "organisation")
VISIBILITIES = ("counted", "initials", "public")  # from the most hidden to the most public
STATES = ("published", "held", "rejected", "withdrawn")
ORIGINS = ("online", "imported")
LEVELS = ("unverified", "domain", "dns", "team")  # what was checked of an organisation, the least first
REPORT_CLASSES = ("impersonation", "fake", "abuse", "other")  # what a reader may say of an entry
REASON_CLASSES = ("fake", "joke", "impersonation", "abuse", "duplicate", "on request", "mistake", "other")

BigId = BigInteger().with_variant(Integer, "sqlite")


class Statement:
    """The columns that hold what a signatory says; a request and a signature share them."""

    kind: Mapped[str] = mapped_column(String(15))
    name: Mapped[str] = mapped_column(String(120), default="")
    organisation: Mapped[str] = mapped_column(String(200), default="")
    latin_name: Mapped[str] = mapped_column(String(200), default="")  # an organisation's, for lists in which its script is foreign
    role: Mapped[str] = mapped_column(String(120), default="")
    website: Mapped[str] = mapped_column(String(300), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    visibility: Mapped[str] = mapped_column(String(10), default="public")
    deliver: Mapped[bool] = mapped_column(default=False)
    updates: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(20))
    consent_id: Mapped[int] = mapped_column(ForeignKey("consent_sentence.id"))
    text_id: Mapped[int] = mapped_column(ForeignKey("letter_text.id"))


STATEMENT = (
    "kind", "name", "organisation", "latin_name", "role", "website", "country", "comment", "visibility", "deliver", "updates", "language",
    "consent_id", "text_id",
)  # fmt: skip


class ConsentSentence(Model):
    """The words somebody agreed to; a changed sentence is a new version, the old one stays on record."""

    __tablename__ = "consent_sentence"
    __table_args__ = (UniqueConstraint("letter_id", "language", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    language: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column()
    sentence: Mapped[str] = mapped_column(Text)


class SigningRequest(Statement, Model):
    """A signature that waits for its mailbox; the only row where the address of an unconfirmed signatory stands in clear.

    With `signature_id` it is a change to a standing signature that makes it more public, and waits likewise.
    """

    __tablename__ = "signing_request"
    __table_args__ = (UniqueConstraint("letter_id", "digest"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    # Keyed hash of letter, folded address and all fields: the same submission again is the same row.
    digest: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    address_fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    signature_id: Mapped[int | None] = mapped_column(ForeignKey("signature.id"))
    # What was noticed at the door (codes of screening's reasons), and the keyed hash of the network it came from.
    signals: Mapped[list[str]] = mapped_column(JSON, default=list)
    network: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(30), default="")  # the tag of the address the form was opened at; only a tally afterwards
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    mailed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the one mail that reminds of confirming
    code_tries: Mapped[int] = mapped_column(default=0)  # wrong codes that were typed for its mailbox

    letter: Mapped[Letter] = relationship()
    text: Mapped[LetterText] = relationship()


class Signature(Statement, Model):
    """One signatory's signature under one letter.

    For an organisation `name` is its representative, never public. `email` is filled only while the entry is held, for
    an organisation's representative, and for those who want updates.
    """

    __tablename__ = "signature"
    __table_args__ = (
        # The constraints that decide every race: one live signature per mailbox, one live entry per organisation.
        Index(
            "uq_signature_person", "letter_id", "address_fingerprint", unique=True,
            sqlite_where=text("kind = 'person'"), postgresql_where=text("kind = 'person'"),
        ),
        UniqueConstraint("letter_id", "organisation_key", name="uq_signature_organisation"),
        Index("ix_signature_list", "letter_id", "state", "listed", "id"),
        Index("ix_signature_list_kind", "letter_id", "state", "listed", "kind", "id"),
        Index("ix_signature_address", "letter_id", "address_fingerprint"),
        Index(
            "ix_signature_pinned", "letter_id", "pinned",
            sqlite_where=text("pinned IS NOT NULL"), postgresql_where=text("pinned IS NOT NULL"),
        ),
        # Whoever can be written to, which few can, is found without reading all the others.
        Index(
            "ix_signature_reachable", "letter_id", "id",
            sqlite_where=text("email IS NOT NULL"), postgresql_where=text("email IS NOT NULL"),
        ),
        Index("uq_signature_import_digest", "letter_id", "import_digest", unique=True),
        Index("ix_signature_import_id", "import_id", "id"),
        # What readers are shown first, however many were imported after it.
        Index(
            "ix_signature_online", "letter_id", "state", "listed", "kind", "id",
            sqlite_where=text("origin = 'online'"), postgresql_where=text("origin = 'online'"),
        ),
        Index("ix_signature_skeleton", "letter_id", "skeleton"),
        Index("ix_signature_website_host", "letter_id", "website_host"),
        Index("ix_signature_hour", "letter_id", "hour"),
        Index("ix_signature_mail_domain", "letter_id", "mail_domain", "hour"),
        Index("ix_signature_network", "letter_id", "network", "hour"),
        # All that the queue filters and groups by, so that a flood is counted without reading its rows.
        Index(
            "ix_signature_waiting", "letter_id", "state", "flag_codes", "mail_domain", "network", "hour", "name_shape",
            sqlite_where=text("state = 'held'"), postgresql_where=text("state = 'held'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    major: Mapped[int] = mapped_column()  # the version of the text, without corrections
    state: Mapped[str] = mapped_column(String(10))
    state_before: Mapped[str] = mapped_column(String(10), default="")
    appeared: Mapped[bool] = mapped_column(default=False)  # whether it was ever published: what was hidden then stays hidden
    origin: Mapped[str] = mapped_column(String(10), default="online")
    # Of one collected elsewhere: the file it came with, and a keyed hash of its row, so that the same file adds nothing.
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"))
    import_digest: Mapped[str | None] = mapped_column(String(64))
    email: Mapped[str | None] = mapped_column(String(254))
    address_fingerprint: Mapped[str | None] = mapped_column(String(64))
    organisation_key: Mapped[str | None] = mapped_column(String(200))
    # Whether an entry of its own stands in the public list, what a search finds it by, and what its look-alikes share.
    listed: Mapped[bool] = mapped_column(default=False)
    search_text: Mapped[str | None] = mapped_column(String(400))
    skeleton: Mapped[str | None] = mapped_column(String(400))
    flags: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    website_host: Mapped[str | None] = mapped_column(String(254))
    # For moderation only: while the signature is held, and 72 hours of a published one. `network` is a keyed hash.
    mail_domain: Mapped[str | None] = mapped_column(String(254))
    network: Mapped[str | None] = mapped_column(String(64))
    hour: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name_shape: Mapped[str | None] = mapped_column(String(60))
    flag_codes: Mapped[str] = mapped_column(String(400), default="")  # '|link|markup|', the heaviest first, for grouping
    reports: Mapped[int] = mapped_column(default=0)  # how often readers reported the entry since the last decision
    # Of an organisation: how far it was checked, when, and (for the team's eyes) what the team looked at.
    level: Mapped[str] = mapped_column(String(10), default="unverified")
    level_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    evidence: Mapped[str] = mapped_column(String(1000), default="")
    pinned: Mapped[int | None] = mapped_column()  # the place among the initial signatories, in the team's order
    signed_on: Mapped[date] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str] = mapped_column(String(254), default="")
    reason: Mapped[str] = mapped_column(String(1000), default="")
    reason_class: Mapped[str] = mapped_column(String(15), default="")

    letter: Mapped[Letter] = relationship()
    text: Mapped[LetterText] = relationship()
    consent: Mapped[ConsentSentence] = relationship()

    @validates("flags")
    def _sorted(self, _name: str, flags: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Keep the flags heaviest first, and their codes in step with them, whoever writes them."""
        flags = heaviest_first(flags)
        self.flag_codes = codes_of(flags)
        return flags


class LinkToken(Model):
    """A mailed link, as the SHA-256 of its token; many may lead to one request or signature."""

    __tablename__ = "link_token"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(10))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("signing_request.id"), index=True)
    signature_id: Mapped[int | None] = mapped_column(ForeignKey("signature.id"), index=True)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    request: Mapped[SigningRequest | None] = relationship()
    signature: Mapped[Signature | None] = relationship()


class Tally(Model):
    """How many signatures of a sort there are; spread over shards, so that writers do not wait for one row."""

    __tablename__ = "tally"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    major: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(15), primary_key=True)
    origin: Mapped[str] = mapped_column(String(10), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), primary_key=True)
    visibility: Mapped[str] = mapped_column(String(10), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class CountryTally(Model):
    """How many verified, published entries of a kind come from a country; what was collected elsewhere is in none."""

    __tablename__ = "country_tally"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(15), primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class LanguageTally(Model):
    """How many verified, published entries of a kind were signed in a language of the interface."""

    __tablename__ = "language_tally"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(15), primary_key=True)
    language: Mapped[str] = mapped_column(String(20), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class FlowTally(Model):
    """How often something happened under a letter, by series and key (`flow.SERIES`); it stays when a signature moves on."""

    __tablename__ = "flow_tally"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    series: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(30), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class DayTally(Model):
    """How many signatures of a kind that were given on a day are in a state."""

    __tablename__ = "day_tally"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(15), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class Correction(Model):
    """How many signatures of a kind left or came back to the published ones on a day, and why; never whose."""

    __tablename__ = "correction"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(15), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), primary_key=True)  # the state they came to; 'published' is a return
    reason_class: Mapped[str] = mapped_column(String(15), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class Takeover(Model):
    """A second representative who asks to answer for an organisation's entry, and waits for the team."""

    __tablename__ = "takeover"
    __table_args__ = (UniqueConstraint("signature_id", "address_fingerprint"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    signature_id: Mapped[int] = mapped_column(ForeignKey("signature.id"))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    address_fingerprint: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(20))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    signature: Mapped[Signature] = relationship()


class Report(Model):
    """One reader's remark that a public entry is not what it says."""

    __tablename__ = "report"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    signature_id: Mapped[int] = mapped_column(ForeignKey("signature.id"), index=True)
    reason_class: Mapped[str] = mapped_column(String(15))
    words: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    signature: Mapped[Signature] = relationship()
