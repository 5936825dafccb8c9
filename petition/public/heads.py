"""What search engines and messengers are told about a letter's page, in schema.org's words."""

from __future__ import annotations

from typing import Any

from petition.letters.models import Letter, Translation
from petition.signatures.directory import Counts


def described(letter: Letter, words: Translation, counts: Counts, url: str) -> dict[str, Any]:
    """A letter as structured data: nothing that its page does not show."""
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": words.title,
        "description": words.summary,
        "inLanguage": words.language,
        "url": url,
        "author": [{"@type": "Organization", "name": each} for each in words.senders],
        "interactionStatistic": {
            "@type": "InteractionCounter", "interactionType": "https://schema.org/EndorseAction", "userInteractionCount": counts.total,
        },
    }  # fmt: skip
    if letter.dated:
        found["datePublished"] = letter.dated.isoformat()
    return found
