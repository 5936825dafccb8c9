"""Loads whatever registers itself with a room below, so that every process (web, worker, command line) hears the same."""

from petition.imports import leaving
from petition.upkeep import heralds
from petition.webhooks import emitting

MODULES = (leaving, heralds, emitting)
