"""Loads whatever registers itself with a room below, so that every process (web, worker, command line) hears the same."""

from petition.imports import leaving
from petition.webhooks import emitting

MODULES = (leaving, emitting)
