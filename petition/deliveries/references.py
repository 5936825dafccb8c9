"""The reference number of a delivery: short enough to read aloud, too long to guess, and it notices a slip of the pen."""

from __future__ import annotations

import re
import secrets
from datetime import date

# No I, L, O and U, which are read as something else (Crockford's base 32).
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM = 7  # characters, 35 bits; the eighth is computed from them
_READ_AS = str.maketrans("OIL", "011")


def new(day: date) -> str:
    """A fresh reference of a year: 2026-7F3K-9QX2."""
    signs = "".join(secrets.choice(_SIGNS) for _ in range(_RANDOM))
    signs += _check(day.year, signs)
    return f"{day.year}-{signs[:4]}-{signs[4:]}"


def read(typed: str) -> str | None:
    """The reference as we write it, from how somebody typed it; None for what is none, a mistyped one among them."""
    found = re.fullmatch(r"(\d{4})([0-9A-Z]{8})", re.sub(r"[^0-9A-Z]", "", typed.upper()[:40]))
    if found is None:
        return None
    year, signs = found[1], found[2].translate(_READ_AS)
    if "U" in signs or _check(int(year), signs[:-1]) != signs[-1]:
        return None
    return f"{year}-{signs[:4]}-{signs[4:]}"


def _check(year: int, signs: str) -> str:
    """One character that a single wrong one, or two neighbours changed over, does not survive (weights are odd, so units mod 32)."""
    weighed = sum((2 * place + 1) * _SIGNS.index(sign) for place, sign in enumerate(signs, start=1))
    return _SIGNS[(weighed + year) % len(_SIGNS)]
