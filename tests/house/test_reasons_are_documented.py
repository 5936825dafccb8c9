"""docs/moderation.md lists every reason to look at a signature, with the code's own weight and sentence, and no other."""

import re
from pathlib import Path

from petition import limits
from petition.signatures import arrival
from petition.signatures.screening import HOLDS_AT, REASONS, TIMING, WEIGHTS

PAGE = (Path(__file__).parents[2] / "docs" / "moderation.md").read_text(encoding="utf-8")


def test_every_reason_is_in_the_table_as_the_code_has_it():
    for code, sentence in REASONS.items():
        assert f"| `{code}` | {WEIGHTS[code]} | {sentence} |" in PAGE


def test_the_table_has_no_other_reason():
    assert set(re.findall(r"^\| `([a-z_]+)` \| \d+ \|", PAGE, re.MULTILINE)) == set(REASONS)


def test_the_page_has_the_numbers_of_the_code():
    assert f"from the {arrival.DOMAIN_BURST + 1}st signature" in PAGE
    assert f"from the {arrival.NETWORK_BURST + 1}st from one network" in PAGE
    assert f"at most {limits.DOMAIN_CAP.default.count} signatures an hour" in PAGE


def test_the_page_says_when_a_signature_waits_and_what_only_marks():
    assert f"add up to {HOLDS_AT} or more" in PAGE
    for code in TIMING:
        assert f"`{code}`" in PAGE.partition("only mark")[2].partition("\n\n")[0]
