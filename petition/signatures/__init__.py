"""Signatures: from a signing request over its confirmation to a public entry, and back out of it."""
