"""What cannot be done to a team or an account, and why."""

from __future__ import annotations

from petition.errors import N_, Conflict


class LastOwner(Conflict):
    """A team without an owner could never be managed again."""

    code = "last_owner"
    message = N_("This is the last owner. Make somebody else an owner first.")


class OwnAccount(Conflict):
    """Owners reset others; what is their own they change where they prove who they are."""

    code = "own_account"
    message = N_("This is your own account. Change it on your account page.")


class OnlySecondFactor(Conflict):
    """The platform asks for a second factor, and this is the only one left."""

    code = "only_second_factor"
    message = N_("This is your only second factor, and this platform asks for one. Add another first.")
