"""Letters: their texts, translations and versions, and when they may be signed."""
