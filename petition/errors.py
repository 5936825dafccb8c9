"""Every way the platform says no: one family of errors, each with a code, a human sentence and an HTTP status."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


def N_(message: str) -> str:  # noqa: N802 (the name that message extractors know)
    """Mark a sentence for the translators where it is written; the edge translates it where it is shown."""
    return message


class PetitionError(Exception):
    """The root of the family; `message` is an English sentence with %(name)s places filled from `params`."""

    code = "error"
    status = 400
    message = N_("Something went wrong.")

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The English sentence with its parameters filled in."""
        return self.message % self.params if self.params else self.message


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one field, in words that can be shown beside it."""

    field: str
    code: str
    message: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The English sentence with its parameters filled in."""
        return self.message % self.params if self.params else self.message


class Invalid(PetitionError):
    """What was sent cannot be taken as it is; `faults` says which field and why."""

    code = "invalid"
    status = 422
    message = N_("Please check what you entered.")

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__()

    def __str__(self) -> str:
        return "; ".join(f"{fault.field}: {fault.sentence}" for fault in self.faults)


class NotFound(PetitionError):
    """There is no such thing, or it is not for this visitor; both get the same answer."""

    code = "not_found"
    status = 404
    message = N_("There is nothing at this address.")


class LinkNotValid(NotFound):
    """A mailed link that leads nowhere: mistyped, expired, or never issued."""

    code = "link_not_valid"
    message = N_("This link is not valid, or no longer.")


class Conflict(PetitionError):
    """The thing has moved on since the visitor last looked."""

    code = "conflict"
    status = 409
    message = N_("This changed in the meantime. Please look again.")


class LetterNotOpen(Conflict):
    """Signing was asked for while the letter takes no signatures."""

    code = "letter_not_open"
    message = N_("This letter is not open for signature at the moment.")


class LetterChanged(Conflict):
    """The text, or the sentence agreed to, changed between reading and signing."""

    code = "letter_changed"
    message = N_("The letter changed while you were reading. Please read it again before you sign; what you typed is kept.")


class EntryStands(Conflict):
    """An organisation of that name has an entry already."""

    code = "entry_stands"
    message = N_("This organisation already has an entry on this letter.")


class AlreadyDecided(Conflict):
    """Another team member decided first; says who and when."""

    code = "already_decided"
    message = N_("%(who)s decided this on %(when)s: it is %(state)s now.")


class ChangedSince(Conflict):
    """The words on the moderator's page are not those of the signature any more."""

    code = "changed_since"
    message = N_("It was changed by its signatory since you opened it; look again.")


class WithdrawnSince(Conflict):
    """There is nothing left to decide about."""

    code = "withdrawn_since"
    message = N_("It was withdrawn by its signatory. Nothing is left to decide.")


class ImpossibleMove(Conflict):
    """The transition table has no such move."""

    code = "impossible_move"
    message = N_("A signature that is %(old)s cannot become %(new)s.")


class EditedSince(Conflict):
    """The letter was edited in the admin after this file was last loaded; `difference` is a unified diff."""

    code = "edited_since"
    message = N_("%(slug)s (%(language)s) was edited in the admin since this file was loaded. Use --force to overwrite it.")

    def __init__(self, difference: str, **params: Any) -> None:
        self.difference = difference
        super().__init__(**params)


class Forbidden(PetitionError):
    """The team member's role does not reach this far."""

    code = "forbidden"
    status = 403
    message = N_("Your role does not allow this.")


class CrossSite(PetitionError):
    """An unsafe request that another site made the browser send."""

    code = "cross_site"
    status = 403
    message = N_("This form was sent from another site. Please open the letter here and try again.")


class BadCursor(PetitionError):
    """A page position that no list of ours handed out."""

    code = "bad_cursor"
    message = N_("This page position is not valid. Please start from the first page.")


class BadRequest(PetitionError):
    """A request that no form of ours would send."""

    code = "bad_request"
    message = N_("This request could not be read.")


class WrongMediaType(PetitionError):
    """A body in a format that the form does not speak."""

    code = "unsupported_media_type"
    status = 415
    message = N_("Please send the form as a form.")


class LengthRequired(PetitionError):
    """A body that does not say how long it is; no browser sends a form so (RFC 9110, section 15.5.12)."""

    code = "length_required"
    status = 411
    message = N_("Please send the form with its length.")


class TooMany(PetitionError):
    """A limit is spent; `retry_after` is in seconds."""

    code = "too_many"
    status = 429
    message = N_("Too many attempts from your network. Please wait a moment and send again; what you typed is kept.")

    def __init__(self, retry_after: int, **params: Any) -> None:
        self.retry_after = retry_after
        super().__init__(**params)


class TooManyLinks(TooMany):
    """Links were guessed from this network; nothing was typed that could be kept."""

    code = "too_many_links"
    message = N_("Too many links that are not valid were opened from your network. Please wait a moment and open yours again.")


class Busy(PetitionError):
    """The database could not be reached or stayed locked; nothing was stored. `retry_after` is in seconds."""

    code = "busy"
    status = 503
    message = N_("We could not save this just now. Nothing was stored; please send it again in a moment.")
    retry_after = 10


class BadFile(PetitionError):
    """A file from the team that cannot be loaded; says where, and carries the `fault` for a form where one field is to blame."""

    code = "bad_file"
    status = 422
    message = N_("%(file)s, line %(line)s: %(reason)s")

    def __init__(self, fault: Fault | None = None, **params: Any) -> None:
        self.fault = fault
        super().__init__(**params)


class BadSetting(PetitionError):
    """A setting that would make the platform start wrongly."""

    code = "bad_setting"
    status = 500
    message = N_("%(name)s: %(reason)s")
