"""Each member sees the team's pages in a language of their own choice, right to left where that is how it is read."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests import factories
from tests.admin import people


def test_the_choice_is_one_s_own_and_lasts(sqlite_client: FlaskClient) -> None:
    factories.letter()
    mine, other = people.browser(people.member("editor")), people.browser(people.member("owner"))
    assert '<html lang="en" dir="ltr">' in mine.get("/admin/letters").text
    answer = people.post(mine, "/admin/account/language", "/admin/account", language="ar")
    assert answer.status_code == 303
    for path in ("/admin/letters", "/admin/letters/open-the-road", "/admin/account", "/admin/change"):
        assert '<html lang="ar" dir="rtl">' in mine.get(path).text, path
    assert '<html lang="en" dir="ltr">' in other.get("/admin/letters").text
    assert '<html lang="en" dir="ltr">' in mine.get("/letters/open-the-road").text, "what readers see stays the same for all"
    assert [each.actor_name for each in people.recorded("member.language")] == ["editor@team.example.org"]


def test_a_language_that_the_site_does_not_speak_is_refused(sqlite_client: FlaskClient) -> None:
    factories.letter()
    mine = people.browser(people.member("editor"))
    assert people.post(mine, "/admin/account/language", "/admin/account", language="xx").status_code == 422
    assert '<html lang="en" dir="ltr">' in mine.get("/admin/letters").text
