"""Letter files: what they hold, and that everything else is refused with its line."""

import pytest

from petition.config import data_folder
from petition.errors import BadFile
from petition.letters import document, text
from tests.factories import ORIGINAL

GOOD = """---
slug: a-letter
language: en
title: A letter
{more}---
{body}
"""


def read(more: str = "", body: str = "Words.") -> document.LetterDocument:
    return document.read(GOOD.format(more=more, body=body), "a.md")


REFUSED = {
    "an unknown key": ("nonsense: 1\n", "Words.", 5),
    "a key twice": ("title: Again\n", "Words.", 5),
    "raw HTML": ("", "Fine.\n\n<script>x</script>", 8),
    "inline HTML": ("", "Fine.\n\nSome <b>bold</b>", 8),
    "a picture": ("", "![x](https://example.org/x.png)", 6),
    "a script link": ("", "Fine.\n[x](javascript:alert(1))", 7),
    "a data link": ("", "[x](data:text/html,x)", 6),
    "a relative link": ("", "[x](/admin)", 6),
    "an override": ("", "Fine \u202e", 6),
    "no text": ("", "  ", 6),
    "a bad date": ("date: tomorrow\n", "Words.", 5),
    "an impossible date": ("date: 2023-02-30\n", "Words.", 5),
    "a thirteenth month": ("date: 2026-13-45\n", "Words.", 5),
    "a key that is a list": ("? [a]\n: x\n", "Words.", 5),
    "a contact that is no address": ("contact: ask the office\n", "Words.", 5),
    "an addressee's mailbox that is none": ("addressees: [{name: x, email: the office}]\n", "Words.", 5),
    "a control character of the second kind": ("summary: \"a\\x85b\"\n", "Words.", 5),
    "a bad goal": ("goal: -3\n", "Words.", 5),
    "a bad slug": ("", "Words.", 2),
    "events without a date": ("events: [{text: x}]\n", "Words.", 5),
    "an unknown risk": ("risk: high\n", "Words.", 5),
    "no moment that is tagged as one": ("opens: !!timestamp soon\n", "Words.", 5),
    "broken YAML": ("summary: [\n", "Words.", 6),
}


@pytest.mark.parametrize(("more", "body", "line"), REFUSED.values(), ids=REFUSED)
def test_what_a_letter_may_not_hold_is_refused_with_file_and_line(more, body, line):
    source = GOOD.format(more=more, body=body)
    if line == 2:
        source = source.replace("a-letter", "A Letter!")
    with pytest.raises(BadFile) as refused:
        document.read(source, "a.md")
    assert refused.value.params["file"] == "a.md"
    assert refused.value.params["line"] == line, str(refused.value)
    assert "Node" not in str(refused.value)


def test_a_missing_title_is_refused():
    with pytest.raises(BadFile, match="title is missing"):
        document.read("---\nslug: a\nlanguage: en\n---\nWords.\n", "a.md")


def test_a_file_without_front_matter_is_refused():
    with pytest.raises(BadFile, match="front matter"):
        document.read("Just words.", "a.md")


def test_five_megabytes_are_refused():
    with pytest.raises(BadFile, match="at most"):
        read(body="x" * 5_000_000)


def test_reading_back_what_was_written_gives_the_same_letter():
    given = read(
        more="date: 2026-01-15\nsenders: [One, Two]\nevents: [{date: 2026-01-02, text: 'Closed: yes'}]\ngoal: 10\n", body="Words.\n\nMore."
    )
    assert document.read(document.write(given), "b.md") == given


def test_deep_nesting_is_cut_off():
    html = text.to_html(">" * 10_000 + " deep")
    assert html.count("<blockquote>") <= text.NESTING


def test_markdown_becomes_safe_html():
    html = text.to_html("# Big\n\n*Words* and [a link](https://example.org).\n\n- one\n")
    assert html.startswith("<h2>Big</h2>")
    assert '<a href="https://example.org" rel="noopener noreferrer">a link</a>' in html
    assert "<script" not in text.to_html("<script>x</script>")


@pytest.mark.parametrize("language", ["en", "hy", "ru", "fr"])
def test_the_sample_letter_reads_in_all_its_languages(language):
    path = data_folder("letters") / f"artsakh-ngos.{language}.md"
    found = document.read(path.read_text(encoding="utf-8"), path.name)
    assert (found.slug, found.language, len(found.demands), len(found.events)) == ("artsakh-ngos", language, 6, 3)
    assert found.is_original is (language == "en")


def test_a_list_is_refused_rather_than_cut_short():
    demands = ", ".join(["Open the road."] * 1_001)
    source = ORIGINAL.format(slug="long", body="Words.", more="").replace("[Open the road., Keep it open.]", f"[{demands}]")
    with pytest.raises(BadFile, match="at most 1,000 entries"):
        document.read(source, "a.md")
