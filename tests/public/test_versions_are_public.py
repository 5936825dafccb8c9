"""Each version of a letter's text is public, with what changed since the one before and how many signed it."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from petition.audit import COMMAND_LINE
from petition.letters import changes, document
from petition.letters import operations as letters
from petition.signatures import directory
from tests import factories

PAGE = "/letters/open-the-road/versions"


def change(old: str, new: str, correction: bool) -> None:
    """Edit the original's words, as an editor does after somebody signed."""
    standing = document.write(letters.as_document(letters.find("open-the-road"), "en"))
    assert old in standing
    given = document.read(standing.replace(old, new), "open-the-road")
    letters.edit(given, signed=directory.anybody, actor=COMMAND_LINE, now=factories.now(), correction=correction)


def words(page: str) -> list[tuple[str, str]]:
    return re.findall(r"<(ins|del)>([^<]*)</", page)


def test_a_letter_begins_with_one_version_and_nothing_changed(client: FlaskClient) -> None:
    factories.letter()
    page = client.get(PAGE)
    assert page.status_code == 200
    assert page.text.count("<section") == 1
    assert words(page.text) == []
    assert page.headers["Cache-Control"].startswith("public")
    assert f'href="{PAGE}"' in client.get("/letters/open-the-road").text
    assert f'href="{PAGE}"' in client.get("/letters/open-the-road/integrity").text


def test_a_correction_and_a_new_version_show_what_changed_and_who_signed_how_many(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    change("Open the road.", "Open the roads.", correction=True)
    change("Keep it open.", "Keep it open for everybody.", correction=False)
    factories.sign(client, **factories.ARAM)
    page = client.get(PAGE).text
    assert re.findall(r'<h2 id="version-\d">version ([\d.]+),', page) == ["2", "1.1", "1"]
    assert words(page) == [("del", "open."), ("ins", "open for everybody."), ("del", "road."), ("ins", "roads.")]
    assert page.count("&lt;&nbsp;10") == 2, "one signed each; so few are not counted out"
    assert page.count("a correction") == 1
    for version in letters.find("open-the-road").versions:
        for each in version.texts:
            assert each.fingerprint in page


def test_markup_in_a_letter_stays_text(client: FlaskClient) -> None:
    factories.letter()
    factories.sign(client, **factories.ANA)
    change("Keep it open.", "Keep 1 < 2 & open.", correction=True)
    assert "1 &lt; 2 &amp; " in client.get(PAGE).text


def test_every_language_has_the_page_and_a_draft_has_none(client: FlaskClient) -> None:
    factories.letter()
    for prefix in ("/hy", "/ru", "/fr", "/ar"):
        assert client.get(prefix + PAGE).status_code == 200
    assert client.get("/letters/nowhere/versions").status_code == 404


def test_changes_lose_and_invent_no_word() -> None:
    before = "One two three.\n\nFour five.\n\nGone altogether.\n" + "long " * 2_500
    after = "One 2 three.\n\nFour five.\n\nlonger " + "long " * 2_500 + "\n\nNew."
    found = changes.between(before, after)
    out = "".join(run for paragraph in found for kind, run in paragraph.runs if kind in ("same", "out"))
    come = "".join(run for paragraph in found for kind, run in paragraph.runs if kind in ("same", "in"))
    assert "Four five." not in out + come
    assert "".join(out.split()) == "".join(before.replace("Four five.", "").split())
    assert "".join(come.split()) == "".join(after.replace("Four five.", "").split())
    assert changes.between(before, before) == ()
