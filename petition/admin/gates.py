"""Who may open which admin page: every view names the least role it is for, and what needs a fresh log-in says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, g, redirect, request, session, url_for
from flask_security import current_user

from petition.accounts import ROLES, Member
from petition.admin import throttle
from petition.errors import N_, Forbidden, PetitionError

FRESH = 30 * 60  # seconds for which who has just proved who they are need not do so again
ROOM = 6_000_000  # bytes of a form that holds a letter
PROOF = "present_password"  # the field of the page that asks

View = TypeVar("View", bound=Callable[..., Any])


class NotFresh(PetitionError):
    """Who they are was proved too long ago for what is asked for; `wrong` when the password given now is not theirs."""

    code = "not_fresh"
    status = 403
    message = N_("Please confirm that it is still you.")

    def __init__(self, wrong: bool = False) -> None:
        self.wrong = wrong
        super().__init__()


def gate(role: str) -> Callable[[View], View]:
    """Let only members through who hold this role, or a greater one, in some team.

    Whether they hold it in the team of the thing asked for is decided by the operation, which knows the thing.
    """
    if role not in ROLES:
        raise ValueError(role)

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            found = member_or_none()
            if found is None:
                wanted = request.path if request.method == "GET" else None
                return redirect(url_for("security.login", next=wanted), 303)
            if not holds(found, role):
                raise Forbidden
            return view(*args, **kwargs)

        guarded.gate = role  # type: ignore[attr-defined]
        return cast(View, guarded)

    return guard


def fresh(view: View) -> View:
    """Let only those through who proved within FRESH seconds who they are; stands below the gate.

    Others are asked first: a page that was to be opened opens afterwards, and a form that was sent is carried out.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        require_fresh()
        return view(*args, **kwargs)

    guarded.fresh = True  # type: ignore[attr-defined]
    return cast(View, guarded)


def roomy(view: View) -> View:
    """Take forms as long as the longest letter; others are cut off at the size that any visitor may send."""
    view.roomy = True  # type: ignore[attr-defined]
    return view


def make_room() -> None:
    """Before a form is read: let a member's letter be as long as letters may be."""
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "roomy", False) and member_or_none() is not None:
        request.max_content_length = request.max_form_memory_size = ROOM
        request.max_form_parts = 10_000  # every item of every list, in parts


def typed_at_length() -> list[str]:
    """What was typed into a letter's form that comes too late, to be copied; nothing of what another site sent."""
    view, own = current_app.view_functions.get(request.endpoint or ""), request.headers.get("Sec-Fetch-Site") == "same-origin"
    hidden = ("csrf_token", "standing", "kept", "source", "seen", "do", "as", "name")
    if not own or not getattr(view, "roomy", False):
        return []
    return [value for name, value in request.form.items(multi=True) if name not in hidden and value.strip()]


def require_fresh() -> None:
    """Raise NotFresh unless the member has just proved who they are, or does so with this form."""
    if is_fresh():
        return
    if request.method != "POST" or not request.form.get(PROOF):
        raise NotFresh
    throttle.count_guess()
    password = current_app.extensions["security"].password_util.normalize(request.form[PROOF])
    if not (member().password and member().verify_and_update_password(password)):
        raise NotFresh(wrong=True)
    session["fs_paa"] = g.fs_paa = time.time()


def is_fresh() -> bool:
    """Whether who is logged in proved within FRESH seconds who they are."""
    return abs(time.time() - float(session.get("fs_paa", 0))) <= FRESH


def holds(found: Member, role: str) -> bool:
    """Whether the member holds the role, or a greater one, anywhere."""
    return found.sees_all or any(ROLES.index(each.role) >= ROLES.index(role) for each in found.memberships)


def member() -> Member:
    """The member who is logged in; only behind a gate."""
    found = member_or_none()
    if found is None:
        raise Forbidden
    return found


def member_or_none() -> Member | None:
    """The member who is logged in, if any, and whose log-in still stands."""
    return cast(Member, current_user._get_current_object()) if current_user.is_authenticated else None
