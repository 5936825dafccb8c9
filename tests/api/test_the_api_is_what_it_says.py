"""The public API: every address is described, every answer is as described, every no is JSON, and nothing tells the hidden."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from tests import factories
from tests.api.answers import check
from tests.factories import ANA, ARAM, ARMENIAN, UNION, letter, sign

LETTERS = "/api/v1/letters"
ONE = f"{LETTERS}/open-the-road"
ALL = (LETTERS, ONE, f"{ONE}/count", f"{ONE}/signatories", "/api/v1/openapi.json")


@pytest.fixture
def reader(sqlite_app) -> FlaskClient:
    """Somebody with a program, and a letter that a few have signed."""
    client = sqlite_app.test_client()
    letter(more="opens: 2026-01-01T00:00:00Z\n")
    factories.load(ARMENIAN)
    sign(client, **ANA, role="Baker", comment="Yes.")
    sign(client, **ARAM, visibility="initials")
    sign(client, **ANA | {"email": "hidden@example.org", "name": "Hidden Person", "visibility": "counted"})
    sign(client, **UNION)
    return client


def schema_of(document: dict[str, Any], path: str, status: int) -> dict[str, Any]:
    said = document["paths"][path]["get"]["responses"][str(status)]
    if "$ref" in said:
        said = document["components"]["responses"][said["$ref"].rpartition("/")[2]]
    return said["content"]["application/json"]["schema"]


def test_every_address_is_described_and_every_answer_is_as_described(reader):
    document = reader.get("/api/v1/openapi.json").json
    routes = {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in reader.application.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert routes == set(document["paths"])
    for path, methods in document["paths"].items():
        address, said = path.replace("{slug}", "open-the-road"), methods["get"]
        answer = reader.get(address)
        check(answer.json, schema_of(document, path, 200), document, path)
        for name in said["responses"]["200"]["headers"]:
            check(answer.headers[name], document["components"]["headers"][name]["schema"], document, name)
        missing = reader.get(path.replace("{slug}", "nowhere"))
        assert missing.status_code == (404 if "{slug}" in path else 200)
        for parameter in said["parameters"]:
            if parameter["in"] == "query":
                refused = reader.get(address, query_string={parameter["name"]: "no such value!"})
                assert refused.status_code == 400
                check(refused.json, schema_of(document, path, 400), document, path)
                assert parameter["name"] in refused.json["error"]["message"]
        if "{slug}" in path:
            check(missing.json, schema_of(document, path, 404), document, path)
        assert "Hidden" not in answer.text and "@" not in answer.text


def test_answers_are_cached_by_their_bytes_and_change_with_the_numbers_alone(reader):
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False) as clock:
        first = {address: reader.get(address) for address in ALL}
        clock.move_to("2026-03-01T10:00:01Z")
        for address, answer in first.items():
            assert "public" in answer.headers["Cache-Control"] and "stale-if-error" in answer.headers["Cache-Control"]
            assert "Set-Cookie" not in answer.headers
            assert reader.get(address).data == answer.data
            again = reader.get(address, headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
            head = reader.head(address)
            assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])
            assert head.headers["Content-Length"] == str(len(answer.data))
        assert first[f"{ONE}/count"].json == {
            "total": 3, "people": 3, "organisations": 0, "held": 1, "imported": 0, "as_of": "2026-03-01",
        }  # fmt: skip
        sign(reader, **ANA | {"email": "another@example.org"})
        assert reader.get(f"{ONE}/count").headers["ETag"] != first[f"{ONE}/count"].headers["ETag"]


def test_scripts_of_other_sites_may_read_the_count_and_nothing_else(reader):
    foreign = {"Origin": "https://elsewhere.example.org"}
    for address in ALL:
        allowed = "*" if address.endswith("/count") else None
        assert reader.get(address, headers=foreign).headers.get("Access-Control-Allow-Origin") == allowed
        asked = reader.options(address, headers=foreign | {"Access-Control-Request-Method": "GET"})
        assert asked.status_code == 200
        assert {each.strip() for each in asked.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}
        assert asked.headers.get("Access-Control-Allow-Origin") == allowed
    assert reader.get(f"{LETTERS}/nowhere/count", headers=foreign).headers["Access-Control-Allow-Origin"] == "*"


def test_letters_follow_each_other_page_by_page_whatever_is_published_meanwhile(reader):
    for index in range(4):
        letter(f"letter-{index}")
    letter("not-yet", status="draft")
    seen, after = [], ""
    while after is not None and len(seen) < 9:
        page = reader.get(f"{LETTERS}?limit=2&after={after}&unknown=ignored").json
        seen += [each["slug"] for each in page["letters"]]
        after = page["next"]
        letter(f"new-{len(seen)}")
    assert seen == ["letter-3", "letter-2", "letter-1", "letter-0", "open-the-road"]
    one = reader.get(ONE).json
    assert one["titles"] == {"en": "Open the road", "hy": "Բացե՛ք ճանապարհը"} and set(one["fingerprints"]) == {"en", "hy"}
    for after in ("not-yet", "nowhere"):
        answer = reader.get(f"{LETTERS}?after={after}")
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_cursor")


def test_whatever_cannot_be_answered_is_refused_in_json_and_in_words(reader):
    for limit in ("", "0", "-1", "1e3", "x", "²", "1 ", "9" * 40, "1&limit=2"):
        for address in (LETTERS, f"{ONE}/signatories"):
            answer = reader.get(f"{address}?limit={limit}")
            assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")
            assert "limit" in answer.json["error"]["message"]
            assert answer.headers["Cache-Control"] == "no-store"
    assert len(reader.get(f"{ONE}/signatories?limit=999999999").json["signatories"]) == 2
    for address in ALL:
        answer = reader.post(address, json={})
        assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["Allow"]
    for address in ("/api/v1", "/api/v1/", "/api/v1/letters/", "/api/v2/letters", f"{LETTERS}/a/b/c"):
        assert reader.get(address).json["error"]["code"] == "not_found"
    assert reader.get(f"{LETTERS}?after=%00").json["error"]["code"] == "bad_request"


def test_of_a_protected_letter_there_are_numbers_only(sqlite_app):
    client = sqlite_app.test_client()
    letter(more="risk: protected\n")
    sign(client, **ANA, visibility="public")
    assert client.get(f"{ONE}/count").json["people"] == 1
    assert client.get(f"{ONE}/signatories").json == {"signatories": [], "next": None}
    assert client.get(ONE).json["protected"] is True
    assert all("Ana" not in client.get(address).text for address in ALL)


def test_whatever_is_asked_is_answered_as_described(reader):
    document = reader.get("/api/v1/openapi.json").json
    text = st.one_of(st.text(max_size=40), st.sampled_from(["", "\x00", "1", "0", "person", "AM", "other", "open-the-road", "501"]))
    query = st.lists(st.tuples(st.sampled_from(["after", "limit", "kind", "country", "q"]), text), max_size=4)
    addresses = {path: path.replace("{slug}", "open-the-road") for path in document["paths"]}

    header = st.text(max_size=20, alphabet=st.characters(min_codepoint=32, max_codepoint=126))

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(path=st.sampled_from(sorted(addresses)), query=query, known=header)
    def ask(path: str, query: list[tuple[str, str]], known: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = reader.get(addresses[path], query_string=MultiDict(query), headers={"If-None-Match": known})
        assert answer.status_code in (200, 304, 400)
        if answer.status_code != 304:
            check(answer.json, schema_of(document, path, answer.status_code), document)

    ask()
