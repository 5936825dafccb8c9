"""Every table of the platform in one place, so that migrations and checks see the whole schema."""

from petition import accounts, audit, challenge
from petition.deliveries import models as deliveries
from petition.imports import models as imports
from petition.letters import contacts, sharing
from petition.letters import models as letters
from petition.limits import models as limits
from petition.moderation import models as moderation
from petition.outbox import models as outbox
from petition.outbox import suppression
from petition.signatures import models as signatures
from petition.signatures import rules, wordlists
from petition.updates import models as updates
from petition.webhooks import models as webhooks

MODULES = (
    accounts, audit, challenge, contacts, deliveries, imports, letters, limits, moderation, outbox, suppression, signatures, rules, sharing,
    updates, webhooks, wordlists,
)  # fmt: skip
