"""The signatories page: by kind, country and name, page by page, never more than the signatories chose to show."""

import pytest

from petition.signatures import directory
from tests.factories import ANA, UNION, count, letter, sign

LIST = "/letters/open-the-road/signatories"


def many(client, number: int, **more: str) -> None:
    for index in range(number):
        sign(client, **ANA | {"name": f"Signer {chr(65 + index)}", "email": f"s{index}{more.get('country', '')}@example.org"} | more)


def test_pages_follow_each_other_without_gap_or_repeat(client):
    letter()
    many(client, 5)
    seen, after = [], ""
    while after is not None:
        page = client.get(f"/api/v1/letters/open-the-road/signatories?limit=2&after={after}").json
        seen += [each["name"] for each in page["signatories"]]
        after = page["next"]
    assert seen == [f"Signer {letter_}" for letter_ in "EDCBA"]


def test_a_cursor_stays_good_when_its_signatory_withdraws(client):
    letter()
    tokens = [sign(client, **ANA | {"name": f"Signer {index}", "email": f"s{index}@example.org"}) for index in range(3)]
    after = client.get("/api/v1/letters/open-the-road/signatories?limit=1").json["next"]
    client.post(f"/signature/{tokens[2]}", data={"action": "withdraw"})
    page = client.get(f"/api/v1/letters/open-the-road/signatories?after={after}").json
    assert [each["name"] for each in page["signatories"]] == ["Signer 1", "Signer 0"]


@pytest.mark.parametrize("query", ["after=x", "after=" + "y" * 500, "kind=robot", "after=../x", "q=%00"])
def test_a_page_position_or_filter_that_nobody_handed_out_is_400(client, query):
    letter()
    assert client.get(f"{LIST}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("limit", "status"), [("1", 200), ("999999999", 200), ("0", 400), ("-1", 400), ("x", 400), ("9" * 40, 400), ("²", 400)]
)
def test_page_sizes_are_clamped_or_refused(client, limit, status):
    letter()
    assert client.get(f"/api/v1/letters/open-the-road/signatories?limit={limit}").status_code == status


def test_nobody_is_found_by_a_country_that_their_entry_does_not_show(client):
    letter()
    many(client, 10, country="AM")
    sign(client, **ANA | {"name": "Zara Quiet", "email": "zara@example.org", "country": "AM", "visibility": "initials"})
    page = client.get("/api/v1/letters/open-the-road/signatories?country=AM").json
    assert len(page["signatories"]) == 10
    assert "Z. Q." not in client.get(f"{LIST}?country=AM").text
    assert "Z. Q." in client.get(LIST).text


def test_wildcards_in_a_search_are_literal(client):
    letter()
    sign(client, **ANA)
    for query in ("%25", "_", "A%25e", "\\"):
        assert "No signatory on display matches" in client.get(f"{LIST}?q={query}").text


def test_a_search_finds_any_part_of_a_name_in_any_case(client):
    letter()
    sign(client, **ANA)
    assert "Ana Sample" in client.get(f"{LIST}?q=SAMP").text


def test_the_hidden_are_found_by_no_search_feed_or_list(client):
    letter()
    sign(client, **ANA, visibility="counted", deliver="1")
    sign(client, **ANA | {"name": "Berta Beispiel", "email": "b@example.org"}, visibility="initials")
    for address in (LIST, f"{LIST}?q=ana", f"{LIST}?q=berta", "/letters/open-the-road", "/api/v1/letters/open-the-road/signatories", "/"):
        text = client.get(address).text
        assert "Ana Sample" not in text
        assert "Berta" not in text
    page = directory.signatories(letter_found())
    assert len(page.entries) + directory.counts(letter_found()).hidden == count(client)["total"]


def letter_found():
    from petition.letters import operations

    return operations.find("open-the-road")


def test_countries_with_few_signatories_are_merged_and_cannot_be_filtered_by(client):
    letter()
    many(client, 10, country="AM")
    sign(client, **ANA | {"country": "LI"})
    assert directory.countries(letter_found()) == [("AM", 10), ("", 1)]
    page = client.get(f"{LIST}?country=LI").text
    assert "Ana Sample" not in page
    rows = client.get("/api/v1/letters/open-the-road/signatories?country=AM").json["signatories"]
    assert len(rows) == 10
    everybody = client.get("/api/v1/letters/open-the-road/signatories").json["signatories"]
    assert {each["country"] for each in everybody} == {"AM", ""}


def test_a_protected_letter_shows_numbers_only(client):
    letter(more="risk: protected\n")
    sign(client, **ANA, visibility="public")
    assert count(client)["people"] == 1
    assert client.get("/api/v1/letters/open-the-road/signatories").json["signatories"] == []
    for address in (LIST, "/letters/open-the-road"):
        answer = client.get(address)
        assert "Ana Sample" not in answer.text
        assert answer.headers["X-Robots-Tag"] == "noindex"


def test_who_does_not_say_how_to_appear_under_a_protected_letter_is_counted_only(client):
    letter(more="risk: protected\n")
    sign(client, **ANA)
    assert directory.counts(letter_found()).hidden == 1


def test_every_name_is_isolated_from_the_direction_around_it(client):
    letter()
    sign(client, **ANA | {"name": "محمد مثال"})
    assert "<bdi>محمد مثال</bdi>" in client.get(LIST).text


def test_a_website_on_display_passes_nothing_on(client):
    from sqlalchemy import select

    from petition.audit import Actor
    from petition.db import db, transaction
    from petition.signatures import transitions
    from petition.signatures.models import Signature
    from tests.factories import now

    letter()
    sign(client, **UNION)
    with transaction() as session:
        transitions.move(
            session, db.session.scalars(select(Signature)).one(), "published", actor=Actor("member", "m@example.org", 1), now=now()
        )
    assert '<a href="https://bakers.example.org" rel="nofollow noopener ugc"' in client.get(LIST).text
