"""Who may open which admin page: every view names the least role it is for."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import redirect, request, session, url_for
from flask_security import current_user
from flask_security.utils import logout_user

from petition.accounts import ROLES, Member
from petition.errors import Forbidden

LONGEST_SESSION = 12 * 3600  # seconds after which a password is asked for again, however busy the session

View = TypeVar("View", bound=Callable[..., Any])


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
    """The member who is logged in, if any; a session older than LONGEST_SESSION is ended."""
    if not current_user.is_authenticated:
        return None
    if time.time() - float(session.get("fs_paa", 0)) > LONGEST_SESSION:
        logout_user()
        return None
    return cast(Member, current_user._get_current_object())
