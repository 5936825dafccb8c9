"""Teams and their members: who holds which role where, what a role may do, and how members log in."""

from petition.accounts.errors import LastOwner, OnlySecondFactor, OwnAccount
from petition.accounts.managing import (
    INVITED_FOR,
    Invitation,
    change_role,
    commanded,
    end_sessions_of,
    invite,
    remove_from_team,
    reset_member,
)
from petition.accounts.members import (
    DEFAULT_TEAM,
    MemberRow,
    add_member,
    find_member,
    members,
    moderators,
    remove_member,
    require,
    reset_second_factor,
    speak,
)
from petition.accounts.models import ROLES, Member, Membership, Passkey, Team, TeamSession
from petition.accounts.store import MemberStore
from petition.accounts.teams import describe_team, find_team, set_logo, team, teams

__all__ = [
    "DEFAULT_TEAM", "INVITED_FOR", "ROLES", "Invitation", "LastOwner", "Member", "MemberRow", "MemberStore", "Membership",
    "OnlySecondFactor", "OwnAccount", "Passkey", "Team", "TeamSession", "add_member", "change_role", "commanded", "describe_team",
    "end_sessions_of", "find_member", "find_team", "invite", "members", "moderators", "remove_from_team", "remove_member", "require",
    "reset_member", "reset_second_factor", "set_logo", "speak", "team", "teams",
]  # fmt: skip
