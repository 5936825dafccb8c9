"""Keeping in touch: updates of a letter, who wants them, and the mailings that carry them."""
