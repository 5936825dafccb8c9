"""Tells other programs of a team what happened to its letters: queued with its cause, signed, delivered with retries."""

from petition.webhooks.emitting import emit

__all__ = ["emit"]
