"""The secret of a webhook, and the mark by which its receiver knows that a message is ours (Standard Webhooks)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

from petition.config import Config
from petition.webhooks.models import Webhook

PREFIX = "whsec_"


def secret(hook: Webhook, config: Config) -> str:
    """What its receiver is told once: made from our secret key, so that a stolen database cannot sign."""
    raw = hmac.new(config.secret_key.encode(), f"webhook {hook.public_id} {hook.salt}".encode(), hashlib.sha256).digest()
    return PREFIX + b64encode(raw).decode()


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message: HMAC-SHA256 over id, timestamp and body, with dots between them."""
    key = b64decode(secret.removeprefix(PREFIX))
    mark = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{b64encode(mark).decode()}"}
