"""Every public page in an invented language: whatever stands outside the catalogue's marks is data, or it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient

from petition import i18n
from petition.addresses import fingerprint
from petition.audit import COMMAND_LINE
from petition.config import data_folder
from petition.letters import operations as letters
from petition.letters import publishing
from petition.outbox import suppression
from petition.signatures.models import Signature
from petition.updates.followers import token
from tests import factories, newsroom, pseudo
from tests.factories import ANA, ARAM, UNION, last_token, now

HERE = f"/{pseudo.LANGUAGE}"
ROAD = f"{HERE}/letters/open-the-road"
# What the cast wrote, and what is the same in every language.
KNOWN = (
    "Open the road", "A sample letter for the tests.", "Sample Office", "letters@example.org", "The council answers", "Letters",
    "SHA-256", "TXT", "DNS", "2026-7F3K-9QX2", "WhatsApp", "Telegram", "Facebook",
)  # fmt: skip


@pytest.fixture
def invented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Must be there before the application."""
    with pseudo.spoken(tmp_path_factory.mktemp("pseudo")):
        yield


class Reader:
    """Opens pages in the invented language and notes what stands outside its marks."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.strange: dict[str, list[str]] = {}
        days = (i18n.format_day((now() + timedelta(days=by)).date(), pseudo.LANGUAGE) for by in (-1, 0, 1))
        self.known = (*KNOWN, *days, *(name for _, name in i18n.countries(pseudo.LANGUAGE)))

    def reads(self, address: str, expected: int = 200, **fields: str) -> str:
        answer = self.client.post(address, data=fields) if fields else self.client.get(address)
        if answer.status_code == 303 and expected == 200:
            return self.reads(answer.location)
        assert answer.status_code == expected, (address, answer.status_code, answer.text[:500])
        text, attributes = pseudo.seen(answer.text)
        for said in (text, *attributes):
            if found := pseudo.outside(said, self.known):
                self.strange.setdefault(address, []).append(" ".join(found)[:200])
        return answer.text


def test_no_public_page_says_a_word_outside_the_catalogue(invented: None, sqlite_app: Flask) -> None:
    shown: set[str] = set()

    def note(sender: Flask, template: object, **extra: object) -> None:
        shown.add(str(getattr(template, "name", "")))

    with template_rendered.connected_to(note, sqlite_app):
        reader = Reader(sqlite_app.test_client())
        _reads_about_the_site(reader)
        _signs(reader)
        _follows_and_stops(reader)
        _meets_every_state(reader)
    assert reader.strange == {}
    pages = {f"public/{each.name}" for each in (data_folder("templates") / "public").glob("*.html")}
    of_the_letter = {"letter_text", "letter_news", "timeline", "letter_head", "letter_names", "card_head", "pass_on", "related"}
    parts = of_the_letter | {"thanks", "code_form", "embed_pieces"}
    # The feeds are XML, a delivery's files are made by the worker, the mailbox is a tool of the demonstration,
    # the mirror's line stands in no page of the site, and "asked" takes a second representative.
    apart = {"mirror_line", "updates.atom", "letters.atom", "delivery", "mailbox", "mail", "asked"}
    assert pages - shown == {f"public/{name}.html" for name in parts | apart}


def _reads_about_the_site(reader: Reader) -> None:
    reader.reads(f"{HERE}/")
    newsroom.update(factories.letter())
    for page in ("/", "/about", "/privacy", "/deliveries", "/code", "/nothing-here"):
        reader.reads(f"{HERE}{page}", 404 if page == "/nothing-here" else 200)
    reader.reads(f"{HERE}/deliveries?reference=2026-0000-0000", 404)
    reader.reads(f"{HERE}/code", 422, email="ana@example.org", code="ABCD-2345")
    of_the_letter = ("", "/sign", "/signatories", "/integrity", "/versions", "/updates", "/updates/1", "/embed", "/embed/code")
    for page in (*of_the_letter, "/share", "/check-your-inbox", "/find", "/follow"):
        reader.reads(f"{ROAD}{page}")


def _signs(reader: Reader) -> None:
    reader.reads(f"{ROAD}/sign", 422, name="")
    reader.reads(f"{ROAD}/sign", 422, kind="organisation", email="no", website="no", country="ZZ", consent="yes")
    for fields in (ANA | {"news": "yes"}, UNION, ARAM):
        reader.reads(f"{ROAD}/sign", **fields)
        here = f"{HERE}/signature/{last_token()}"
        reader.reads(here)
        reader.reads(here, **({"action": "not-me"} if fields is ARAM else {"action": "confirm"}))
    reader.reads(f"{HERE}/signature/nothing", 404)
    for page in ("", "/signatories", "/integrity", "/versions"):
        reader.reads(f"{ROAD}{page}")
    ana = Signature.query.filter_by(kind="person").one()
    reader.reads(f"{ROAD}/signatories/{ana.public_id}/report")
    reader.reads(f"{ROAD}/signatories/{ana.public_id}/report", 422, reason_class="")
    reader.reads(f"{ROAD}/signatories/{ana.public_id}/report", reason_class="impersonation", note="She is my aunt.")
    reader.reads(f"{ROAD}/find", email=ANA["email"])


def _follows_and_stops(reader: Reader) -> None:
    reader.reads(f"{ROAD}/follow", email="nour@example.org")
    road = letters.find("open-the-road")
    newsroom.follower(road, "lena@example.org")
    mailbox = fingerprint("lena@example.org", factories.config().fingerprint_bytes)
    here = f"{HERE}/subscription/{token(road.id, mailbox, factories.config())}"
    for fields in ({}, {"action": "stop"}):
        reader.reads(here, **fields)
    stop = f"{HERE}/mail/stop/{suppression.token('ab' * 32, factories.config())}"
    for action in ("", "stop", "allow"):
        reader.reads(stop, **({"action": action} if action else {}))


def _meets_every_state(reader: Reader) -> None:
    found = letters.find("open-the-road")
    for state in ("paused", "closed"):
        letters.set_status(found, state, actor=COMMAND_LINE, now=now())
        reader.reads(ROAD)
        reader.reads(f"{ROAD}/sign", 409, **ANA)
    factories.letter("kept-safe", more="risk: protected\n")
    reader.reads(f"{HERE}/letters/kept-safe")
    reader.reads(f"{HERE}/letters/kept-safe/signatories")
    factories.letter("to-write", more="action:\n  label: Letters\n  text: Words.\n")
    reader.reads(f"{HERE}/letters/to-write/act")
    factories.letter("not-yet", more="opens: 2099-01-01T00:00:00Z\n")
    reader.reads(f"{HERE}/letters/not-yet")
    draft = factories.letter("in-confidence", status="draft")
    publishing.gather(draft, actor=COMMAND_LINE, now=now())
    for page in ("", "/sign", "/check-your-inbox", "/find"):
        reader.reads(f"{HERE}/preview/{draft.preview_token}{page}")
