"""The audit trail: append-only, who did what to which thing, and why; chained by digests; never a signatory's name."""

from petition.audit.seals import Sealed, newest, seal, sealed, unsealed, verify
from petition.audit.trail import (
    COMMAND_LINE,
    KEPT,
    MAILBOX_HOLDER,
    PAGE,
    PLATFORM,
    SIGNATORY,
    Actor,
    AuditEntry,
    AuditSeal,
    Wanted,
    entry,
    note,
    of,
    record,
    record_many,
    trail,
)

__all__ = [
    "COMMAND_LINE", "KEPT", "MAILBOX_HOLDER", "PAGE", "PLATFORM", "SIGNATORY", "Actor", "AuditEntry", "AuditSeal", "Sealed", "Wanted",
    "entry", "newest", "note", "of", "record", "record_many", "seal", "sealed", "trail", "unsealed", "verify",
]  # fmt: skip
