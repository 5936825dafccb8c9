"""Every request that docs/api.md shows is sent, and what comes back has the shape that the page shows."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests import factories
from tests.conftest import settings
from tests.factories import ANA, ARAM, ARMENIAN, UNION, letter, sign

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SITE = "https://letters.example.org"
EXAMPLE = re.compile(r"```sh\n(curl .*?)\n```(?:\n\n```(json|http)\n(.*?)\n```)?", re.DOTALL)


def shape(value: Any) -> Any:
    """What a value is made of, whatever it says."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def test_every_example_is_answered_as_the_page_shows(sqlite_app):
    client = sqlite_app.test_client()
    sqlite_app.config["PETITION"] = settings(Path(sqlite_app.config["PETITION"].instance), base_url=SITE)
    letter()
    factories.load(ARMENIAN)
    sign(client, **ANA | {"email": "c@example.org", "name": "Carla Sample"})
    sign(client, **ANA, organisation="Sample Bakery")
    sign(client, **ARAM, visibility="initials")
    sign(client, **ANA | {"email": "b@example.org", "visibility": "counted"})
    sign(client, **UNION)
    letter("another-letter")
    shown = EXAMPLE.findall(PAGE)
    assert len(shown) == PAGE.count("curl ") == 7
    for command, sort, expected in shown:
        _, *words = shlex.split(command)
        address = next(word for word in words if word.startswith(SITE)).removeprefix(SITE)
        tag = client.get(address).headers.get("ETag", "")
        fill = lambda text, tag=tag: text.replace('"{ETag}"', tag)  # noqa: E731
        headers = dict(fill(after).split(": ", 1) for word, after in pairwise(words) if word == "-H")
        answer = client.get(address, headers=headers)
        if sort == "json":
            said = json.loads(expected)
            assert shape(answer.json) == shape(said), command
            if "error" in said:
                assert answer.json == said
            if "total" in said:
                assert answer.json | {"as_of": ""} == said | {"as_of": ""}
        elif sort == "http":
            status, *lines = fill(expected).splitlines()
            assert f"HTTP/1.1 {answer.status}" == status
            assert {line.partition(": ")[0]: answer.headers.get(line.partition(": ")[0]) for line in lines} == dict(
                line.split(": ", 1) for line in lines
            )
        else:
            assert answer.status_code == 200
